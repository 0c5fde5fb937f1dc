// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/**
 * What a network card's cable leads to. Cards call it with the board's lock held and are called so; nobody waits inside a call.
 */
public interface NetworkBackend {
    /** Takes a frame of the guest's, or drops it, as networks do. Whatever is in it: guests send garbage. */
    void send(NetworkFrame frame);

    /** Names the card that takes frames for the guest; called once, before the machine runs. */
    void connect(Card card);

    /** The card, which took no frame before, has room again. */
    void ready();

    /** A card as its cable sees it. */
    interface Card {
        /**
         * A frame for the guest.
         *
         * @return false if the card has no buffer for it now: it calls {@link NetworkBackend#ready} when it has; a backend keeps some
         *     frames until then and drops the rest
         */
        boolean receive(NetworkFrame frame);

        /** Whether frames with checksums missing or segments not cut may come ({@link NetworkFrame}). */
        boolean takesUnfinishedFrames();
    }
}
