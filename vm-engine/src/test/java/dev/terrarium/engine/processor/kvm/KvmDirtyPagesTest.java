// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.memory.DirtyPages;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.processor.Processor.Exit;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whoever writes to guest memory, the page is noted: a vCPU under KVM, its stand-in, a software processor, a device. */
class KvmDirtyPagesTest {
    /** Writes to 0x20000, with a locked addition to 0x31000, to 0x42FFF and the next page; then a triple fault. */
    private static final String WRITES =
            "BF00000200 C60701 BF00100300 F0830701 BF0030 0400 81EF01000000 66C7070101 0F0B";

    private static final long[] WRITTEN = {0x2_0000, 0x3_1000, 0x4_2000, 0x4_3000};

    @BeforeEach
    void needsKvm() {
        KvmHere.require();
    }

    private static List<Long> collect(SmallMachine machine) {
        List<Long> pages = new ArrayList<>();
        machine.map.dirtyPages().collect(pages::add);
        // The processor sets accessed and dirty bits of the tables that it walks; KVM may note a page as it maps it,
        // such as the code's.
        pages.removeIf(page -> page >= 0x4000 && page < 0x7000 || page == 0x9000);
        return pages;
    }

    private static void write(SmallMachine machine, Processor processor, boolean user) {
        processor.restore(machine.at(WRITES, user, 0, false));
        assertThat(processor.run()).isEqualTo(Exit.SHUTDOWN);
    }

    private static void notesWritesOf(SmallMachine machine, Processor processor, boolean user) {
        DirtyPages pages = machine.map.dirtyPages();
        write(machine, processor, user);
        pages.start();
        assertThat(collect(machine)).as("before anything is written").isEmpty();
        for (int round = 0; round < 3; round++) {
            write(machine, processor, user);
            assertThat(collect(machine)).as("round " + round).containsExactly(box(WRITTEN));
            assertThat(collect(machine)).as("since then").isEmpty();
        }
        pages.stop();
        write(machine, processor, user);
        assertThatThrownBy(() -> collect(machine)).isInstanceOf(IllegalStateException.class);
    }

    private static Long[] box(long... values) {
        return java.util.Arrays.stream(values).boxed().toArray(Long[]::new);
    }

    @Test
    void ofAVcpu() throws Exception {
        try (SmallMachine machine = new SmallMachine()) {
            notesWritesOf(machine, machine.kvm, true);
            notesWritesOf(machine, machine.kvm, false);
        }
    }

    @Test
    void ofASoftwareProcessor() throws Exception {
        try (SmallMachine machine = new SmallMachine()) {
            notesWritesOf(machine, machine.software, true);
        }
    }

    @Test
    void ofTheStandInWhileTheGateOfA20IsClosed() throws Exception {
        try (SmallMachine machine = new SmallMachine()) {
            machine.kvm.setA20(false);
            notesWritesOf(machine, machine.kvm, false);
            assertThat(machine.kvm.helped()).isPositive();
        }
    }

    @Test
    void ofADevice() throws Exception {
        try (SmallMachine machine = new SmallMachine()) {
            machine.map.dirtyPages().start();
            machine.map.write(0x5_5FF0, new byte[0x20], 0, 0x20);
            machine.map.write(0x7_0008, 4, 1);
            assertThat(collect(machine)).containsExactly(0x5_5000L, 0x5_6000L, 0x7_0000L);
        }
    }

    /** What a slot has noted is not lost when the memory map changes. */
    @Test
    void whileTheMapChanges() throws Exception {
        try (SmallMachine machine = new SmallMachine()) {
            machine.map.dirtyPages().start();
            write(machine, machine.kvm, true);
            machine.lock.lock();
            machine.map.mapDirect(0x18_0000, 4096, machine.address(), machine.address());
            machine.lock.unlock();
            assertThat(collect(machine)).contains(box(WRITTEN));
        }
    }
}
