// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import dev.terrarium.engine.device.NetworkBackend.Card;
import dev.terrarium.engine.device.NetworkFrame;
import dev.terrarium.engine.device.NetworkFrame.Segmentation;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The way to the guest: puts packets into frames and keeps them until the card has room. Packets for connections wait where they are
 * made ({@link #hasRoom}); what answers the guest is dropped when too much waits. Used by one thread, but {@link #deliver}.
 */
final class GuestLink implements TcpConnection.Output {
    static final int ETHERNET = 14;
    static final int TYPE_IPV4 = 0x0800;
    static final int TYPE_ARP = 0x0806;

    /** What an Ethernet frame carries at most. */
    static final int MTU = 1500;

    private static final int TIME_TO_LIVE = 64;
    private static final int ROOM_BYTES = 1 << 19;
    private static final int MOST_BYTES = 1 << 20;
    private static final int MOST_DATA = 65_535 - Ipv4.HEADER - TcpSegment.HEADER;
    private static final int TCP_CHECKSUM = 16;
    private static final int UDP_CHECKSUM = 6;
    private static final int UDP_HEADER = 8;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int DO_NOT_FRAGMENT = 0x4000;

    private final byte[] ownAddress;
    private final Consumer<NetworkFrame> watcher;
    private final Deque<NetworkFrame> waiting = new ArrayDeque<>();
    private byte @Nullable [] guestAddress;
    private volatile int guestIp = UserNetworkSettings.GUEST;
    private volatile boolean heard;
    private volatile boolean unfinished;
    private int waitingBytes;
    private int identification;
    private long dropped;

    // The addresses and ports of the connection whose segments are being sent.
    private int source;
    private int destination;
    private int sourcePort;
    private int destinationPort;

    /**
     * @param ownAddress the Ethernet address of everybody but the guest
     * @param watcher sees every frame that is to be delivered
     */
    GuestLink(byte[] ownAddress, Consumer<NetworkFrame> watcher) {
        this.ownAddress = ownAddress.clone();
        this.watcher = watcher;
    }

    /** Frames with sums missing and segments not cut may be sent. */
    void setUnfinished(boolean taken) {
        unfinished = taken;
    }

    /** The guest's Ethernet address, as a frame of it said, and its IPv4 address if that is one of this network's. */
    void setGuest(byte[] frame, int at, int address) {
        if (guestAddress == null || !Arrays.equals(guestAddress, 0, 6, frame, at, at + 6)) {
            guestAddress = Arrays.copyOfRange(frame, at, at + 6);
        }
        if ((address & UserNetworkSettings.MASK) == UserNetworkSettings.NETWORK) {
            guestIp = address;
            heard = true;
        }
    }

    /** The guest's IPv4 address: what it last sent from, or what it will be given. */
    int guestIp() {
        return guestIp;
    }

    /** Whether the guest has used its IPv4 address. */
    boolean hasHeard() {
        return heard;
    }

    /** Asks for the guest's Ethernet address if it has never been heard of. */
    void findGuest() {
        if (guestAddress == null) {
            sendArpRequest(guestIp, UserNetworkSettings.GATEWAY);
        }
    }

    long dropped() {
        return dropped;
    }

    @Override
    public boolean hasRoom() {
        synchronized (waiting) {
            return waitingBytes < ROOM_BYTES;
        }
    }

    boolean isEmpty() {
        synchronized (waiting) {
            return waiting.isEmpty();
        }
    }

    /**
     * Gives the card what waits, in order, until it takes no more. With the board's lock held.
     *
     * @return whether all was taken
     */
    boolean deliver(Card card) {
        unfinished = card.takesUnfinishedFrames(); // a driver may have come since
        synchronized (waiting) {
            for (NetworkFrame frame = waiting.peek(); frame != null; frame = waiting.peek()) {
                if (!card.receive(frame)) {
                    return false;
                }
                waiting.remove();
                waitingBytes -= frame.length();
            }
            return true;
        }
    }

    private void queue(NetworkFrame frame) {
        synchronized (waiting) {
            if (waitingBytes + frame.length() > MOST_BYTES) {
                dropped++;
                return;
            }
            watcher.accept(frame);
            waiting.add(frame);
            waitingBytes += frame.length();
        }
    }

    private byte[] ethernet(int payload, int type, boolean broadcast) {
        byte[] frame = new byte[ETHERNET + payload];
        byte[] to = guestAddress;
        if (broadcast || to == null) {
            Arrays.fill(frame, 0, 6, (byte) 0xFF);
        } else {
            System.arraycopy(to, 0, frame, 0, 6);
        }
        System.arraycopy(ownAddress, 0, frame, 6, 6);
        Octets.put16(frame, 12, type);
        return frame;
    }

    /** Answers the question, {@code at} a place in {@code request}, who has an IPv4 address (RFC 826). */
    void sendArpReply(int address, byte[] request, int at) {
        byte[] frame = ethernet(28, TYPE_ARP, false);
        System.arraycopy(request, at, frame, ETHERNET, 6);
        Octets.put16(frame, ETHERNET + 6, 2);
        System.arraycopy(ownAddress, 0, frame, ETHERNET + 8, 6);
        Octets.put32(frame, ETHERNET + 14, address);
        System.arraycopy(request, at + 8, frame, ETHERNET + 18, 10);
        queue(new NetworkFrame(frame, frame.length));
    }

    /** Asks who has an IPv4 address. */
    private void sendArpRequest(int wanted, int own) {
        byte[] frame = ethernet(28, TYPE_ARP, true);
        Octets.put16(frame, ETHERNET, 1);
        Octets.put16(frame, ETHERNET + 2, TYPE_IPV4);
        Octets.put16(frame, ETHERNET + 4, 0x0604);
        Octets.put16(frame, ETHERNET + 6, 1);
        System.arraycopy(ownAddress, 0, frame, ETHERNET + 8, 6);
        Octets.put32(frame, ETHERNET + 14, own);
        Octets.put32(frame, ETHERNET + 24, wanted);
        queue(new NetworkFrame(frame, frame.length));
    }

    private void header(byte[] frame, int protocol, int from, int to, int payload, int id, int fragment) {
        Octets.put16(frame, ETHERNET, 0x4500);
        Octets.put16(frame, ETHERNET + 2, Ipv4.HEADER + payload);
        Octets.put16(frame, ETHERNET + 4, id);
        Octets.put16(frame, ETHERNET + 6, fragment);
        frame[ETHERNET + 8] = TIME_TO_LIVE;
        frame[ETHERNET + 9] = (byte) protocol;
        Octets.put32(frame, ETHERNET + 12, from);
        Octets.put32(frame, ETHERNET + 16, to);
        Octets.put16(frame, ETHERNET + 10, InternetChecksum.of(InternetChecksum.add(0, frame, ETHERNET, Ipv4.HEADER)));
    }

    /** Sends what an IPv4 packet carries, in fragments if it is long; dropped if too much waits. */
    void sendPacket(int protocol, int from, int to, byte[] payload) {
        int id = identification++;
        int most = (MTU - Ipv4.HEADER) / 8 * 8;
        for (int at = 0; at < payload.length; at += most) {
            int count = Math.min(most, payload.length - at);
            boolean more = at + count < payload.length;
            byte[] frame = ethernet(Ipv4.HEADER + count, TYPE_IPV4, to == Ipv4.BROADCAST);
            System.arraycopy(payload, at, frame, ETHERNET + Ipv4.HEADER, count);
            header(frame, protocol, from, to, count, id, at / 8 | (more ? MORE_FRAGMENTS : 0));
            queue(new NetworkFrame(frame, frame.length));
        }
    }

    /** Sends a UDP datagram (RFC 768). */
    void sendDatagram(int from, int fromPort, int to, int toPort, byte[] data, int offset, int length) {
        byte[] payload = new byte[UDP_HEADER + length];
        Octets.put16(payload, 0, fromPort);
        Octets.put16(payload, 2, toPort);
        Octets.put16(payload, 4, payload.length);
        System.arraycopy(data, offset, payload, UDP_HEADER, length);
        long sum = InternetChecksum.pseudoHeader(from, to, Ipv4.UDP, payload.length);
        int checksum = InternetChecksum.of(InternetChecksum.add(sum, payload, 0, payload.length));
        Octets.put16(payload, UDP_CHECKSUM, checksum == 0 ? 0xFFFF : checksum);
        sendPacket(Ipv4.UDP, from, to, payload);
    }

    /** Whose segments come next. */
    GuestLink between(int from, int fromPort, int to, int toPort) {
        source = from;
        sourcePort = fromPort;
        destination = to;
        destinationPort = toPort;
        return this;
    }

    @Override
    public int mostData(int maximumSegment) {
        return unfinished ? MOST_DATA / maximumSegment * maximumSegment : maximumSegment;
    }

    @Override
    public void send(TcpConnection.TcpHeader tcp, ByteRing ring, int offset, int length) {
        int options = (tcp.maximumSegment() > 0 ? 4 : 0) + (tcp.windowScale() >= 0 ? 4 : 0);
        int tcpLength = TcpSegment.HEADER + options + length;
        byte[] frame = ethernet(Ipv4.HEADER + tcpLength, TYPE_IPV4, false);
        int at = ETHERNET + Ipv4.HEADER;
        Octets.put16(frame, at, sourcePort);
        Octets.put16(frame, at + 2, destinationPort);
        Octets.put32(frame, at + 4, tcp.sequence());
        Octets.put32(frame, at + 8, (tcp.flags() & TcpSegment.ACK) != 0 ? tcp.acknowledgement() : 0);
        Octets.put16(frame, at + 12, (TcpSegment.HEADER + options) / 4 << 12 | tcp.flags());
        Octets.put16(frame, at + 14, tcp.window());
        int option = at + TcpSegment.HEADER;
        if (tcp.maximumSegment() > 0) {
            Octets.put32(frame, option, 2 << 24 | 4 << 16 | tcp.maximumSegment());
            option += 4;
        }
        if (tcp.windowScale() >= 0) {
            // A no-operation first, to fill four bytes.
            Octets.put32(frame, option, 1 << 24 | 3 << 16 | 3 << 8 | tcp.windowScale());
        }
        ring.copy(offset, frame, at + TcpSegment.HEADER + options, length);
        header(frame, Ipv4.TCP, source, destination, tcpLength, identification++, DO_NOT_FRAGMENT);
        long sum = InternetChecksum.pseudoHeader(source, destination, Ipv4.TCP, tcpLength);
        if (unfinished) {
            // The field holds the pseudo header's sum, to which whoever finishes the frame adds the rest (virtio 1.2,
            // section 5.1.6.2).
            Octets.put16(frame, at + TCP_CHECKSUM, InternetChecksum.fold(sum));
            boolean cut = length > tcp.cutAt() && tcp.cutAt() > 0;
            queue(new NetworkFrame(
                    frame,
                    frame.length,
                    at,
                    TCP_CHECKSUM,
                    cut ? Segmentation.TCP_IPV4 : Segmentation.NONE,
                    cut ? tcp.cutAt() : 0));
        } else {
            int checksum = InternetChecksum.of(InternetChecksum.add(sum, frame, at, tcpLength));
            Octets.put16(frame, at + TCP_CHECKSUM, checksum);
            queue(new NetworkFrame(frame, frame.length));
        }
    }
}
