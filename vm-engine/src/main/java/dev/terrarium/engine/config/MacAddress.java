// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.config;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/** An Ethernet address: 48 bits, of which a card's have the group bit clear (IEEE 802, section 8.2). */
public record MacAddress(long value) {
    private static final Pattern TEXT = Pattern.compile("(\\p{XDigit}{2}:){5}\\p{XDigit}{2}");
    private static final int BYTES = 6;
    private static final long GROUP = 1L << 40;

    /** Locally administered, as virtual machines' are by habit. */
    private static final long PREFIX = 0x5254_00L << 24;

    /** The address in text as {@code 52:54:00:12:34:56}; empty if it is not one that a card can have. */
    public static Optional<MacAddress> of(String text) {
        if (!TEXT.matcher(text).matches()) {
            return Optional.empty();
        }
        long value = Long.parseLong(text.replace(":", ""), 16);
        return value == 0 || (value & GROUP) != 0 ? Optional.empty() : Optional.of(new MacAddress(value));
    }

    /** The address of a machine's card that was given none: always the same for the same ID and place. */
    public static MacAddress usual(UUID machine, int card) {
        CRC32 sum = new CRC32();
        sum.update(ByteBuffer.allocate(20)
                .putLong(machine.getMostSignificantBits())
                .putLong(machine.getLeastSignificantBits())
                .putInt(card)
                .array());
        return new MacAddress(PREFIX | sum.getValue() & 0xFF_FFFF);
    }

    /** Its six bytes, in the order in which they are sent. */
    public byte[] bytes() {
        byte[] bytes = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            bytes[i] = (byte) (value >>> 8 * (BYTES - 1 - i));
        }
        return bytes;
    }

    @Override
    public String toString() {
        return "%012x".formatted(value).replaceAll("..(?!$)", "$0:");
    }
}
