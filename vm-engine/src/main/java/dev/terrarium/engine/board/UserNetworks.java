// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.config.MachineConfig.PortForward;
import dev.terrarium.engine.device.NetworkBackend;
import dev.terrarium.engine.net.FrameWatch;
import dev.terrarium.engine.net.UserNetwork;
import dev.terrarium.engine.net.UserNetworkSettings;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

/** The networks of one machine, each behind a card of its own. */
final class UserNetworks implements Networks {
    private final String machine;
    private final BoardClock clock;
    private final Executor board;
    private final Map<Integer, UserNetwork> byCard = new ConcurrentSkipListMap<>();

    UserNetworks(String machine, BoardClock clock, ReentrantLock lock) {
        this.machine = machine;
        this.clock = clock;
        // A machine that stands still is not to be changed: frames wait until it goes on.
        this.board = action -> {
            lock.lock();
            try {
                if (clock.running()) {
                    action.run();
                }
            } finally {
                lock.unlock();
            }
        };
    }

    @Override
    public Optional<NetworkBackend> open(int index, NetworkConfig network) throws TerrariumException {
        return switch (network.kind()) {
            case NONE, UNPLUGGED -> Optional.empty();
            case NAT -> {
                UserNetwork opened = new UserNetwork(machine, settings(network), clock, board);
                byCard.put(index, opened);
                yield Optional.of(opened);
            }
        };
    }

    private static UserNetworkSettings settings(NetworkConfig network) {
        return new UserNetworkSettings(network.hostAllowed(), forwards(network.forwards()));
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

    /**
     * Changes the forwarded ports of a card's network.
     *
     * @throws TerrariumException if the card has no such network, or a port is taken
     */
    void setForwards(int index, List<PortForward> forwards) throws TerrariumException {
        UserNetwork network = byCard.get(index);
        if (network == null) {
            throw new TerrariumException("network card " + index + " has no NAT network: give it one first");
        }
        network.setForwards(forwards(forwards));
    }

    /** What passed since the start. */
    MachineStatistics.Network figures() {
        long received = 0;
        long sent = 0;
        for (UserNetwork network : byCard.values()) {
            FrameWatch.Figures figures = network.watch().figures();
            received += figures.receivedBytes();
            sent += figures.sentBytes();
        }
        Optional<UserNetwork> first = byCard.values().stream().findFirst();
        return new MachineStatistics.Network(
                received, sent, first.map(UserNetwork::guestAddress).orElse(null));
    }

    @Override
    public void close() {
        byCard.values().forEach(UserNetwork::close);
    }
}
