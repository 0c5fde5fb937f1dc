// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.NetworkBackend;
import dev.terrarium.engine.net.UserNetwork;
import dev.terrarium.engine.net.UserNetworkSettings;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;

/** Where the cables of a machine's network cards lead: the one place that knows networks by their kind. */
@FunctionalInterface
interface Networks {
    /**
     * What is at the other end; empty for a card without a cable. Not asked about {@link NetworkConfig.Kind#NONE}.
     *
     * @throws TerrariumException if the host has no such network to give
     */
    Optional<Cable> open(NetworkConfig network, Surroundings machine) throws TerrariumException;

    /**
     * A cable, plugged in.
     *
     * @param close unplugs it; not to be called with the board's lock held
     */
    record Cable(NetworkBackend backend, Runnable close) {}

    /**
     * The machine at the near end.
     *
     * @param board runs what calls a card, with the board's lock held
     */
    record Surroundings(String machine, Clock clock, Executor board) {}

    /** The networks that there are. */
    static Networks usual() {
        return (network, machine) -> switch (network.kind()) {
            case NONE, UNPLUGGED -> Optional.empty();
            case NAT -> Optional.of(nat(machine, new UserNetworkSettings(false, List.of())));
        };
    }

    /** A network of the machine's own behind this process. */
    static Cable nat(Surroundings machine, UserNetworkSettings settings) throws TerrariumException {
        UserNetwork network = new UserNetwork(machine.machine, settings, machine.clock, machine.board);
        return new Cable(network, network::close);
    }
}
