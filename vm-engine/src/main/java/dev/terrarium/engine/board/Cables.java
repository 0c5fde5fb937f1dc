// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.device.NetworkBackend;
import dev.terrarium.engine.device.NetworkFrame;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The cables of one machine's network cards, in the order of its configuration. */
final class Cables implements AutoCloseable {
    /** The end of no cable. */
    private static final NetworkBackend NOWHERE = new NetworkBackend() {
        @Override
        public void send(NetworkFrame frame) {}

        @Override
        public void connect(Card card) {}

        @Override
        public void ready() {}
    };

    private final List<Optional<Networks.Cable>> all = new ArrayList<>();

    private Cables() {}

    /**
     * Plugs all of them in.
     *
     * @throws TerrariumException if one of the networks cannot be had; the others are unplugged again
     */
    static Cables open(MachineConfig config, Networks networks, Networks.Surroundings machine)
            throws TerrariumException {
        Cables cables = new Cables();
        try {
            for (NetworkConfig each : config.networks()) {
                cables.all.add(
                        each.kind() == NetworkConfig.Kind.NONE ? Optional.empty() : networks.open(each, machine));
            }
            return cables;
        } catch (TerrariumException e) {
            cables.close();
            throw e;
        }
    }

    boolean isPluggedIn(int card) {
        return all.get(card).isPresent();
    }

    NetworkBackend backend(int card) {
        return all.get(card).map(Networks.Cable::backend).orElse(NOWHERE);
    }

    /** What all of them have carried; the guest's address is the one on the first that gives one. */
    MachineStatistics.Network figures() {
        return all.stream()
                .flatMap(Optional::stream)
                .map(each -> each.figures().get())
                .reduce(
                        MachineStatistics.Network.NONE,
                        (a, b) -> new MachineStatistics.Network(
                                a.receivedBytes() + b.receivedBytes(),
                                a.sentBytes() + b.sentBytes(),
                                a.guestAddress() == null ? b.guestAddress() : a.guestAddress()));
    }

    @Override
    public void close() {
        all.forEach(cable -> cable.ifPresent(each -> each.close().run()));
        all.clear();
    }
}
