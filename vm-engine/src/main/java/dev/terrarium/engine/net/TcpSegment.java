// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import org.jspecify.annotations.Nullable;

/**
 * A TCP segment (RFC 9293, section 3.1).
 *
 * @param window as in the header, not scaled
 * @param maximumSegment of the option; 0 without
 * @param windowScale of the option (RFC 7323, section 2); -1 without
 * @param bytes where the data are
 * @param data where they begin
 * @param dataLength how many there are
 */
record TcpSegment(
        int sourcePort,
        int destinationPort,
        int sequence,
        int acknowledgement,
        int flags,
        int window,
        int maximumSegment,
        int windowScale,
        byte[] bytes,
        int data,
        int dataLength) {
    static final int FIN = 0x01;
    static final int SYN = 0x02;
    static final int RST = 0x04;
    static final int PSH = 0x08;
    static final int ACK = 0x10;

    /** Bytes of a header without options. */
    static final int HEADER = 20;

    private static final int OPTION_END = 0;
    private static final int OPTION_NOTHING = 1;
    private static final int OPTION_MAXIMUM_SEGMENT = 2;
    private static final int OPTION_WINDOW_SCALE = 3;
    private static final int LARGEST_SCALE = 14;

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** Sequence numbers that it takes: data, SYN and FIN. */
    int length() {
        return dataLength + (has(SYN) ? 1 : 0) + (has(FIN) ? 1 : 0);
    }

    /** The segment that a packet carries, null if it carries none. Its checksum is not looked at. */
    static @Nullable TcpSegment parse(Ipv4 packet) {
        byte[] bytes = packet.bytes();
        int start = packet.payload();
        if (packet.payloadLength() < HEADER) {
            return null;
        }
        int header = (Octets.get8(bytes, start + 12) >> 4) * 4;
        if (header < HEADER || header > packet.payloadLength()) {
            return null;
        }
        int maximum = 0;
        int scale = -1;
        int end = start + header;
        for (int at = start + HEADER; at < end && bytes[at] != OPTION_END; ) {
            if (bytes[at] == OPTION_NOTHING) {
                at++;
                continue;
            }
            int length = at + 1 < end ? Octets.get8(bytes, at + 1) : 0;
            if (length < 2 || at + length > end) {
                break;
            }
            if (bytes[at] == OPTION_MAXIMUM_SEGMENT && length == 4) {
                maximum = Octets.get16(bytes, at + 2);
            } else if (bytes[at] == OPTION_WINDOW_SCALE && length == 3) {
                scale = Math.min(Octets.get8(bytes, at + 2), LARGEST_SCALE);
            }
            at += length;
        }
        return new TcpSegment(
                Octets.get16(bytes, start),
                Octets.get16(bytes, start + 2),
                Octets.get32(bytes, start + 4),
                Octets.get32(bytes, start + 8),
                Octets.get8(bytes, start + 13),
                Octets.get16(bytes, start + 14),
                maximum,
                scale,
                bytes,
                end,
                packet.end() - end);
    }
}
