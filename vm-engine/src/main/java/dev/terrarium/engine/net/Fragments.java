// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Puts the guest's fragmented packets together (RFC 791, section 3.2, RFC 815); the oldest is given up when there are too many. */
final class Fragments {
    private static final int MOST = 16;
    private static final int LONGEST = 65_535;
    private static final int UNIT = 8;

    private record Key(int source, int destination, int protocol, int identification) {}

    private static final class Parts {
        private final byte[] bytes = new byte[LONGEST];
        private final BitSet units = new BitSet();
        private int length = -1;
    }

    private final Map<Key, Parts> incomplete = new LinkedHashMap<>();

    /** The whole packet, if {@code fragment} was what it lacked. */
    @Nullable
    Ipv4 add(Ipv4 fragment) {
        Key key = new Key(fragment.source(), fragment.destination(), fragment.protocol(), fragment.identification());
        int length = fragment.payloadLength();
        int offset = fragment.fragmentOffset();
        if (Ipv4.HEADER + offset + length > LONGEST
                || fragment.moreFragments() && (length == 0 || length % UNIT != 0)) {
            incomplete.remove(key);
            return null;
        }
        Parts parts = incomplete.get(key);
        if (parts == null) {
            if (incomplete.size() >= MOST) {
                incomplete.remove(incomplete.keySet().iterator().next());
            }
            parts = new Parts();
            incomplete.put(key, parts);
        }
        System.arraycopy(fragment.bytes(), fragment.payload(), parts.bytes, Ipv4.HEADER + offset, length);
        parts.units.set(offset / UNIT, (offset + length + UNIT - 1) / UNIT);
        if (!fragment.moreFragments()) {
            parts.length = offset + length;
        }
        if (parts.length < 0 || parts.units.nextClearBit(0) < (parts.length + UNIT - 1) / UNIT) {
            return null;
        }
        incomplete.remove(key);
        return new Ipv4(
                parts.bytes,
                0,
                Ipv4.HEADER,
                Ipv4.HEADER + parts.length,
                fragment.protocol(),
                fragment.source(),
                fragment.destination(),
                fragment.timeToLive(),
                fragment.identification(),
                0,
                false);
    }
}
