// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A port of the guest's and the host's socket behind it: the guest's datagrams go out of it, and those of hosts that the guest sent to
 * come back (an address- and port-dependent filter, RFC 4787, section 5). One thread.
 */
final class UdpRelay implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UdpRelay.class);
    private static final int MOST_PEERS = 64;
    private static final int TURN = 64;

    /** In place of the guest's address: the one that it has. */
    static final int ANY_GUEST = 0;

    /** An address as the guest sees it. */
    record Peer(int address, int port) {}

    private final Peer guest;
    private final DatagramChannel channel;

    /** Who may answer, oldest first, and as whom the guest knows them. */
    private final Map<SocketAddress, Peer> peers = new LinkedHashMap<>();

    private final boolean forwarded;
    private long used;

    /** For datagrams that the guest sends from {@code guest}. */
    UdpRelay(Peer guest, Selector selector, long now) throws IOException {
        this(guest, null, selector, now);
    }

    /** For a forwarded port: whoever sends to {@code bind} is heard. */
    UdpRelay(Peer guest, @Nullable SocketAddress bind, Selector selector, long now) throws IOException {
        this.guest = guest;
        this.forwarded = bind != null;
        this.used = now;
        channel = DatagramChannel.open();
        try {
            channel.configureBlocking(false);
            if (bind != null) {
                channel.bind(bind);
            }
            channel.register(selector, SelectionKey.OP_READ, this);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    Peer guest() {
        return guest;
    }

    long used() {
        return used;
    }

    boolean forwarded() {
        return forwarded;
    }

    /** The host's address behind one that the guest answers to, if this is a forwarded port's. */
    @Nullable
    SocketAddress sender(Peer peer) {
        for (Map.Entry<SocketAddress, Peer> each : peers.entrySet()) {
            if (each.getValue().equals(peer)) {
                return each.getKey();
            }
        }
        return null;
    }

    SocketAddress localAddress() throws IOException {
        return channel.getLocalAddress();
    }

    /** Sends a datagram of the guest's; one that the host does not take is lost, as datagrams are. */
    void send(byte[] bytes, int from, int length, InetSocketAddress target, Peer peer, long now) {
        used = now;
        if (!forwarded) {
            remember(target, peer);
        }
        try {
            channel.send(ByteBuffer.wrap(bytes, from, length), target);
        } catch (IOException | RuntimeException e) {
            LOG.debug("a datagram to {}: {}", target, e.getMessage());
        }
    }

    private void remember(SocketAddress address, Peer peer) {
        if (peers.remove(address) == null && peers.size() >= MOST_PEERS) {
            peers.remove(peers.keySet().iterator().next());
        }
        peers.put(address, peer);
    }

    /** Hands what came in to the guest. */
    void receive(GuestLink link, ByteBuffer buffer, long now) {
        try {
            for (int i = 0; i < TURN; i++) {
                buffer.clear();
                SocketAddress from = channel.receive(buffer);
                if (from == null) {
                    return;
                }
                Peer peer = peers.get(from);
                if (peer == null && forwarded && from instanceof InetSocketAddress sender) {
                    peer = asGuestSees(sender);
                    remember(from, peer);
                }
                if (peer != null) {
                    used = now;
                    link.findGuest();
                    link.sendDatagram(
                            peer.address(),
                            peer.port(),
                            guest.address() == ANY_GUEST ? link.guestIp() : guest.address(),
                            guest.port(),
                            buffer.array(),
                            0,
                            buffer.position());
                }
            }
        } catch (IOException e) {
            // An ICMP error for an earlier datagram.
            LOG.debug("{}: {}", guest, e.getMessage());
        }
    }

    /** Loopback and IPv6 addresses have no meaning to the guest: their datagrams come from the gateway. */
    private static Peer asGuestSees(InetSocketAddress sender) {
        boolean known =
                sender.getAddress() instanceof Inet4Address address && Destinations.leadsOut(Ipv4.address(address));
        int address = known ? Ipv4.address((Inet4Address) sender.getAddress()) : UserNetworkSettings.GATEWAY;
        return new Peer(address, sender.getPort());
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing a socket", e);
        }
    }
}
