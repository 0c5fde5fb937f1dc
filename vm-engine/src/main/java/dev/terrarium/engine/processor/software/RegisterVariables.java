// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.Unchecked;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/**
 * Where the guest's registers are at each place of the code being generated. They live in {@link Cpu#gpr}; a block keeps those
 * it uses in long variables, too, and writes what it changes to both. So few values are alive at a time that the host's
 * registers can hold them, and ways out, of which there are many, have nothing to do. In the loops that {@link RegisterLoops}
 * finds, registers are written back only where control leaves.
 */
final class RegisterVariables {
    private static final ClassDesc UNCHECKED = RegionFrame.type(Unchecked.class);
    private static final MethodTypeDesc ELEMENT =
            MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONGS, RegionFrame.LONG);
    private static final MethodTypeDesc PUT_ELEMENT =
            MethodTypeDesc.of(ConstantDescs.CD_void, RegionFrame.LONGS, RegionFrame.LONG, RegionFrame.LONG);

    private final CodeBuilder c;

    /** Registers whose variables hold their values, as bits. */
    private int cached;

    /** Those among them whose variables are newer than {@link Cpu#gpr}. */
    private int dirty;

    /** Registers are not written back at once. */
    private boolean inLoop;

    RegisterVariables(CodeBuilder c) {
        this.c = c;
    }

    private static int slot(int register) {
        return RegionFrame.REGISTERS + 2 * register;
    }

    /** Control comes from places where every register is in {@link Cpu#gpr} and nowhere else. */
    void nothingCached() {
        cached = 0;
        dirty = 0;
        inLoop = false;
    }

    /** Control comes from within a loop whose registers stay in variables, {@code written} of which may be newer. */
    void cachedInLoop(int registers, int written) {
        inLoop = true;
        cached = registers;
        dirty = written;
    }

    /** Fetches those of the given registers that are not in variables. */
    void fetch(int registers) {
        int wanted = registers & ~cached;
        for (int register = 0; register < 16; register++) {
            if ((wanted & 1 << register) != 0) {
                c.aload(RegionFrame.GPR);
                c.loadConstant(Unchecked.LONGS + 8L * register);
                c.invokestatic(UNCHECKED, "element", ELEMENT);
                c.lstore(slot(register));
            }
        }
        cached |= wanted;
    }

    /** Registers that are to be written back before control may leave. */
    int dirty() {
        return dirty;
    }

    /** Writes all registers back. */
    void writeBack() {
        writeBack(dirty);
        dirty = 0;
    }

    void writeBack(int registers) {
        for (int register = 0; register < 16; register++) {
            if ((registers & 1 << register) != 0) {
                c.aload(RegionFrame.GPR);
                c.loadConstant(Unchecked.LONGS + 8L * register);
                c.lload(slot(register));
                c.invokestatic(UNCHECKED, "putElement", PUT_ELEMENT);
            }
        }
    }

    /** Some registers were changed in {@link Cpu#gpr} itself; all have been written back. */
    void changedElsewhere(int registers) {
        cached &= ~registers;
    }

    /** Pushes the 64 bits of a register that has been fetched. */
    void load(int register) {
        if (register == Cpu.ZERO) {
            c.lconst_0();
        } else if ((cached & 1 << register) != 0) {
            c.lload(slot(register));
        } else {
            throw new IllegalStateException("register " + register + " is not at hand");
        }
    }

    void store(int register) {
        c.lstore(slot(register));
        cached |= 1 << register;
        if (inLoop) {
            dirty |= 1 << register;
        } else {
            writeBack(1 << register);
        }
    }
}
