// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.software.floating.ExtendedArithmetic;
import dev.terrarium.engine.processor.software.floating.FloatingArithmetic;

/** The x87 register stack with its status and tag words (Intel SDM volume 1, section 8.1). */
final class X87Registers {
    static final int STACK_FAULT = 1 << 6;
    static final int ERROR_SUMMARY = 1 << 7;
    static final int C0 = 1 << 8;
    static final int C1 = 1 << 9;
    static final int C2 = 1 << 10;
    static final int C3 = 1 << 14;
    static final int BUSY = 1 << 15;
    static final int CONDITIONS = C0 | C1 | C2 | C3;
    private static final int EXCEPTIONS = 0x3F;
    private static final int TOP_SHIFT = 11;
    private static final int STATUS_WITHOUT_TOP = 0xFFFF & ~(7 << TOP_SHIFT);

    private static final int TAG_VALID = 0;
    private static final int TAG_ZERO = 1;
    private static final int TAG_SPECIAL = 2;
    private static final int TAG_EMPTY = 3;

    private final FloatingPointState state;

    X87Registers(FloatingPointState state) {
        this.state = state;
    }

    int physical(int i) {
        return (state.top + i) & 7;
    }

    boolean empty(int i) {
        return (state.valid >>> physical(i) & 1) == 0;
    }

    int signExponent(int i) {
        return state.signExponent[physical(i)];
    }

    long significand(int i) {
        return state.significand[physical(i)];
    }

    void set(int i, int signExponent, long significand) {
        int register = physical(i);
        state.signExponent[register] = signExponent;
        state.significand[register] = significand;
        state.valid |= 1 << register;
    }

    void setDefaultNaN(int i) {
        set(i, ExtendedArithmetic.DEFAULT_NAN_EXPONENT, ExtendedArithmetic.DEFAULT_NAN_SIGNIFICAND);
    }

    void free(int i) {
        state.valid &= ~(1 << physical(i));
    }

    void pop() {
        free(0);
        state.top = (state.top + 1) & 7;
    }

    /** Is there no room for a push? */
    boolean full() {
        return (state.valid >>> physical(7) & 1) != 0;
    }

    void push(int signExponent, long significand) {
        state.top = (state.top - 1) & 7;
        set(0, signExponent, significand);
    }

    void rotate(int by) {
        state.top = (state.top + by) & 7;
        state.status &= ~C1;
    }

    boolean masked(int exception) {
        return (state.control & exception) != 0;
    }

    /** Records a push on a full stack; true if the default response (a NaN) is to be given. */
    boolean overflow() {
        return stackFault(C1);
    }

    /** Records the use of an empty register; true if the default response is to be given. */
    boolean underflow() {
        return stackFault(0);
    }

    private boolean stackFault(int c1) {
        state.status = (state.status & ~C1) | c1 | STACK_FAULT | FloatingArithmetic.INVALID;
        summarize();
        return masked(FloatingArithmetic.INVALID);
    }

    /** Adds what an operation raised to the status word; true if its result may be stored in a register. */
    boolean commit(ExtendedArithmetic arithmetic) {
        state.status = (state.status & ~C1) | arithmetic.flags() | (arithmetic.roundedUp() ? C1 : 0);
        summarize();
        return !arithmetic.stopped();
    }

    boolean commitKeepingC1(ExtendedArithmetic arithmetic) {
        state.status |= arithmetic.flags();
        summarize();
        return !arithmetic.stopped();
    }

    void setConditions(int conditions) {
        state.status = (state.status & ~CONDITIONS) | conditions;
    }

    void clearC1() {
        state.status &= ~C1;
    }

    /** Sets or clears the summary bits by the exceptions that are recorded and not masked. */
    void summarize() {
        if ((state.status & ~state.control & EXCEPTIONS) != 0) {
            state.status |= ERROR_SUMMARY | BUSY;
        } else {
            state.status &= ~(ERROR_SUMMARY | BUSY);
        }
    }

    boolean exceptionPending() {
        return (state.status & ERROR_SUMMARY) != 0;
    }

    void clearExceptions() {
        state.status &= ~(ERROR_SUMMARY | BUSY | STACK_FAULT | EXCEPTIONS);
    }

    int statusWord() {
        return state.status | (state.top << TOP_SHIFT);
    }

    void setStatusWord(int word) {
        state.status = word & STATUS_WITHOUT_TOP;
        state.top = (word >>> TOP_SHIFT) & 7;
        summarize();
    }

    void setControlWord(int word) {
        state.control = (word & 0x1F3F) | 0x40;
        summarize();
    }

    /** The full tag word, two bits a register. */
    int tagWord() {
        int word = 0;
        for (int i = 0; i < 8; i++) {
            word |= tag(i) << (2 * i);
        }
        return word;
    }

    private int tag(int register) {
        if ((state.valid >>> register & 1) == 0) {
            return TAG_EMPTY;
        }
        int exponent = state.signExponent[register] & ExtendedArithmetic.SPECIAL;
        long significand = state.significand[register];
        if (exponent == 0 && significand == 0) {
            return TAG_ZERO;
        }
        return exponent == 0 || exponent == ExtendedArithmetic.SPECIAL || significand >= 0 ? TAG_SPECIAL : TAG_VALID;
    }

    void setTagWord(int word) {
        state.valid = 0;
        for (int i = 0; i < 8; i++) {
            if ((word >>> (2 * i) & 3) != TAG_EMPTY) {
                state.valid |= 1 << i;
            }
        }
    }

    void initialize() {
        state.control = 0x37F;
        state.status = 0;
        state.top = 0;
        state.valid = 0;
        state.lastOpcode = 0;
        state.lastInstruction = 0;
        state.lastInstructionSelector = 0;
        state.lastOperand = 0;
        state.lastOperandSelector = 0;
    }
}
