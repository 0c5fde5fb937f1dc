// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.processor.Processor.Exit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Writes to a window that lets them be posted arrive in order, before anything else, and mostly without exits. */
class PostedWritesTest {
    private static final long WINDOW = 0x20_0000;

    /** RCX writes of CL to the window, and one to a port; then one of 8 bytes, a read of the window, and a triple fault. */
    private static final String DRAW =
            "48C7C700002000 880F 48FFC9 75F9 E680 48B80807060504030201 48894720 8A07 48894310 0F0B";

    private final List<String> events = new ArrayList<>();

    @BeforeEach
    void needsKvm() {
        KvmHere.require();
    }

    /** Keeps what is written. */
    private final class Canvas implements RegisterWindow {
        private final boolean posts;

        Canvas(boolean posts) {
            this.posts = posts;
        }

        @Override
        public long read(long offset, int size) {
            events.add("read");
            return 0x5A;
        }

        @Override
        public void write(long offset, int size, long value) {
            events.add(Long.toHexString(offset) + "=" + Long.toHexString(value));
        }

        @Override
        public boolean postsWrites() {
            return posts;
        }
    }

    private long exits(boolean posts, int count) throws Exception {
        events.clear();
        try (SmallMachine machine = new SmallMachine()) {
            machine.lock.lock();
            machine.map.mapWindow(WINDOW, 4096, new Canvas(posts));
            machine.lock.unlock();
            machine.onPortWrite = () -> events.add("port");
            machine.kvm.restore(machine.at(DRAW, false, count, false));
            assertThat(machine.kvm.run()).isEqualTo(Exit.SHUTDOWN);
            List<String> expected = new ArrayList<>(IntStream.range(0, count)
                    .mapToObj(i -> "0=" + Integer.toHexString(count - i & 0xFF))
                    .toList());
            expected.addAll(List.of("port", "20=102030405060708", "read"));
            assertThat(events).isEqualTo(expected);
            assertThat(machine.read(SmallMachine.DATA + 16) & 0xFF).isEqualTo(0x5A);
            return machine.kvm.exits();
        }
    }

    @Test
    void theyAreInOrderAndNoExits() throws Exception {
        int count = 1000;
        long each = exits(false, count);
        long posted = exits(true, count);
        System.out.printf("posted writes: %d exits of %d for %d writes%n", posted, each, count);
        assertThat(each).isEqualTo(count + 3);
        // The ring holds 170, and is emptied at each exit.
        assertThat(posted).isLessThan(count / 100 + 3);
    }

    @Test
    void aLookFromOutsideFindsThem() throws Exception {
        try (SmallMachine machine = new SmallMachine()) {
            machine.lock.lock();
            machine.map.mapWindow(WINDOW, 4096, new Canvas(true));
            machine.lock.unlock();
            machine.kvm.restore(machine.at("48C7C700002000 C60742 EBFE", false, 0, false));
            Thread vcpu = Thread.ofPlatform().start(machine.kvm::run);
            long deadline = System.nanoTime() + 5_000_000_000L;
            while (seen(machine).isEmpty() && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            assertThat(seen(machine)).containsExactly("0=42");
            machine.kvm.kick();
            vcpu.join();
        }
    }

    private List<String> seen(SmallMachine machine) {
        machine.deliverPostedWrites();
        machine.lock.lock();
        try {
            return List.copyOf(events);
        } finally {
            machine.lock.unlock();
        }
    }
}
