// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The ones' complement sum of 16-bit words in IP, ICMP, UDP and TCP headers (RFC 1071). */
final class InternetChecksum {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private InternetChecksum() {}

    /** Adds {@code length} bytes to a sum that is not folded yet; an odd last byte counts as if a zero followed. */
    static long add(long sum, byte[] bytes, int from, int length) {
        long total = sum;
        int at = from;
        int end = from + length;
        for (; at + 4 <= end; at += 4) {
            total += (int) INT.get(bytes, at) & 0xFFFF_FFFFL;
        }
        for (; at + 2 <= end; at += 2) {
            total += Octets.get16(bytes, at);
        }
        if (at < end) {
            total += Octets.get8(bytes, at) << 8;
        }
        return total;
    }

    /** The sum of the pseudo header that UDP and TCP add to theirs (RFC 9293, section 3.1; RFC 768). */
    static long pseudoHeader(int source, int destination, int protocol, int length) {
        return (source & 0xFFFF_FFFFL) + (destination & 0xFFFF_FFFFL) + protocol + length;
    }

    /** The 16 bits that a sum folds to, before it is complemented. */
    static int fold(long sum) {
        long folded = (sum >>> 32) + (sum & 0xFFFF_FFFFL);
        while (folded >>> 16 != 0) {
            folded = (folded >>> 16) + (folded & 0xFFFF);
        }
        return (int) folded;
    }

    /** What goes into the header's field. */
    static int of(long sum) {
        return ~fold(sum) & 0xFFFF;
    }
}
