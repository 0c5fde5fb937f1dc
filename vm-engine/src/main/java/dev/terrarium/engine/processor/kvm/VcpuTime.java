// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.posix.PosixException;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * Keeps a vCPU's time-stamp counter still while the board's clock is (KVM_VCPU_TSC_OFFSET), where KVM can do that, and says what it
 * was when the clock stopped. Whatever is not exact errs forwards: a guest never sees its counter go back. What is done to one
 * vCPU's counter is done to all of a machine, to the tick, for {@link MachineTime} decides for all of them.
 */
final class VcpuTime {
    /** A vCPU's time-stamp counter. */
    interface Counter {
        /** What the guest would read now; empty if this KVM does not tell. */
        OptionalLong timeStamp();

        /** What is added to the host's counter; empty if this KVM's counter is the host's and stays so. */
        OptionalLong timeStampOffset();

        void setTimeStampOffset(long ticks) throws PosixException;
    }

    /** What the vCPUs of a machine have in common. */
    static final class MachineTime {
        /** A pause shorter than this is not told from the time it takes to look. */
        private static final long SHORTEST_NANOS = 100_000;

        private final Clock clock;
        private final LongSupplier hostNanos;
        private long hertz;
        private long first;
        private boolean measured;
        private long nanos;
        private OptionalLong stoppedAt = OptionalLong.empty();
        private long firstOff;

        MachineTime(Clock clock) {
            this(clock, System::nanoTime);
        }

        MachineTime(Clock clock, LongSupplier hostNanos) {
            this.clock = clock;
            this.hostNanos = hostNanos;
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
            long behind = hostNanos.getAsLong() - clock.nanoTime();
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

        /**
         * What the first vCPU said that the counter was when the clock stopped; what others say is no farther off than reading takes.
         *
         * @param off how many ticks too much {@code said} may be
         */
        synchronized long stoppedAt(long said, long off) {
            if (stoppedAt.isEmpty()) {
                stoppedAt = OptionalLong.of(said);
                firstOff = off;
            }
            long common = stoppedAt.getAsLong();
            return Math.abs(said - common) <= hertz / LARGEST_READING_TIME + off + firstOff ? common : said;
        }

        /** A reading that may be no farther off than this, in ticks, is good enough. */
        synchronized long goodReading() {
            return hertz / 10_000;
        }

        /** A twentieth of a second: counters that are farther apart were set so by the guest. */
        private static final int LARGEST_READING_TIME = 20;
    }

    /** How often a counter is read while the host takes the processor away in the middle of it. */
    private static final int READINGS = 20;

    private final Counter counter;
    private final MachineTime machine;

    /** The offset without the pauses; empty if this KVM's counter is the host's and stays so. */
    private OptionalLong origin = OptionalLong.empty();

    private boolean originKnown;

    /** Ticks of pauses that the guest's counter does without, or, where it cannot, that the guest has seen it count. */
    private long applied;

    VcpuTime(Counter counter, MachineTime machine) {
        this.counter = counter;
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
        OptionalLong now = counter.timeStampOffset();
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
                counter.setTimeStampOffset(origin.getAsLong() - paused);
            }
        }
    }

    /** What the counter was when the board's clock was stopped. To be asked while it stands still. */
    long stoppedAt() {
        long offset = origin.orElse(0) - applied;
        long base = origin.isPresent() ? offset : 0;
        long best = 0;
        long off = Long.MAX_VALUE;
        for (int i = 0; i < READINGS && off > machine.goodReading(); i++) {
            // Ticks that it went on since the clock was stopped, which the guest has not seen; then it is read, perhaps
            // much later.
            long before = ahead();
            long read = counter.timeStamp().orElse(0);
            long took = ahead() - before;
            if (took < off) {
                off = took;
                best = read - before;
            }
        }
        return machine.stoppedAt(best - base, off) + base;
    }

    private long ahead() {
        return originKnown ? machine.pausedTicks() - applied : 0;
    }
}
