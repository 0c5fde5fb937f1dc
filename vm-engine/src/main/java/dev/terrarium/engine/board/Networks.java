// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.device.NetworkBackend;
import dev.terrarium.engine.device.NetworkFrame;
import java.util.Optional;

/** Where the cables of a machine's network cards lead: the one place that knows networks by their kind. */
@FunctionalInterface
interface Networks {
    /** What is at the other end; empty for a card without a cable. Not asked about {@link NetworkConfig.Kind#NONE}. */
    Optional<NetworkBackend> open(NetworkConfig network);

    /** The networks that there are. */
    static Networks usual() {
        return network -> switch (network.kind()) {
            case NONE, UNPLUGGED -> Optional.empty();
        };
    }

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
