// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.posix.PosixException;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Counters of 1 GHz on a host whose time the test makes. */
class VcpuTimeTest {
    private static final long MILLI = 1_000_000;

    private long host = 5_000 * MILLI;
    private long stoppedFor;
    private long stopped = -1;

    private final Clock clock = new Clock() {
        @Override
        public long nanoTime() {
            return (stopped >= 0 ? stopped : host) - stoppedFor;
        }

        @Override
        public long wallTimeMillis() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Timer timer(Runnable action) {
            throw new UnsupportedOperationException();
        }
    };

    private final VcpuTime.MachineTime machine = new VcpuTime.MachineTime(clock, () -> host);

    /** A counter that is read {@code delays} later than it was asked to be, in turn. */
    private final class HostCounter implements VcpuTime.Counter {
        private final boolean fixed;
        private final long[] delays;
        private int next;
        private long offset;

        HostCounter(boolean fixed, long... delays) {
            this.fixed = fixed;
            this.delays = delays;
        }

        @Override
        public OptionalLong timeStamp() {
            host += next < delays.length ? delays[next++] : 1000;
            return OptionalLong.of(host + offset);
        }

        @Override
        public OptionalLong timeStampOffset() {
            return fixed ? OptionalLong.empty() : OptionalLong.of(offset);
        }

        @Override
        public void setTimeStampOffset(long ticks) throws PosixException {
            offset = ticks;
        }
    }

    private VcpuTime vcpu(HostCounter counter) throws PosixException {
        machine.setHertz(1_000 * MILLI);
        VcpuTime time = new VcpuTime(counter, machine);
        time.go();
        return time;
    }

    private void stopClock() {
        stopped = host;
    }

    @Test
    void aVcpuWhoseThreadHadToWaitIsNoFurtherThanTheOthers() throws Exception {
        for (boolean fixed : new boolean[] {true, false}) {
            stopped = -1;
            VcpuTime first = vcpu(new HostCounter(fixed));
            VcpuTime second = vcpu(new HostCounter(fixed, 200 * MILLI, 300 * MILLI));
            host += 10 * MILLI;
            stopClock();
            long one = first.stoppedAt();
            assertThat(one).isBetween(stopped, stopped + 10_000);
            assertThat(second.stoppedAt()).isEqualTo(one);
            stoppedFor += host - stopped;
        }
    }

    @Test
    void whoAlwaysHasToWaitErrsForwardsAndTogether() throws Exception {
        long[] delays = new long[100];
        java.util.Arrays.fill(delays, 80 * MILLI);
        VcpuTime first = vcpu(new HostCounter(true, delays));
        VcpuTime second = vcpu(new HostCounter(true));
        stopClock();
        long one = first.stoppedAt();
        assertThat(one).isBetween(stopped, stopped + 80 * MILLI);
        assertThat(second.stoppedAt()).isEqualTo(one);
    }

    @Test
    void countersThatTheGuestSetApartStayApart() throws Exception {
        HostCounter ahead = new HostCounter(false);
        VcpuTime first = vcpu(new HostCounter(false));
        ahead.offset = 7_000 * MILLI;
        VcpuTime second = vcpu(ahead);
        stopClock();
        long one = first.stoppedAt();
        assertThat(second.stoppedAt() - one).isBetween(7_000 * MILLI - 100_000, 7_000 * MILLI + 100_000);
    }
}
