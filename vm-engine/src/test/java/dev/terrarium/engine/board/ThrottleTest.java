// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.config.Throttle;
import dev.terrarium.engine.config.Throttle.Limit;
import dev.terrarium.engine.device.ManualClock;
import dev.terrarium.engine.device.StorageBackend;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Limits of bytes and operations a second, on a clock that the test moves. */
class ThrottleTest {
    private static final long MILLISECOND = 1_000_000;

    private final ManualClock clock = new ManualClock();

    /** When requests reached the medium, in milliseconds. */
    private final List<String> started = new ArrayList<>();

    private final StorageBackend medium = new StorageBackend() {
        private void note(String what) {
            started.add(what + " " + clock.nanoTime() / MILLISECOND);
        }

        @Override
        public long size() {
            return 1L << 40;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public void read(long position, byte[] target, int offset, int length, Completion completion) {
            note("read");
        }

        @Override
        public void write(long position, byte[] source, int offset, int length, Completion completion) {
            note("write");
        }

        @Override
        public void writeZeroes(long position, long length, boolean release, Completion completion) {
            note("zeros");
        }

        @Override
        public void discard(long position, long length, Completion completion) {
            note("discard");
        }

        @Override
        public void flush(Completion completion) {
            note("flush");
        }
    };

    private static Throttle total(Limit bytes, Limit operations) {
        return new Throttle(bytes, Limit.NONE, Limit.NONE, operations, Limit.NONE, Limit.NONE);
    }

    private static Limit limit(long average) {
        return new Limit(average, 0, 1);
    }

    private ThrottledBackend throttled(Throttle throttle) {
        return new ThrottledBackend(medium, throttle, clock);
    }

    private static void read(StorageBackend disk, int bytes) {
        disk.read(0, new byte[0], 0, bytes, success -> {});
    }

    private static void write(StorageBackend disk, int bytes) {
        disk.write(0, new byte[0], 0, bytes, success -> {});
    }

    private void passMilliseconds(int count) {
        for (int i = 0; i < count; i++) {
            clock.advance(MILLISECOND);
        }
    }

    @Test
    void withoutLimitsNothingWaits() {
        ThrottledBackend disk = throttled(Throttle.NONE);
        for (int i = 0; i < 1000; i++) {
            read(disk, 1 << 20);
        }
        assertThat(started).hasSize(1000);
    }

    @Test
    void operationsASecondAreKeptInTheLongRun() {
        ThrottledBackend disk = throttled(total(Limit.NONE, limit(100)));
        for (int i = 0; i < 1000; i++) {
            write(disk, 512);
        }
        passMilliseconds(1000);
        // A tenth of a second's worth at once, one more that finds the bucket just full, then the average.
        assertThat(started.size()).isBetween(109, 112);
        passMilliseconds(2000);
        assertThat(started.size()).isBetween(309, 312);
    }

    @Test
    void bytesASecondAreKeptForReadsAndWritesTogether() {
        ThrottledBackend disk = throttled(total(limit(1 << 20), Limit.NONE));
        for (int i = 0; i < 1000; i++) {
            read(disk, 32 << 10);
            write(disk, 32 << 10);
        }
        passMilliseconds(10_000);
        // 10.1 MiB and a request or two, in pieces of 32 KiB.
        assertThat(started.size()).isBetween(322, 326);
        assertThat(started.stream().filter(each -> each.startsWith("read")).count())
                .isBetween(150L, 172L);
    }

    @Test
    void aBurstLastsAsLongAsItMay() {
        ThrottledBackend disk = throttled(total(Limit.NONE, new Limit(10, 100, 5)));
        for (int i = 0; i < 5000; i++) {
            read(disk, 512);
        }
        passMilliseconds(4000);
        assertThat(started.size()).as("100 a second").isBetween(405, 415);
        passMilliseconds(1400);
        int burst = started.size();
        assertThat(burst).as("5 seconds of them, and what leaked meanwhile").isBetween(500, 560);
        passMilliseconds(10_000);
        assertThat(started.size() - burst).as("then the average").isBetween(99, 112);
    }

    @Test
    void aLimitOfOneDirectionLeavesTheOtherAlone() {
        ThrottledBackend disk =
                throttled(new Throttle(Limit.NONE, limit(1024), Limit.NONE, Limit.NONE, Limit.NONE, Limit.NONE));
        for (int i = 0; i < 10; i++) {
            read(disk, 1024);
            write(disk, 1024);
        }
        assertThat(started.stream().filter(each -> each.startsWith("write")).count())
                .isEqualTo(10);
        assertThat(started.stream().filter(each -> each.startsWith("read")).count())
                .isEqualTo(1);
    }

    @Test
    void flushesDoNotWaitAndDiscardsCountAsOperations() {
        ThrottledBackend disk = throttled(total(Limit.NONE, limit(10)));
        disk.discard(0, 512, success -> {});
        disk.discard(0, 512, success -> {});
        disk.writeZeroes(0, 512, true, success -> {});
        disk.flush(success -> {});
        assertThat(started).containsExactly("discard 0", "discard 0", "flush 0");
        passMilliseconds(200);
        assertThat(started).last().asString().startsWith("zeros 1");
        assertThat(disk.hasWaiting()).isFalse();
    }

    @Test
    void whatWaitsCanBeReleasedAndLimitsChanged() {
        ThrottledBackend disk = throttled(total(Limit.NONE, limit(1)));
        for (int i = 0; i < 10; i++) {
            write(disk, 512);
        }
        assertThat(disk.hasWaiting()).isTrue();
        disk.release();
        assertThat(started).hasSize(10);
        write(disk, 512);
        assertThat(started).hasSize(10);
        disk.setThrottle(Throttle.NONE);
        write(disk, 512);
        assertThat(started).hasSize(12);
        assertThat(disk.hasWaiting()).isFalse();
    }
}
