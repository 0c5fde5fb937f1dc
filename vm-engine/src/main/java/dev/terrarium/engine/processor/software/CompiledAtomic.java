// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.Unchecked;
import java.lang.invoke.VarHandle;

/**
 * Reads and writes of one memory operand that nobody comes between, for LOCKed instructions of compiled code. The address is
 * the host's, aligned to the operand's size (Intel SDM volume 3, section 10.1.2; what is not aligned is left to the interpreter).
 * Each method returns what was there before, zero-extended.
 */
final class CompiledAtomic {
    private static final long LOW_32 = 0xFFFF_FFFFL;

    private CompiledAtomic() {}

    /** LOCK is a full fence, though the comparison failed and nothing was written. */
    private static void fenceUnless(boolean written) {
        if (!written) {
            VarHandle.fullFence();
        }
    }

    /** Writes {@code value} if {@code expected} is there. */
    static long compareExchange32(long host, long expected, long value) {
        int old;
        do {
            old = Unchecked.getInt(host);
        } while (old == (int) expected && !Unchecked.compareAndSetInt(host, old, (int) value));
        fenceUnless(old == (int) expected);
        return old & LOW_32;
    }

    static long compareExchange64(long host, long expected, long value) {
        long old;
        do {
            old = Unchecked.getLong(host);
        } while (old == expected && !Unchecked.compareAndSetLong(host, old, value));
        fenceUnless(old == expected);
        return old;
    }

    /** The same of one or two bytes of the doubleword that they lie in. */
    private static long compareExchangePart(long host, long expected, long value, long mask) {
        int shift = (int) (host & 3) * 8;
        int inPlace = (int) (mask << shift);
        while (true) {
            int all = Unchecked.getInt(host & -4);
            long old = all >>> shift & mask;
            int changed = all & ~inPlace | (int) ((value & mask) << shift);
            fenceUnless(old == (expected & mask));
            if (old != (expected & mask) || Unchecked.compareAndSetInt(host & -4, all, changed)) {
                return old;
            }
        }
    }

    static long compareExchange8(long host, long expected, long value) {
        return compareExchangePart(host, expected, value, 0xFF);
    }

    static long compareExchange16(long host, long expected, long value) {
        return compareExchangePart(host, expected, value, 0xFFFF);
    }

    static long exchange8(long host, long value) {
        long old;
        do {
            old = CompiledMemory.at8(host);
        } while (compareExchange8(host, old, value) != old);
        return old;
    }

    static long exchange16(long host, long value) {
        long old;
        do {
            old = CompiledMemory.at16(host);
        } while (compareExchange16(host, old, value) != old);
        return old;
    }

    static long exchange32(long host, long value) {
        return Unchecked.getAndSetInt(host, (int) value) & LOW_32;
    }

    static long exchange64(long host, long value) {
        return Unchecked.getAndSetLong(host, value);
    }

    static long add8(long host, long value) {
        long old;
        do {
            old = CompiledMemory.at8(host);
        } while (compareExchange8(host, old, old + value) != old);
        return old;
    }

    static long add16(long host, long value) {
        long old;
        do {
            old = CompiledMemory.at16(host);
        } while (compareExchange16(host, old, old + value) != old);
        return old;
    }

    static long add32(long host, long value) {
        return Unchecked.getAndAddInt(host, (int) value) & LOW_32;
    }

    static long add64(long host, long value) {
        return Unchecked.getAndAddLong(host, value);
    }

    /** (operand &amp; {@code kept}) ^ {@code flipped}: every operation on single bits. */
    static long bits8(long host, long kept, long flipped) {
        long old;
        do {
            old = CompiledMemory.at8(host);
        } while (compareExchange8(host, old, old & kept ^ flipped) != old);
        return old;
    }

    static long bits16(long host, long kept, long flipped) {
        long old;
        do {
            old = CompiledMemory.at16(host);
        } while (compareExchange16(host, old, old & kept ^ flipped) != old);
        return old;
    }

    static long bits32(long host, long kept, long flipped) {
        int old;
        do {
            old = Unchecked.getInt(host);
        } while (!Unchecked.compareAndSetInt(host, old, old & (int) kept ^ (int) flipped));
        return old & LOW_32;
    }

    static long bits64(long host, long kept, long flipped) {
        long old;
        do {
            old = Unchecked.getLong(host);
        } while (!Unchecked.compareAndSetLong(host, old, old & kept ^ flipped));
        return old;
    }

    /** NEG. */
    static long negate8(long host) {
        long old;
        do {
            old = CompiledMemory.at8(host);
        } while (compareExchange8(host, old, -old) != old);
        return old;
    }

    static long negate16(long host) {
        long old;
        do {
            old = CompiledMemory.at16(host);
        } while (compareExchange16(host, old, -old) != old);
        return old;
    }

    static long negate32(long host) {
        int old;
        do {
            old = Unchecked.getInt(host);
        } while (!Unchecked.compareAndSetInt(host, old, -old));
        return old & LOW_32;
    }

    static long negate64(long host) {
        long old;
        do {
            old = Unchecked.getLong(host);
        } while (!Unchecked.compareAndSetLong(host, old, -old));
        return old;
    }

    /** What CMPXCHG leaves in RAX: {@code old} in EAX, and nothing new if it was there already. */
    static long accumulator32(long old, long rax) {
        return (int) old == (int) rax ? rax : old & LOW_32;
    }
}
