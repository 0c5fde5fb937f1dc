// SPDX-License-Identifier: GPL-3.0-or-later

/** Whole-guest benchmarks: each prints ratios against QEMU run in the same call. */
@org.jspecify.annotations.NullMarked
module dev.terrarium.bench {
    requires static org.jspecify;
    requires ch.qos.logback.classic;
    requires dev.terrarium.engine;
    requires info.picocli;
    requires java.management;
    requires jdk.jfr;

    opens dev.terrarium.bench to
            info.picocli;
}
