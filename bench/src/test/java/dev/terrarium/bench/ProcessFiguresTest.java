// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessFiguresTest {
    @Test
    void processorTimeIsUserAndSystemTimeEvenIfTheNameLooksLikeFields() {
        String stat = "77 (a) S 1 2) S 1 77 77 0 -1 4194304 100 0 0 0 250 50 30 70 20 0 1 0 12345 1000 10";

        assertThat(ProcessFigures.processorSeconds(stat, false)).isEqualTo(3.0);
        assertThat(ProcessFigures.processorSeconds(stat, true)).isEqualTo(4.0);
    }

    @Test
    void thisProcessHasUsedTimeAndMemory() throws Exception {
        long process = ProcessHandle.current().pid();

        assertThat(ProcessFigures.processorSeconds(process, true)).isPositive();
        assertThat(ProcessFigures.residentBytes(process)).isGreaterThan(10 << 20);
    }

    @Test
    void guestRamIsTheFullestWritableMappingOfItsSize() {
        List<String> smaps = List.of(
                "7f0000000000-7f0040000000 ---p 00000000 00:00 0 ",
                "Rss:              900000 kB",
                "7f1000000000-7f1020000000 rw-p 00000000 00:00 0 ",
                "Rss:              300000 kB",
                "7f2000000000-7f2030000000 rw-s 00000000 00:05 99 /memfd:ram (deleted)",
                "Size:             786432 kB",
                "Rss:              200000 kB",
                "7f3000000000-7f3000100000 rw-p 00000000 00:00 0 ",
                "Rss:              800000 kB");

        assertThat(ProcessFigures.guestRamBytes(smaps, 768)).isEqualTo(200_000L * 1024);
        assertThat(ProcessFigures.guestRamBytes(smaps, 512)).isEqualTo(300_000L * 1024);
        assertThat(ProcessFigures.guestRamBytes(smaps, 4096)).isZero();
    }

    @Test
    void stolenTimeIsBusyAndWaitingForDisksIsNot() {
        ProcessFigures.HostTime time = ProcessFigures.HostTime.parse("cpu  100 100 100 500 100 0 0 100 7 7");

        assertThat(time.allSeconds()).isCloseTo(10.0, within(1e-9));
        assertThat(time.busySeconds()).isCloseTo(4.0, within(1e-9));
    }

    @Test
    void aBusyHostIsCalledSo() {
        assertThat(Circumstances.disturbance(50, 100, 49)).contains("1 %").contains("quiet");
        assertThat(Circumstances.disturbance(80, 100, 40)).contains("40 %").contains("BUSY");
    }

    @Test
    void theMemoryOfAJvmSurvivesTheSerialLine() {
        JvmMemory memory = JvmMemory.ofThisProcess();

        assertThat(memory.heap()).isPositive();
        assertThat(memory.metaspace()).isPositive();
        assertThat(memory.code()).isPositive();
        assertThat(JvmMemory.parse(memory.format())).isEqualTo(memory);
    }
}
