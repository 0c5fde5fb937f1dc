// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * An IPv4 packet inside a frame (RFC 791), of which header and lengths have been looked at.
 *
 * @param bytes where it is
 * @param start of its header
 * @param payload where what it carries begins
 * @param end where that ends
 * @param fragmentOffset in bytes
 * @param moreFragments whether it is a fragment and not the last
 */
record Ipv4(
        byte[] bytes,
        int start,
        int payload,
        int end,
        int protocol,
        int source,
        int destination,
        int timeToLive,
        int identification,
        int fragmentOffset,
        boolean moreFragments) {
    static final int ICMP = 1;
    static final int TCP = 6;
    static final int UDP = 17;

    /** Bytes of a header without options. */
    static final int HEADER = 20;

    static final int BROADCAST = 0xFFFF_FFFF;

    /**
     * The packet at a place; null if it is none, is cut off, or its header's checksum is wrong.
     *
     * @param length of what may belong to it
     */
    static @Nullable Ipv4 parse(byte[] bytes, int start, int length) {
        if (length < HEADER || bytes[start] >> 4 != 4) {
            return null;
        }
        int header = (bytes[start] & 0xF) * 4;
        int total = Octets.get16(bytes, start + 2);
        if (header < HEADER || total < header || total > length) {
            return null;
        }
        if (InternetChecksum.fold(InternetChecksum.add(0, bytes, start, header)) != 0xFFFF) {
            return null;
        }
        int fragment = Octets.get16(bytes, start + 6);
        return new Ipv4(
                bytes,
                start,
                start + header,
                start + total,
                Octets.get8(bytes, start + 9),
                Octets.get32(bytes, start + 12),
                Octets.get32(bytes, start + 16),
                Octets.get8(bytes, start + 8),
                Octets.get16(bytes, start + 4),
                (fragment & 0x1FFF) * 8,
                (fragment & 0x2000) != 0);
    }

    /** Bytes that it carries. */
    int payloadLength() {
        return end - payload;
    }

    boolean isFragment() {
        return moreFragments || fragmentOffset != 0;
    }

    /** Whether the sum over the payload and, of UDP and TCP, the pseudo header is right. */
    boolean checksumIsRight(boolean withPseudoHeader) {
        long sum = withPseudoHeader ? InternetChecksum.pseudoHeader(source, destination, protocol, payloadLength()) : 0;
        return InternetChecksum.fold(InternetChecksum.add(sum, bytes, payload, payloadLength())) == 0xFFFF;
    }

    /** An address in dotted form. */
    static String text(int address) {
        return (address >>> 24) + "." + (address >>> 16 & 0xFF) + "." + (address >>> 8 & 0xFF) + "." + (address & 0xFF);
    }

    /** An address as the host's sockets want it. */
    static InetAddress inet(int address) {
        byte[] bytes = new byte[4];
        Octets.put32(bytes, 0, address);
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four bytes are an address", e);
        }
    }

    static int address(Inet4Address address) {
        return Octets.get32(address.getAddress(), 0);
    }

    /**
     * An address in dotted form.
     *
     * @throws IllegalArgumentException if {@code text} is none
     */
    static int address(String text) {
        return address(Inet4Address.ofLiteral(text));
    }
}
