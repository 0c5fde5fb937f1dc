// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The guest's UDP ports; one that is not used for a while is given up, and so is the oldest when there are too many. One thread. */
final class UdpRelays implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UdpRelays.class);
    private static final int MOST = 512;
    private static final long IDLE_NANOS = 120_000_000_000L;
    private static final long TICK_NANOS = 1_000_000_000L;

    private final GuestLink link;
    private final Selector selector;
    private final ByteBuffer buffer = ByteBuffer.allocate(65_536);
    private final Map<UdpRelay.Peer, UdpRelay> relays = new LinkedHashMap<>();
    private long nextTick = Long.MIN_VALUE;

    UdpRelays(GuestLink link, Selector selector) {
        this.link = link;
        this.selector = selector;
    }

    int count() {
        return relays.size();
    }

    void send(
            UdpRelay.Peer guest,
            UdpRelay.Peer peer,
            InetSocketAddress target,
            byte[] bytes,
            int from,
            int length,
            long now) {
        UdpRelay relay = relays.remove(guest);
        try {
            if (relay == null) {
                if (relays.size() >= MOST) {
                    Iterator<UdpRelay> oldest = relays.values().iterator();
                    oldest.next().close();
                    oldest.remove();
                }
                relay = new UdpRelay(guest, selector, now);
            }
        } catch (IOException e) {
            LOG.debug("{}: {}", guest, e.getMessage());
            return;
        }
        // Last used, last to go.
        relays.put(guest, relay);
        relay.send(bytes, from, length, target, peer, now);
    }

    /** A socket for a forwarded port. */
    UdpRelay forward(UdpRelay.Peer guest, SocketAddress bind, long now) throws IOException {
        return new UdpRelay(guest, bind, selector, now);
    }

    void ready(UdpRelay relay, long now) {
        relay.receive(link, buffer, now);
    }

    void tick(long now) {
        if (now < nextTick) {
            return;
        }
        nextTick = now + TICK_NANOS;
        relays.values().removeIf(relay -> {
            boolean idle = now - relay.used() > IDLE_NANOS;
            if (idle) {
                relay.close();
            }
            return idle;
        });
    }

    @Override
    public void close() {
        relays.values().forEach(UdpRelay::close);
        relays.clear();
    }
}
