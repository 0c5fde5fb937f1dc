// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.device.NetworkFrame;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of the guest's frames: ARP, DHCP and ICMP are answered here, the rest goes to {@link TcpRelays} and {@link UdpRelays}.
 * Whatever is not understood is dropped. One thread.
 */
final class GuestPackets implements AutoCloseable {
    private static final int ARP_LENGTH = 28;
    private static final int ARP_ETHERNET_IPV4 = 0x0001_0800;
    private static final int ARP_REQUEST = 1;
    private static final int UDP_HEADER = 8;
    private static final int ICMP_HEADER = 8;
    private static final int ECHO_REPLY = 0;
    private static final int ECHO = 8;
    private static final int UNREACHABLE = 3;
    private static final int TIME_EXCEEDED = 11;
    private static final int PORT_UNREACHABLE = 3;
    private static final int PROHIBITED = 13;
    private static final int PROTOCOL_UNREACHABLE = 2;

    private final GuestLink link;
    private final Destinations destinations;
    private final LongSupplier clock;
    private final Fragments fragments = new Fragments();
    private final TcpRelays tcp;
    private final UdpRelays udp;
    private final PortForwards forwards;

    GuestPackets(GuestLink link, Selector selector, Destinations destinations, LongSupplier clock) {
        this.link = link;
        this.destinations = destinations;
        this.clock = clock;
        this.tcp = new TcpRelays(link, selector);
        this.udp = new UdpRelays(link, selector);
        this.forwards = new PortForwards(selector, tcp, udp, clock);
    }

    void setForwards(List<UserNetworkSettings.Forward> wanted) throws TerrariumException {
        forwards.set(wanted);
    }

    /** A socket of the host's can do something. */
    void ready(SelectionKey key) {
        long now = clock.getAsLong();
        switch (key.attachment()) {
            case TcpRelay relay -> tcp.ready(relay);
            case UdpRelay relay -> udp.ready(relay, now);
            case PortForwards.Listener listener -> forwards.accept(listener, now);
            case null, default -> key.cancel();
        }
    }

    TcpRelays tcp() {
        return tcp;
    }

    /** Does what time has brought. */
    void tick() {
        long now = clock.getAsLong();
        tcp.tick(now);
        udp.tick(now);
    }

    /** How long nothing is due unless something happens, in milliseconds; 0 for ever. */
    long restMillis() {
        return tcp.count() > 0 ? 50 : udp.count() > 0 ? 1000 : 0;
    }

    boolean canTransmit() {
        return tcp.canTransmit();
    }

    void transmit() {
        tcp.transmit(clock.getAsLong());
    }

    /** A frame of the guest's. */
    void frame(NetworkFrame frame) {
        byte[] bytes = frame.bytes();
        int length = Math.min(frame.length(), bytes.length);
        if (length < GuestLink.ETHERNET) {
            return;
        }
        int type = Octets.get16(bytes, 12);
        if (type == GuestLink.TYPE_ARP) {
            arp(bytes, length);
        } else if (type == GuestLink.TYPE_IPV4) {
            Ipv4 packet = Ipv4.parse(bytes, GuestLink.ETHERNET, length - GuestLink.ETHERNET);
            if (packet != null) {
                link.setGuest(bytes, 6, packet.source());
                packet(packet, frame.checksumStart() >= 0);
            }
        }
    }

    private void arp(byte[] bytes, int length) {
        int at = GuestLink.ETHERNET;
        if (length < at + ARP_LENGTH
                || Octets.get32(bytes, at) != ARP_ETHERNET_IPV4
                || Octets.get16(bytes, at + 4) != 0x0604) {
            return;
        }
        int sender = Octets.get32(bytes, at + 14);
        int wanted = Octets.get32(bytes, at + 24);
        link.setGuest(bytes, 6, sender);
        // A guest that looks whether its own address is taken asks with sender 0 (RFC 5227): ours are, its own is not.
        boolean ours = wanted == UserNetworkSettings.GATEWAY || wanted == UserNetworkSettings.NAME_SERVER;
        if (Octets.get16(bytes, at + 6) == ARP_REQUEST && ours && sender != wanted) {
            link.sendArpReply(wanted, bytes, at);
        }
    }

    private void packet(Ipv4 received, boolean unfinished) {
        Ipv4 packet = received;
        if (received.isFragment()) {
            packet = fragments.add(received);
            if (packet == null) {
                return;
            }
        }
        boolean toOurselves = packet.destination() == UserNetworkSettings.GATEWAY
                || packet.destination() == UserNetworkSettings.NAME_SERVER
                || packet.destination() == Ipv4.BROADCAST;
        if (packet.timeToLive() <= 1 && !toOurselves && Destinations.leadsOut(packet.destination())) {
            sendError(received, TIME_EXCEEDED, 0, UserNetworkSettings.GATEWAY);
            return;
        }
        switch (packet.protocol()) {
            case Ipv4.ICMP -> icmp(packet);
            case Ipv4.UDP -> udp(packet, unfinished);
            case Ipv4.TCP -> tcp(packet, unfinished);
            default -> sendError(packet, UNREACHABLE, PROTOCOL_UNREACHABLE, UserNetworkSettings.GATEWAY);
        }
    }

