// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.config.MachineConfig.PortForward;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.NetworkBackend;
import dev.terrarium.engine.net.UserNetwork;
import dev.terrarium.engine.net.UserNetworkSettings;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

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
     * @param figures what it has carried
     * @param close unplugs it; not to be called with the board's lock held
     */
    record Cable(NetworkBackend backend, Supplier<MachineStatistics.Network> figures, Runnable close) {}

    /**
     * The machine at the near end.
     *
     * @param board runs what calls a card, with the board's lock held; not while the machine stands still, for then nothing may change it
     */
    record Surroundings(String machine, Clock clock, Executor board) {}

    /** The networks that there are. */
    static Networks usual() {
        return (network, machine) -> switch (network.kind()) {
            case NONE, UNPLUGGED -> Optional.empty();
            case NAT ->
                Optional.of(nat(machine, new UserNetworkSettings(network.hostAllowed(), forwards(network.forwards()))));
        };
    }

    /** A network of the machine's own behind this process. */
    static Cable nat(Surroundings machine, UserNetworkSettings settings) throws TerrariumException {
        UserNetwork network = new UserNetwork(machine.machine, settings, machine.clock, machine.board);
        return new Cable(network, network::figures, network::close);
    }

    private static List<UserNetworkSettings.Forward> forwards(List<PortForward> forwards) {
        return forwards.stream()
                .map(each -> new UserNetworkSettings.Forward(
                        UserNetworkSettings.Protocol.valueOf(each.protocol().name()),
                        InetAddress.ofLiteral(each.hostAddress()),
                        each.hostPort(),
                        each.guestPort()))
                .toList();
    }
}
