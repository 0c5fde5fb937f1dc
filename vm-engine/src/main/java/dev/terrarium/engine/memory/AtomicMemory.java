// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.memory;

import java.lang.invoke.VarHandle;

/**
 * Atomic changes of guest memory at host addresses, as LOCK-prefixed instructions and page-table walks make them: sequentially
 * consistent, for naturally aligned operands of 1, 2, 4 or 8 bytes. Addresses must come from a {@link HostBlock}.
 */
public final class AtomicMemory {
    private AtomicMemory() {}

    /** Is an operand of {@code size} bytes (a power of two) at {@code address} aligned? */
    public static boolean isAligned(long address, int size) {
        return (address & (size - 1)) == 0;
    }

    /** Reads {@code size} (1, 2, 4 or 8) bytes, zero-extended; later reads and writes stay behind it. */
    public static long get(long address, int size) {
        long value = HostMemory.read(address, size);
        VarHandle.acquireFence();
        return value;
    }

    /**
     * Writes {@code value} if memory holds {@code expected}; of both the low {@code size} (1, 2, 4 or 8) bytes count.
     *
     * @return whether it did
     */
    public static boolean compareAndSet(long address, int size, long expected, long value) {
        return switch (size) {
            case 8 -> Unchecked.compareAndSetLong(address, expected, value);
            case 4 -> Unchecked.compareAndSetInt(address, (int) expected, (int) value);
            default -> compareAndSetPart(address, size, expected, value);
        };
    }

    /** Hosts change words of 4 bytes: those that a smaller operand lies in, whose other bytes must stay. */
    private static boolean compareAndSetPart(long address, int size, long expected, long value) {
        long word = address & ~3L;
        int shift = 8 * (int) (address & 3);
        int mask = (1 << 8 * size) - 1 << shift;
        while (true) {
            int known = Unchecked.getInt(word);
            if (((known ^ (int) expected << shift) & mask) != 0) {
                return false;
            }
            if (Unchecked.compareAndSetInt(word, known, known & ~mask | (int) value << shift & mask)) {
                return true;
            }
        }
    }

    /** Writes the low {@code size} bytes of {@code value}; returns what was there, zero-extended. */
    public static long getAndSet(long address, int size, long value) {
        return switch (size) {
            case 8 -> Unchecked.getAndSetLong(address, value);
            case 4 -> Unchecked.getAndSetInt(address, (int) value) & 0xFFFF_FFFFL;
            default -> {
                long known;
                do {
                    known = get(address, size);
                } while (!compareAndSetPart(address, size, known, value));
                yield known;
            }
        };
    }
}
