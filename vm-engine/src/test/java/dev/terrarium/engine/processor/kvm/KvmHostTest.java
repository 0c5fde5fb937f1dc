// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvmHostTest {
    @TempDir
    Path folder;

    @Test
    void theResultIsKeptUntilTheNextBoot() throws Exception {
        KvmHere.require();
        KvmReport first = KvmHost.report(folder);
        assertThat(KvmHost.report(folder)).isEqualTo(first);
        Path file;
        try (Stream<Path> files = Files.list(folder)) {
            file = files.toList().getFirst();
        }
        assertThat(file.getFileName().toString())
                .endsWith(Files.readString(Path.of("/proc/sys/kernel/random/boot_id"))
                        .strip());
        Files.writeString(file, Files.readString(file).replaceAll("userRate=.*", "userRate=77.0"));
        assertThat(KvmHost.report(folder).userRate()).isEqualTo(77.0);
        Files.writeString(file, "grade=EXCELLENT");
        assertThat(KvmHost.report(folder).userRate()).isNotEqualTo(77.0);
        Files.move(file, folder.resolve("kvm-of-another-boot"));
        assertThat(KvmHost.report(folder).grade()).isEqualTo(first.grade());
        assertThat(file).exists();
    }

    @Test
    void verdictsSayWhatToExpect() {
        KvmReport good = new KvmReport(KvmReport.Grade.GOOD, "", List.of(), 2800, 2900, 1.25, true);
        assertThat(good.verdict())
                .isEqualTo("good: ring 0 2800, ring 3 2900 million instructions a second, 1.3 us an exit");
        assertThat(good.automatic()).isTrue();
        KvmReport slow =
                new KvmReport(KvmReport.Grade.USABLE_WITH_HELP, "", List.of("ring 0", "INT3"), 1.19, 2900, 7.7, false);
        assertThat(slow.verdict())
                .startsWith("usable with help (ring 0, INT3 are left")
                .contains("ring 0 1.2, ring 3 2900");
        assertThat(slow.automatic()).isFalse();
        assertThat(slow.executesKernel()).isFalse();
        assertThat(KvmReport.unusable("no such thing: buy one").verdict())
                .isEqualTo("unusable: no such thing: buy one");
    }
}
