// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.posix.PosixException;
import java.util.OptionalLong;

/**
 * Keeps a vCPU's time-stamp counter still while the board's clock is (KVM_VCPU_TSC_OFFSET), where KVM can do that, and says what it
 * was when the clock stopped. Whatever is not exact errs forwards: a guest never sees its counter go back. What is done to one
 * vCPU's counter is done to all of a machine, to the tick, for {@link MachineTime} decides for all of them.
 */
final class VcpuTime {
    /** What the vCPUs of a machine have in common. */
    static final class MachineTime {
        /** A pause shorter than this is not told from the time it takes to look. */
        private static final long SHORTEST_NANOS = 100_000;

        private final Clock clock;
        private long hertz;
        private long first;
        private boolean measured;
        private long nanos;
        private OptionalLong stoppedAt = OptionalLong.empty();

        MachineTime(Clock clock) {
            this.clock = clock;
        }

        /** Each vCPU says how many ticks a second it has; they have the same. */
        synchronized void setHertz(long ticks) {
            hertz = ticks;
        }

        /** Counts pauses from now on: the counters were set. */
        synchronized void restart() {
            measured = false;
            nanos = 0;
            pausedTicks();
        }

        /** Ticks that the board's clock stood still. Any thread. */
        synchronized long pausedTicks() {
            long behind = System.nanoTime() - clock.nanoTime();
            if (!measured) {
                measured = true;
                first = behind;
            }
            if (behind - first - nanos > SHORTEST_NANOS) {
                nanos = behind - first;
            }
            return (long) (nanos / 1e9 * hertz);
        }

        synchronized void running() {
            stoppedAt = OptionalLong.empty();
        }

        /** What the first vCPU said that the counter was when the clock stopped; what others say is no farther off than reading takes. */
        synchronized long stoppedAt(long said) {
            if (stoppedAt.isEmpty()) {
                stoppedAt = OptionalLong.of(said);
            }
            long common = stoppedAt.getAsLong();
            return Math.abs(said - common) < hertz / LARGEST_READING_TIME ? common : said;
        }

        /** A twentieth of a second: counters that are farther apart were set so by the guest. */
        private static final int LARGEST_READING_TIME = 20;
    }

    private final KvmVcpu vcpu;
    private final MachineTime machine;

    /** The offset without the pauses; empty if this KVM's counter is the host's and stays so. */
    private OptionalLong origin = OptionalLong.empty();

    private boolean originKnown;

    /** Ticks of pauses that the guest's counter does without, or, where it cannot, that the guest has seen it count. */
    private long applied;

    VcpuTime(KvmVcpu vcpu, MachineTime machine) {
        this.vcpu = vcpu;
        this.machine = machine;
    }

    /** The counter was set, while the board's clock stood still. */
    void counterSet() {
        machine.restart();
        learnOrigin();
    }

    private void learnOrigin() {
        originKnown = true;
        applied = machine.pausedTicks();
        OptionalLong now = vcpu.timeStampOffset();
        origin = now.isPresent() ? OptionalLong.of(now.getAsLong() + applied) : now;
    }

    /** Before the vCPU runs. */
    void go() throws PosixException {
        machine.running();
        if (!originKnown) {
            learnOrigin();
            return;
        }
        long paused = machine.pausedTicks();
        if (paused != applied) {
            applied = paused;
            if (origin.isPresent()) {
                vcpu.setTimeStampOffset(origin.getAsLong() - paused);
            }
        }
    }

    /** Ticks that the counter went on since the board's clock was stopped, which the guest has not seen. */
    long ahead() {
        return originKnown ? machine.pausedTicks() - applied : 0;
    }

    /**
     * What the counter was when the board's clock was stopped.
     *
     * @param read what it was when it was read
     * @param ahead what {@link #ahead} was before
     */
    long stoppedAt(long read, long ahead) {
        long offset = origin.orElse(0) - applied;
        long base = origin.isPresent() ? offset : 0;
        return machine.stoppedAt(read - ahead - base) + base;
    }
}
