// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.input;

import dev.terrarium.engine.device.ByteQueue;
import dev.terrarium.engine.device.StateCheck;

/** What a keyboard and a mouse have in common: replies to commands, which go before events. */
abstract class Ps2Device {
    static final int ACKNOWLEDGE = 0xFA;
    static final int RESEND = 0xFE;
    static final int SELF_TEST_PASSED = 0xAA;

    private static final int REPLIES = 16;

    /** The bytes on their way to the host. */
    record Output(byte[] replies, byte[] events, int last) {}

    private final ByteQueue replies = new ByteQueue(REPLIES);
    private final ByteQueue events;
    private final int eventCapacity;
    private int last;
    private Runnable available = () -> {};

    Ps2Device(int eventCapacity) {
        this.eventCapacity = eventCapacity;
        events = new ByteQueue(eventCapacity);
    }

    /** Names what to call when there is something to take. */
    final void connect(Runnable onAvailable) {
        available = onAvailable;
    }

    /** A byte from the host. */
    abstract void receive(int value);

    /** Called when the last event has been taken. */
    void drained() {}

    final boolean hasOutput() {
        return !replies.isEmpty() || !events.isEmpty();
    }

    /** The next byte for the host. */
    final int take() {
        if (!replies.isEmpty()) {
            last = replies.remove();
            return last;
        }
        last = events.remove();
        if (events.isEmpty()) {
            drained();
        }
        return last;
    }

    final void reply(int... bytes) {
        for (int value : bytes) {
            replies.add(value);
        }
        available.run();
    }

    final void event(int... bytes) {
        for (int value : bytes) {
            events.add(value);
        }
        available.run();
    }

    /** How many bytes of events can still be queued. */
    final int room() {
        return events.free();
    }

    final boolean noEvents() {
        return events.isEmpty();
    }

    final int lastSent() {
        return last;
    }

    final void clearOutput() {
        replies.clear();
        events.clear();
    }

    final void resetOutput() {
        clearOutput();
        last = 0;
    }

    final Output saveOutput() {
        return new Output(replies.toByteArray(), events.toByteArray(), last);
    }

    final void checkOutput(Output output) {
        StateCheck.range("replies", output.replies.length, 0, REPLIES);
        StateCheck.range("events", output.events.length, 0, eventCapacity);
        StateCheck.bits("last", output.last, 0xFF);
    }

    final void restoreOutput(Output output) {
        replies.set(output.replies);
        events.set(output.events);
        last = output.last;
    }
}
