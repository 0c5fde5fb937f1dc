// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.device.NetworkBackend;
import dev.terrarium.engine.device.NetworkFrame;
import java.util.Optional;

/** Where the cables of a machine's network cards lead: the one place that knows networks by their kind. */
@FunctionalInterface
interface Networks extends AutoCloseable {
    /**
     * What is at the other end; empty for a card without a cable. Not asked about {@link NetworkConfig.Kind#NONE}.
     *
     * @param index of the card
     * @throws TerrariumException if the network is not to be had; says what to do
     */
    Optional<NetworkBackend> open(int index, NetworkConfig network) throws TerrariumException;

    /** Ends the networks. Not with the board's lock held. */
    @Override
    default void close() {}

    /** The end of no cable. */
    NetworkBackend NOWHERE = new NetworkBackend() {
        @Override
        public void send(NetworkFrame frame) {}

        @Override
        public void connect(Card card) {}

        @Override
        public void ready() {}
    };
}
