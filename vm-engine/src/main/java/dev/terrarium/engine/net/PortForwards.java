// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.net.UserNetworkSettings.Forward;
import dev.terrarium.engine.net.UserNetworkSettings.Protocol;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ports of the host that lead to the guest. One thread. */
final class PortForwards implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PortForwards.class);

    /** A TCP port that is listened on. */
    record Listener(Forward forward, ServerSocketChannel channel) {}

    private final Selector selector;
    private final TcpRelays tcp;
    private final UdpRelays udp;
    private final LongSupplier clock;
    private final Map<Forward, Listener> listeners = new HashMap<>();
    private final Map<Forward, UdpRelay> sockets = new HashMap<>();

    PortForwards(Selector selector, TcpRelays tcp, UdpRelays udp, LongSupplier clock) {
        this.selector = selector;
        this.tcp = tcp;
        this.udp = udp;
        this.clock = clock;
    }

    /** Opens what is new, closes what is not wanted any more. */
    void set(List<Forward> wanted) throws TerrariumException {
        Map<Forward, Listener> newListeners = new HashMap<>();
        Map<Forward, UdpRelay> newSockets = new HashMap<>();
        for (Forward forward : wanted) {
            if (listeners.containsKey(forward) || sockets.containsKey(forward)) {
                continue;
            }
            try {
                if (forward.protocol() == Protocol.TCP) {
                    newListeners.put(forward, listen(forward));
                } else {
                    UdpRelay.Peer guest = new UdpRelay.Peer(UdpRelay.ANY_GUEST, forward.guestPort());
                    newSockets.put(forward, udp.forward(guest, forward.host(), clock.getAsLong()));
                }
            } catch (IOException e) {
                newListeners.values().forEach(PortForwards::close);
                newSockets.values().forEach(UdpRelay::close);
                throw new TerrariumException(
                        "port " + forward.hostPort() + " of "
                                + forward.hostAddress().getHostAddress() + " cannot be forwarded (" + e.getMessage()
                                + "): choose another",
                        e);
            }
        }
        listeners.entrySet().removeIf(each -> {
            boolean gone = !wanted.contains(each.getKey());
            if (gone) {
                close(each.getValue());
            }
            return gone;
        });
        sockets.entrySet().removeIf(each -> {
            boolean gone = !wanted.contains(each.getKey());
            if (gone) {
                each.getValue().close();
            }
            return gone;
        });
        listeners.putAll(newListeners);
        sockets.putAll(newSockets);
    }

    private Listener listen(Forward forward) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open();
        try {
            channel.configureBlocking(false);
            channel.bind(forward.host());
            Listener listener = new Listener(forward, channel);
            channel.register(selector, SelectionKey.OP_ACCEPT, listener);
            return listener;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Somebody connects to a forwarded port. */
    void accept(Listener listener, long now) {
        try {
            SocketChannel accepted = listener.channel().accept();
            if (accepted == null) {
                return;
            }
            boolean taken = false;
            try {
                tcp.accept(
                        accepted,
                        asGuestSees(accepted.getRemoteAddress()),
                        listener.forward().guestPort(),
                        now);
                taken = true;
            } finally {
                if (!taken) {
                    accepted.close();
                }
            }
        } catch (IOException e) {
            LOG.warn("{}: {}", listener.forward(), e.getMessage());
        }
    }

    private static int asGuestSees(SocketAddress sender) {
        boolean known = sender instanceof InetSocketAddress inet
                && inet.getAddress() instanceof Inet4Address address
                && Destinations.leadsOut(Ipv4.address(address));
        return known
                ? Ipv4.address((Inet4Address) ((InetSocketAddress) sender).getAddress())
                : UserNetworkSettings.GATEWAY;
    }

    /** Sends a datagram that answers one which came in on a forwarded port; false if it is none. */
    boolean answer(UdpRelay.Peer guest, UdpRelay.Peer peer, byte[] bytes, int from, int length, long now) {
        for (UdpRelay socket : sockets.values()) {
            if (socket.guest().port() == guest.port() && socket.sender(peer) instanceof InetSocketAddress sender) {
                socket.send(bytes, from, length, sender, peer, now);
                return true;
            }
        }
        return false;
    }

    private static void close(Listener listener) {
        try {
            listener.channel().close();
        } catch (IOException e) {
            LOG.debug("{}: closing", listener.forward(), e);
        }
    }

    @Override
    public void close() {
        listeners.values().forEach(PortForwards::close);
        sockets.values().forEach(UdpRelay::close);
        listeners.clear();
        sockets.clear();
    }
}
