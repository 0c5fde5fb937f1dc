// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * A processor exception on its way from the place that found it to the interpreter's loop. Each {@link Cpu} has one,
 * without a stack trace, and throws it again and again: see {@link Cpu#fault}.
 */
final class GuestFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    static final int DIVIDE_ERROR = 0;
    static final int DEBUG = 1;
    static final int NON_MASKABLE = 2;
    static final int BREAKPOINT = 3;
    static final int OVERFLOW = 4;
    static final int BOUND_RANGE = 5;
    static final int INVALID_OPCODE = 6;
    static final int DEVICE_NOT_AVAILABLE = 7;
    static final int DOUBLE_FAULT = 8;
    static final int INVALID_TSS = 10;
    static final int SEGMENT_NOT_PRESENT = 11;
    static final int STACK_FAULT = 12;
    static final int GENERAL_PROTECTION = 13;
    static final int PAGE_FAULT = 14;
    static final int X87_FLOATING_POINT = 16;
    static final int ALIGNMENT_CHECK = 17;
    static final int MACHINE_CHECK = 18;
    static final int SIMD_FLOATING_POINT = 19;

    /** In place of an error code, for exceptions that push none. */
    static final int NO_ERROR_CODE = -1;

    /** In place of a vector: an access to a non-canonical address by a segment that is not known yet. */
    static final int NON_CANONICAL_ACCESS = 256;

    /**
     * In place of a vector: compiled code was about to write to code, or, while it is checked, to do what cannot be done twice; the
     * interpreter has to do it instead.
     */
    static final int WRITE_TO_CODE = 257;

    int vector;
    int errorCode;

    /** The address of a {@link #NON_CANONICAL_ACCESS}. */
    long linear;

    GuestFault() {
        super(null, null, false, false);
    }
}