    private void icmp(Ipv4 packet) {
        if (packet.payloadLength() < ICMP_HEADER
                || Octets.get8(packet.bytes(), packet.payload()) != ECHO
                || !packet.checksumIsRight(false)) {
            return;
        }
        int to = packet.destination();
        if (to == UserNetworkSettings.GATEWAY || to == UserNetworkSettings.NAME_SERVER) {
            byte[] reply = java.util.Arrays.copyOfRange(packet.bytes(), packet.payload(), packet.end());
            reply[0] = ECHO_REPLY;
            Octets.put16(reply, 2, 0);
            Octets.put16(reply, 2, InternetChecksum.of(InternetChecksum.add(0, reply, 0, reply.length)));
            link.sendPacket(Ipv4.ICMP, to, packet.source(), reply);
        } else if (to != Ipv4.BROADCAST) {
            // Echo to other hosts takes a right that this process may not have; the guest hears so at once.
            sendError(packet, UNREACHABLE, PROHIBITED, UserNetworkSettings.GATEWAY);
        }
    }

    /** Tells the guest of a packet that did not arrive (RFC 792; RFC 1122, section 3.2.2). */
    private void sendError(Ipv4 packet, int type, int code, int from) {
        if (packet.fragmentOffset() != 0
                || packet.source() == 0
                || packet.destination() == Ipv4.BROADCAST
                || packet.destination() >>> 28 == 0xE) {
            return;
        }
        int copied = Math.min(packet.end() - packet.start(), Ipv4.HEADER + 40 + ICMP_HEADER);
        byte[] error = new byte[ICMP_HEADER + copied];
        error[0] = (byte) type;
        error[1] = (byte) code;
        System.arraycopy(packet.bytes(), packet.start(), error, ICMP_HEADER, copied);
        Octets.put16(error, 2, InternetChecksum.of(InternetChecksum.add(0, error, 0, error.length)));
        link.sendPacket(Ipv4.ICMP, from, packet.source(), error);
    }

    private void udp(Ipv4 packet, boolean unfinished) {
        byte[] bytes = packet.bytes();
        int at = packet.payload();
        if (packet.payloadLength() < UDP_HEADER) {
            return;
        }
        int length = Octets.get16(bytes, at + 4);
        if (length < UDP_HEADER || length > packet.payloadLength()) {
            return;
        }
        if (!unfinished && Octets.get16(bytes, at + 6) != 0 && !packet.checksumIsRight(true)) {
            return;
        }
        int sourcePort = Octets.get16(bytes, at);
        int port = Octets.get16(bytes, at + 2);
        int to = packet.destination();
        if (port == DhcpServer.SERVER_PORT && (to == Ipv4.BROADCAST || to == UserNetworkSettings.GATEWAY)) {
            dhcp(packet, at + UDP_HEADER, length - UDP_HEADER);
            return;
        }
        UdpRelay.Peer guest = new UdpRelay.Peer(packet.source(), sourcePort);
        UdpRelay.Peer peer = new UdpRelay.Peer(to, port);
        long now = clock.getAsLong();
        if (forwards.answer(guest, peer, bytes, at + UDP_HEADER, length - UDP_HEADER, now)) {
            return;
        }
        InetSocketAddress target = destinations.of(to, port);
        if (target == null) {
            sendError(packet, UNREACHABLE, PORT_UNREACHABLE, to);
            return;
        }
        udp.send(guest, peer, target, bytes, at + UDP_HEADER, length - UDP_HEADER, now);
    }

    private void dhcp(Ipv4 packet, int at, int length) {
        byte[] answer = DhcpServer.answer(packet.bytes(), at, length);
        if (answer != null) {
            // A guest without an address cannot be sent to; it gets a broadcast (RFC 2131, section 4.1).
            int to = packet.source() == 0 ? Ipv4.BROADCAST : packet.source();
            link.sendDatagram(
                    UserNetworkSettings.GATEWAY,
                    DhcpServer.SERVER_PORT,
                    to,
                    DhcpServer.CLIENT_PORT,
                    answer,
                    0,
                    answer.length);
        }
    }

    private void tcp(Ipv4 packet, boolean unfinished) {
        TcpSegment segment = TcpSegment.parse(packet);
        if (segment == null || !unfinished && !packet.checksumIsRight(true)) {
            return;
        }
        @Nullable
        InetSocketAddress target =
                segment.has(TcpSegment.SYN) ? destinations.of(packet.destination(), segment.destinationPort()) : null;
        tcp.segment(packet, segment, target, clock.getAsLong());
    }

    @Override
    public void close() {
        forwards.close();
        tcp.close();
        udp.close();
    }
}
