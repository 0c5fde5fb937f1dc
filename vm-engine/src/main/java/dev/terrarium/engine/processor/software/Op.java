// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** What an {@link Instruction} does, as a dense number for the interpreter's switch. */
final class Op {
    /** Undefined: raises #UD. */
    static final int INVALID = 0;

    /** Executed by {@code X87Unit}: opcodes D8 to DF and FWAIT (9B). */
    static final int X87 = 1;

    /** Executed by {@code SimdUnit}: MMX, SSE to SSSE3, FXSAVE, FXRSTOR, LDMXCSR, STMXCSR, EMMS, MOVNTI. */
    static final int SIMD = 2;

    /** Executed by {@code SystemUnit}; the block ends after it. */
    static final int SYSTEM = 3;

    private Op() {}
}
