// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProcessorGroupTest {
    private static final int VCPUS = 4;
    private static final int ROUNDS = 2_000;

    /** Threads that execute, halt and take the group over in turn: whoever is alone finds that the counters do not move. */
    @Test
    void whoIsAloneIsAlone() throws InterruptedException {
        ProcessorGroup group = new ProcessorGroup(VCPUS);
        AtomicInteger executed = new AtomicInteger();
        AtomicInteger intruders = new AtomicInteger();
        AtomicInteger actions = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int n = 0; n < VCPUS; n++) {
            AtomicBoolean asked = new AtomicBoolean();
            ProcessorGroup.Member member = group.join(() -> asked.set(true));
            int number = n;
            threads.add(Thread.ofPlatform().start(() -> {
                member.enter();
                for (int round = 0; round < ROUNDS; round++) {
                    executed.incrementAndGet();
                    if (asked.getAndSet(false)) {
                        member.giveWay();
                    }
                    if ((round + number) % 7 == 0) {
                        member.alone(() -> {
                            int before = executed.get();
                            Thread.yield();
                            intruders.addAndGet(executed.get() - before);
                            actions.incrementAndGet();
                        });
                    }
                    if (round % 50 == 0) {
                        member.leave();
                        Thread.yield();
                        member.enter();
                    }
                }
                member.leave();
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(intruders).hasValue(0);
        assertThat(actions.get()).isBetween(VCPUS * (ROUNDS / 7), VCPUS * (ROUNDS / 7 + 1));
        assertThat(executed).hasValue(VCPUS * ROUNDS);
    }

    @Test
    void theOthersGoOnAfterAnActionThatFailed() {
        ProcessorGroup group = new ProcessorGroup(2);
        ProcessorGroup.Member first = group.join(() -> {});
        ProcessorGroup.Member second = group.join(() -> {});
        first.enter();
        try {
            first.alone(() -> {
                throw new IllegalStateException("a page fault of the guest");
            });
        } catch (IllegalStateException expected) {
            assertThat(expected).hasMessageContaining("page fault");
        }
        second.enter();
        second.giveWay();
        second.leave();
        first.leave();
    }

    @Test
    void aSingleOneIsAlwaysAlone() {
        ProcessorGroup.Member only = new ProcessorGroup(1).join(() -> {
            throw new AssertionError("nobody asks");
        });
        AtomicInteger actions = new AtomicInteger();
        only.alone(actions::incrementAndGet);
        only.enter();
        only.alone(() -> only.alone(actions::incrementAndGet));
        only.giveWay();
        only.leave();
        assertThat(actions).hasValue(2);
    }
}
