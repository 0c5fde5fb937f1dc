// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.device.NetworkBackend;
import dev.terrarium.engine.device.NetworkFrame;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A cable between two cards of one machine. It keeps some frames that a card has no room for. */
final class CrossedCable {
    private static final int MOST_WAITING = 256;

    /** Frames that were sent with segments yet to be cut. */
    final AtomicInteger largeFrames = new AtomicInteger();

    private final End first = new End();
    private final End second = new End();

    CrossedCable() {
        first.other = second;
        second.other = first;
    }

    NetworkBackend first() {
        return first;
    }

    NetworkBackend second() {
        return second;
    }

    private final class End implements NetworkBackend {
        private final Deque<NetworkFrame> waiting = new ArrayDeque<>();
        private @Nullable End other;
        private @Nullable Card card;

        @Override
        public void send(NetworkFrame frame) {
            if (frame.segmentation() != NetworkFrame.Segmentation.NONE) {
                largeFrames.incrementAndGet();
            }
            if (other != null) {
                other.deliver(frame);
            }
        }

        private void deliver(NetworkFrame frame) {
            if (card != null && (!waiting.isEmpty() || !card.receive(frame)) && waiting.size() < MOST_WAITING) {
                waiting.add(frame);
            }
        }

        @Override
        public void connect(Card newCard) {
            card = newCard;
        }

        @Override
        public void ready() {
            while (card != null && !waiting.isEmpty() && card.receive(waiting.peek())) {
                waiting.remove();
            }
        }
    }
}
