// SPDX-License-Identifier: GPL-3.0-or-later

/** The machine engine: no window toolkit, no process but its own. */
@org.jspecify.annotations.NullMarked
module dev.terrarium.engine {
    requires static transitive org.jspecify;
    requires java.management;
    requires jdk.management;
    requires jdk.unsupported;
    requires org.slf4j;
    requires com.github.luben.zstd_jni;
    requires com.fasterxml.jackson.databind;

    exports dev.terrarium.engine;
    exports dev.terrarium.engine.config;
    exports dev.terrarium.engine.disk;
    exports dev.terrarium.engine.clipboard to
            dev.terrarium.console;

    opens dev.terrarium.engine to
            com.fasterxml.jackson.databind;
    opens dev.terrarium.engine.snapshot to
            com.fasterxml.jackson.databind;
    opens dev.terrarium.engine.config to
            com.fasterxml.jackson.databind;
}
