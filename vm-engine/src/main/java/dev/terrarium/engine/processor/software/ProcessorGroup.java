// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The vCPUs of one machine, as far as they must know of each other: how many there are, and a way for one to do something
 * while no other executes the guest ({@link Member#alone}). What needs that is rare: the first code of a page, atomic operations on
 * memory that the host has no atomic instruction for. See docs/decisions/0007-several-vcpus.md.
 *
 * <p>A vCPU <em>executes</em> between {@link Member#enter} and {@link Member#leave}, except where it waits in here. Nobody calls this with
 * the board's lock held: a vCPU that executes may be waiting for that.
 */
public final class ProcessorGroup {
    /** How often to look for what should come at once before going to sleep: some tens of microseconds. */
    private static final int PATIENCE = 1_000;

    private final int size;
    private final List<Member> members = new ArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition stopped = lock.newCondition();
    private final Condition released = lock.newCondition();

    /** How many execute; changed with the lock held. */
    private volatile int executing;

    /** One of them is, or wants to be, alone. */
    private volatile boolean taken;

    /**
     * @param size how many vCPUs there will be
     * @throws IllegalArgumentException if it is not positive
     */
    public ProcessorGroup(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("a machine with " + size + " vCPUs");
        }
        this.size = size;
    }

    /** How many vCPUs there are. */
    public int size() {
        return size;
    }

    /** Is there more than one? */
    boolean isShared() {
        return size > 1;
    }

    /**
     * Adds a vCPU.
     *
     * @param stop makes it call {@link Member#giveWay} or {@link Member#leave} soon, if it executes; called on any thread
     */
    public Member join(Runnable stop) {
        lock.lock();
        try {
            Member member = new Member(stop);
            members.add(member);
            return member;
        } finally {
            lock.unlock();
        }
    }

    /** One vCPU's side. All calls are made on its thread. */
    public final class Member {
        private final Runnable stop;

        private Member(Runnable stop) {
            this.stop = stop;
        }

        /** Begins to execute; waits while another is alone. */
        public void enter() {
            if (!isShared()) {
                return;
            }
            lock.lock();
            try {
                awaitRelease();
                start();
            } finally {
                lock.unlock();
            }
        }

        /** Ends executing. */
        public void leave() {
            if (!isShared()) {
                return;
            }
            lock.lock();
            try {
                stop();
            } finally {
                lock.unlock();
            }
        }

        /** Between two instructions: waits while another is alone. */
        void giveWay() {
            if (!taken) {
                return;
            }
            leave();
            for (int n = 0; n < PATIENCE && taken; n++) {
                Thread.onSpinWait();
            }
            enter();
        }

        @SuppressWarnings("NonAtomicVolatileUpdate") // with the lock held
        private void stop() {
            executing--;
            stopped.signalAll();
        }

        @SuppressWarnings("NonAtomicVolatileUpdate") // with the lock held
        private void start() {
            executing++;
        }

        private void awaitRelease() {
            while (taken) {
                released.awaitUninterruptibly();
            }
        }

        /**
         * Does {@code action} while no other vCPU executes. What the caller knows of translations may have changed
         * when the action begins, since others may have been alone before.
         */
        void alone(Runnable action) {
            if (!isShared()) {
                action.run();
                return;
            }
            takeOver();
            try {
                action.run();
            } finally {
                lock.lock();
                try {
                    taken = false;
                    start();
                    released.signalAll();
                } finally {
                    lock.unlock();
                }
            }
        }

        private void takeOver() {
            lock.lock();
            try {
                stop();
                awaitRelease();
                taken = true;
                for (Member member : members) {
                    if (member != this) {
                        member.stop.run();
                    }
                }
            } finally {
                lock.unlock();
            }
            for (int n = 0; n < PATIENCE && executing > 0; n++) {
                Thread.onSpinWait();
            }
            lock.lock();
            try {
                while (executing > 0) {
                    stopped.awaitUninterruptibly();
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
