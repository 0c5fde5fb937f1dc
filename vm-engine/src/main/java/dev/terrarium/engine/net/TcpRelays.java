// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The guest's TCP connections. One thread. */
final class TcpRelays implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TcpRelays.class);
    private static final int MOST = 4096;
    private static final long MOST_BYTES = 128L << 20;
    private static final long TICK_NANOS = 50_000_000;
    private static final int FIRST_PORT = 49_152;
    private static final int PORTS = 65_536 - FIRST_PORT;
    private static final ByteRing EMPTY = new ByteRing(new ByteRing.Budget(0), 1);

    private final GuestLink link;
    private final Selector selector;
    private final ByteRing.Budget budget = new ByteRing.Budget(MOST_BYTES);
    private final Map<TcpRelay.Key, TcpRelay> relays = new HashMap<>();

    /** Those that have something to send, or are to be looked at. */
    private final Set<TcpRelay> ready = new LinkedHashSet<>();

    private final SecureRandom random = new SecureRandom();
    private long nextTick = Long.MIN_VALUE;
    private int nextPort;

    TcpRelays(GuestLink link, Selector selector) {
        this.link = link;
        this.selector = selector;
    }

    int count() {
        return relays.size();
    }

    ByteRing.Budget budget() {
        return budget;
    }

    private GuestLink link(TcpRelay.Key key) {
        return link.between(key.address(), key.port(), key.guest(), key.guestPort());
    }

    /**
     * A segment of the guest's.
     *
     * @param target where on the host's side a new connection is to go; null if nowhere
     */
    void segment(Ipv4 packet, TcpSegment segment, @Nullable InetSocketAddress target, long now) {
        TcpRelay.Key key = new TcpRelay.Key(
                packet.source(), segment.sourcePort(), packet.destination(), segment.destinationPort());
        TcpRelay relay = relays.get(key);
        boolean opens = segment.has(TcpSegment.SYN) && !segment.has(TcpSegment.ACK | TcpSegment.RST);
        if (relay != null && opens && relay.connection().state() == TcpConnection.State.TIME_WAIT) {
            // The guest uses the port again (RFC 9293, section 3.10.7.8).
            remove(relay);
            relay = null;
        }
        if (relay != null) {
            relay.connection().segment(segment, now);
            ready.add(relay);
        } else if (opens) {
            open(key, segment, target, now);
        } else if (!segment.has(TcpSegment.RST)) {
            refuse(key, segment);
        }
    }

    private void open(TcpRelay.Key key, TcpSegment syn, @Nullable InetSocketAddress target, long now) {
        if (target == null || relays.size() >= MOST) {
            refuse(key, syn);
            return;
        }
        TcpConnection connection = TcpConnection.fromGuest(syn, random.nextInt(), budget, now);
        try {
            TcpRelay relay = TcpRelay.toHost(key, connection, target, selector);
            relays.put(key, relay);
            ready.add(relay);
        } catch (IOException | RuntimeException e) {
            LOG.debug("{}: {}", target, e.getMessage());
            connection.close();
            refuse(key, syn);
        }
    }

    /** RFC 9293, section 3.10.7.1. */
    private void refuse(TcpRelay.Key key, TcpSegment segment) {
        boolean acknowledges = segment.has(TcpSegment.ACK);
        link(key)
                .send(
                        new TcpConnection.TcpHeader(
                                acknowledges ? segment.acknowledgement() : 0,
                                segment.sequence() + segment.length(),
                                acknowledges ? TcpSegment.RST : TcpSegment.RST | TcpSegment.ACK,
                                0,
                                0,
                                -1,
                                0),
                        EMPTY,
                        0,
                        0);
    }

    /**
     * A connection that came in on a forwarded port.
     *
     * @param from as whom the guest is to see it
     */
    void accept(SocketChannel accepted, int from, int guestPort, long now) throws IOException {
        TcpRelay.Key key = null;
        for (int i = 0; i < PORTS && key == null; i++) {
            TcpRelay.Key free = new TcpRelay.Key(link.guestIp(), guestPort, from, FIRST_PORT + nextPort);
            nextPort = (nextPort + 1) % PORTS;
            key = relays.containsKey(free) ? null : free;
        }
        if (key == null || relays.size() >= MOST) {
            throw new IOException("too many connections");
        }
        link.findGuest();
        TcpConnection connection = TcpConnection.toGuest(random.nextInt(), budget, now);
        TcpRelay relay = TcpRelay.toGuest(key, connection, accepted, selector);
        relays.put(key, relay);
        ready.add(relay);
    }

    void ready(TcpRelay relay) {
        relay.move(link(relay.key()));
        ready.add(relay);
    }

    /** Looks for what is due. */
    void tick(long now) {
        if (now < nextTick) {
            return;
        }
        nextTick = now + TICK_NANOS;
        for (TcpRelay relay : relays.values()) {
            if (relay.connection().deadline() <= now) {
                relay.connection().timer(link(relay.key()), now);
                ready.add(relay);
            }
        }
    }

    boolean canTransmit() {
        return !ready.isEmpty() && link.hasRoom();
    }

    /** Moves data and sends segments, in turn, as long as the guest's link has room. */
    void transmit(long now) {
        List<TcpRelay> turn = new ArrayList<>(ready);
        ready.clear();
        for (TcpRelay relay : turn) {
            TcpConnection connection = relay.connection();
            GuestLink out = link(relay.key());
            relay.move(out);
            connection.transmit(out, now);
            if (relay.done()) {
                remove(relay);
            } else if (connection.wantsToTransmit()) {
                ready.add(relay);
            }
        }
    }

    private void remove(TcpRelay relay) {
        relays.remove(relay.key());
        ready.remove(relay);
        relay.close();
    }

    @Override
    public void close() {
        List.copyOf(relays.values()).forEach(this::remove);
    }
}
