// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The local variables of a region's method, and the bytecode that moves values between them and the {@link Cpu}: flags, memory
 * operands, what instructions need in passing. The registers' variables are {@link RegisterVariables}'s.
 */
final class RegionFrame {
    static final ClassDesc REGION = type(Region.class);
    static final ClassDesc CPU = type(Cpu.class);
    static final ClassDesc MMU = type(Mmu.class);
    static final ClassDesc MEMORY = type(CompiledMemory.class);
    static final ClassDesc FLAGS = type(FlagKind.class);
    static final ClassDesc STATE = type(FloatingPointState.class);
    private static final ClassDesc OBJECT = ConstantDescs.CD_Object;
    static final ClassDesc LONGS = ConstantDescs.CD_long.arrayType();
    static final ClassDesc LONG = ConstantDescs.CD_long;
    static final ClassDesc INT = ConstantDescs.CD_int;

    private static final MethodTypeDesc LONG_OF_FLAGS = MethodTypeDesc.of(LONG, INT, LONG, LONG, LONG);
    private static final MethodTypeDesc READ = MethodTypeDesc.of(LONG, LONG, LONG);
    private static final MethodTypeDesc WRITE = MethodTypeDesc.of(ConstantDescs.CD_void, LONG, LONG, LONG);
    private static final MethodTypeDesc MISSES = MethodTypeDesc.of(ConstantDescs.CD_boolean, LONG, LONG);
    private static final MethodTypeDesc INSERT = MethodTypeDesc.of(LONG, LONG, LONG);

    static final int THIS = 0;
    static final int CPU_SLOT = 1;
    static final int MMU_SLOT = 2;
    static final int BASE = 3;
    static final int ENTRY = 5;
    static final int READS = 6;
    static final int WRITES = 8;
    static final int GPR = 10;

    /** Instructions executed since the region was entered. */
    static final int EXECUTED = 11;

    /** The flags, as {@link FlagKind} has them. */
    static final int KIND = 12;

    static final int FLAG_A = 13;
    static final int FLAG_B = 15;
    static final int FLAG_R = 17;
    static final int REGISTERS = 19;

    /** For values inside one instruction. */
    static final int TEMPORARY = 52;

    static final int TEMPORARY_2 = 54;
    static final int TEMPORARY_3 = 56;

    /** The address of the access being made, and the value being written. */
    static final int LINEAR = 60;

    private static final int WRITTEN = 62;

    /** Where in the host's memory the operand of a read-modify-write is. */
    static final int HOST = 64;

    /** A shift count, an int. */
    static final int COUNT = 66;

    /** The XMM registers; there if {@link #usesSimd}. */
    static final int XMM = 58;

    /** Their upper halves, and whether AVX is enabled, an int; there if {@link #usesAvx}. */
    static final int UPPER = 59;

    static final int AVX = 67;

    final CodeBuilder c;
    final List<RegionPlan.Site> sites = new ArrayList<>();
    final List<Retreat> retreats = new ArrayList<>();

    /** Instructions of {@link SimdForms} are among the region's. */
    boolean usesSimd;

    /** Instructions of {@link AvxForms} are. */
    boolean usesAvx;

    /** Other vCPUs must see accesses in the order of the program. */
    boolean ordered;

    /** The piece being generated, and where in it. */
    int blockDelta;

    int index;

    /** What {@link #KIND} holds here, if that is known; else -1. */
    int knownKind = -1;

    /** The guest's registers at this place in the code. */
    final RegisterVariables registers;

    /** The flags' variables are newer than what was last saved of them. */
    private boolean flagsDirty;

    /**
     * What is known of the flags at a place in the code.
     *
     * @param flagsDirty whether the flags' variables are newer than what was saved of them
     * @param kind what the flags' kind is, or -1
     */
    record Knowledge(boolean flagsDirty, int kind) {
        Knowledge join(Knowledge other) {
            boolean same = kind == other.kind && kind >= 0;
            return new Knowledge(flagsDirty || other.flagsDirty || !same, same ? kind : -1);
        }
    }

    Knowledge knowledge() {
        return new Knowledge(flagsDirty, knownKind);
    }

    void know(Knowledge knowledge) {
        flagsDirty = knowledge.flagsDirty;
        knownKind = knowledge.kind;
    }

    RegionFrame(CodeBuilder c) {
        this.c = c;
        this.registers = new RegisterVariables(c);
    }

    static ClassDesc type(Class<?> type) {
        return ClassDesc.of(type.getName());
    }

    /** Pushes the 64 bits of a register that has been fetched. */
    void load(int register) {
        registers.load(register);
    }

    void store(int register) {
        registers.store(register);
    }

    /** Adds a constant to the long on the stack. */
    void add(long constant) {
        if (constant != 0) {
            c.loadConstant(constant);
            c.ladd();
        }
    }

    /** Sign-extends the low {@code size} bytes of the long on the stack. */
    void signExtend(int size) {
        switch (size) {
            case 1 -> c.l2i().i2b().i2l();
            case 2 -> c.l2i().i2s().i2l();
            case 4 -> c.l2i().i2l();
            default -> {}
        }
    }

    void mask(long mask) {
        if (mask != -1) {
            c.loadConstant(mask);
            c.land();
        }
    }

    /** Pushes the linear address that lies {@code delta} bytes from the base. */
    void codeAddress(long delta) {
        c.lload(BASE);
        add(delta);
    }

    /** Pushes the register or immediate operand of an instruction, with bits above the operand's size undefined. */
    void source(Instruction i) {
        if (i.source == Cpu.ZERO) {
            c.loadConstant(i.immediate);
            return;
        }
        load(i.source);
        if (i.sourceShift != 0) {
            c.bipush(i.sourceShift);
            c.lushr();
        }
        add(i.immediate);
    }

    void destination(Instruction i) {
        load(i.destination);
        if (i.destinationShift != 0) {
            c.bipush(i.destinationShift);
            c.lushr();
        }
    }

    void setDestination(Instruction i, int size) {
        set(i.destination, i.destinationShift, size);
    }

    /** Pops a long into the low {@code size} bytes of a register; 32-bit results clear the upper half. */
    void set(int register, int shift, int size) {
        switch (size) {
            case 8 -> {}
            case 4 -> mask(0xFFFF_FFFFL);
            case 2 -> {
                load(register);
                c.invokestatic(MEMORY, "insert16", INSERT);
            }
            default -> {
                load(register);
                c.invokestatic(MEMORY, shift == 0 ? "insert8" : "insert8High", INSERT);
            }
        }
        store(register);
    }

    /** Pushes the effective address of the memory operand. */
    void effectiveAddress(Instruction i) {
        boolean pushed = false;
        long offset = i.addressOffset;
        if (i.addressBase == Cpu.BLOCK_START) {
            c.lload(BASE);
            offset += blockDelta;
            pushed = true;
        } else if (i.addressBase != Cpu.ZERO) {
            load(i.addressBase);
            pushed = true;
        }
        if (i.index != Cpu.ZERO) {
            load(i.index);
            if (i.scale != 0) {
                c.loadConstant(i.scale);
                c.lshl();
            }
            if (pushed) {
                c.ladd();
            }
            pushed = true;
        }
        if (pushed) {
            add(offset);
        } else {
            c.loadConstant(offset);
        }
        mask(i.addressMask);
    }

    /** Pushes the linear address of the memory operand. */
    void address(Instruction i) {
        effectiveAddress(i);
        addSegmentBase(i);
    }

    void addSegmentBase(Instruction i) {
        if (!i.flat && i.segment >= Cpu.FS) {
            c.aload(CPU_SLOT);
            c.getfield(CPU, "segmentBase", LONGS);
            c.loadConstant(i.segment);
            c.laload();
            c.ladd();
        }
    }

    /**
     * Prepares for what may raise an exception: makes the vCPU's registers and flags those from before the instruction.
     * Returns the site's number.
     */
    int site(Instruction i) {
        registers.writeBack();
        if (flagsDirty) {
            saveFlags();
            flagsDirty = false;
        }
        sites.add(new RegionPlan.Site(i, blockDelta + i.end - i.length, blockDelta, index, knownKind));
        return sites.size() - 1;
    }

    private void saveFlags() {
        int family = knownKind < 0 ? -1 : knownKind & ~3;
        if (knownKind < 0) {
            c.aload(CPU_SLOT).iload(KIND).putfield(CPU, "savedFlagKind", INT);
        }
        if (family != FlagKind.LOGIC) {
            c.aload(CPU_SLOT).lload(FLAG_A).putfield(CPU, "savedFlagA", LONG);
            if (family != FlagKind.INC && family != FlagKind.DEC && family != FlagKind.WIDE) {
                c.aload(CPU_SLOT).lload(FLAG_B).putfield(CPU, "savedFlagB", LONG);
            }
        }
        if (family != FlagKind.ADD && family != FlagKind.SUB) {
            c.aload(CPU_SLOT).lload(FLAG_R).putfield(CPU, "savedFlagR", LONG);
        }
    }

    /**
     * Where to go to have the interpreter execute an instruction from its start. Nothing that the guest sees may have
     * changed since then, and the operand stack must be empty.
     */
    Label retreat(Instruction i) {
        if (retreats.isEmpty() || retreats.getLast().instruction != i) {
            retreats.add(new Retreat(i, c.newLabel(), blockDelta + i.end - i.length, index, registers.dirty()));
        }
        return retreats.getLast().label;
    }

    /**
     * A way out of the region before an instruction.
     *
     * @param index how many instructions of its block come before it
     * @param dirty the registers to be written back there
     */
    record Retreat(Instruction instruction, Label label, int delta, int index, int dirty) {}

    private void leaveOnMiss(Instruction i, String misses, int table) {
        c.lload(LINEAR);
        c.lload(table);
        c.invokestatic(MEMORY, misses, MISSES);
        c.ifne(retreat(i));
    }

    /** Pops a linear address, pushes what is there, zero-extended. */
    void read(Instruction i, int size) {
        c.lstore(LINEAR);
        leaveOnMiss(i, "misses" + 8 * size, READS);
        c.lload(LINEAR);
        c.lload(READS);
        c.invokestatic(MEMORY, (ordered ? "readOrdered" : "read") + 8 * size, READ);
    }

    /** Pops a linear address and on top of it a value. */
    void write(Instruction i, int size) {
        c.lstore(WRITTEN);
        c.lstore(LINEAR);
        leaveOnMiss(i, "misses" + 8 * size, WRITES);
        c.lload(LINEAR);
        c.lload(WRITTEN);
        c.lload(WRITES);
        c.invokestatic(MEMORY, (ordered ? "writeOrdered" : "write") + 8 * size, WRITE);
    }

    /** Pops a linear address of a vector, and leaves it in {@link #LINEAR} if the table answers for it. */
    void checkVector(Instruction i, int size, boolean aligned, int table) {
        c.lstore(LINEAR);
        leaveOnMiss(i, (aligned ? "missesAligned" : "misses") + 8 * size, table);
    }

    /**
     * Pops the linear address of an operand that is to be read and written, and stores its host address to {@link #HOST};
     * leaves if it cannot be written at once, or has to be {@code aligned} and is not.
     */
    void locate(Instruction i, int size, boolean aligned) {
        c.lstore(LINEAR);
        leaveOnMiss(i, (aligned && size > 1 ? "missesAligned" : "misses") + 8 * size, WRITES);
        c.lload(LINEAR);
        c.lload(WRITES);
        c.invokestatic(MEMORY, "host", READ);
        c.lstore(HOST);
    }

    /** One of VarHandle's fences, if other vCPUs are to see the order of accesses. */
    void fence(String name) {
        if (ordered) {
            c.invokestatic(ConstantDescs.CD_VarHandle, name, ConstantDescs.MTD_void);
        }
    }

    /** Pushes the operand at {@link #HOST}, zero-extended. */
    void loadHost(int size) {
        c.lload(HOST);
        c.invokestatic(MEMORY, "at" + 8 * size, MethodTypeDesc.of(LONG, LONG));
        fence("acquireFence");
    }

    /** Pops the operand at {@link #HOST}. */
    void storeHost(int size) {
        fence("releaseFence");
        c.lload(HOST);
        c.invokestatic(MEMORY, "put" + 8 * size, MethodTypeDesc.of(ConstantDescs.CD_void, LONG, LONG));
    }

    /** Reads the memory operand to {@link #TEMPORARY_2} after making sure that it can be written. */
    void readToModify(Instruction i, int size) {
        address(i);
        locate(i, size, false);
        loadHost(size);
        c.lstore(TEMPORARY_2);
    }

    /** Writes {@link #TEMPORARY_3} to the operand of {@link #readToModify}. */
    void writeModified(int size) {
        c.lload(TEMPORARY_3);
        storeHost(size);
    }

    /** Pushes the memory operand. */
    void readOperand(Instruction i, int size) {
        address(i);
        read(i, size);
    }

    /** Sets what the flags are from now on; their a, b and r have been stored. */
    void flags(int kind) {
        c.loadConstant(kind);
        c.istore(KIND);
        knownKind = kind;
        flagsDirty = true;
    }

    void pushFlags() {
        if (knownKind >= 0) {
            c.loadConstant(knownKind);
        } else {
            c.iload(KIND);
        }
        c.lload(FLAG_A);
        c.lload(FLAG_B);
        c.lload(FLAG_R);
    }

    /** Pushes CF as a long, 0 or 1. */
    void carry() {
        int family = knownKind & ~3;
        int unused = 64 - (8 << (knownKind & 3));
        if (knownKind < 0) {
            flagFunction("carry");
            return;
        }
        switch (family) {
            case FlagKind.LOGIC -> c.lconst_0();
            case FlagKind.INC, FlagKind.DEC -> c.lload(FLAG_A);
            case FlagKind.ADD, FlagKind.ADC -> carryOf("carryOfSum", family == FlagKind.ADD, unused);
            case FlagKind.SUB, FlagKind.SBB -> carryOf("carryOfDifference", family == FlagKind.SUB, unused);
            default -> flagFunction("carry");
        }
    }

    private void carryOf(String function, boolean plain, int unused) {
        c.lload(FLAG_A);
        c.lload(FLAG_B);
        if (plain) {
            c.lload(FLAG_A);
            c.lload(FLAG_B);
            if (function.equals("carryOfSum")) {
                c.ladd();
            } else {
                c.lsub();
            }
        } else {
            c.lload(FLAG_R);
        }
        c.loadConstant(unused);
        c.invokestatic(FLAGS, function, MethodTypeDesc.of(LONG, LONG, LONG, LONG, INT));
    }

    void flagFunction(String name) {
        pushFlags();
        c.invokestatic(FLAGS, name, LONG_OF_FLAGS);
    }

    /** Writes the flags to the vCPU. */
    void storeFlags() {
        pushFlags();
        c.aload(CPU_SLOT);
        c.invokestatic(FLAGS, "store", MethodTypeDesc.of(ConstantDescs.CD_void, INT, LONG, LONG, LONG, CPU));
    }

    /** Takes the flags over from the region that was left last, or from {@link Cpu#giveFlags}. */
    private void takeFlags() {
        c.aload(CPU_SLOT).getfield(CPU, "savedFlagR", LONG).lstore(FLAG_R);
        c.aload(CPU_SLOT).getfield(CPU, "savedFlagA", LONG).lstore(FLAG_A);
        c.aload(CPU_SLOT).getfield(CPU, "savedFlagB", LONG).lstore(FLAG_B);
        c.aload(CPU_SLOT).getfield(CPU, "savedFlagKind", INT).istore(KIND);
        knownKind = -1;
    }

    private void giveFlags() {
        c.aload(CPU_SLOT).lload(FLAG_R).putfield(CPU, "savedFlagR", LONG);
        c.aload(CPU_SLOT).lload(FLAG_A).putfield(CPU, "savedFlagA", LONG);
        c.aload(CPU_SLOT).lload(FLAG_B).putfield(CPU, "savedFlagB", LONG);
        c.aload(CPU_SLOT).iload(KIND).putfield(CPU, "savedFlagKind", INT);
    }

    /** Takes the flags from the vCPU. */
    void loadFlags() {
        c.aload(CPU_SLOT).getfield(CPU, "flagResult", LONG).lstore(FLAG_R);
        c.aload(CPU_SLOT).getfield(CPU, "flagCarries", LONG).lstore(FLAG_A);
        c.aload(CPU_SLOT).getfield(CPU, "flagAux", INT).i2l().lstore(FLAG_B);
        flags(FlagKind.CANONICAL);
    }

    /** Loads what every block may need when the region is entered. */
    void enter() {
        c.aload(MMU_SLOT).invokevirtual(MMU, "table", MethodTypeDesc.of(LONG)).lstore(READS);
        c.lload(READS);
        add(Mmu.WRITES);
        c.lstore(WRITES);
        c.aload(CPU_SLOT).getfield(CPU, "gpr", LONGS);
        c.invokestatic(type(Objects.class), "requireNonNull", MethodTypeDesc.of(OBJECT, OBJECT));
        c.checkcast(LONGS).astore(GPR);
        if (usesSimd) {
            c.aload(CPU_SLOT)
                    .getfield(CPU, "floatingPoint", STATE)
                    .getfield(STATE, "xmm", LONGS)
                    .astore(XMM);
        }
        if (usesAvx) {
            c.aload(CPU_SLOT)
                    .getfield(CPU, "floatingPoint", STATE)
                    .getfield(STATE, "upper", LONGS)
                    .astore(UPPER);
            c.aload(CPU_SLOT)
                    .invokevirtual(CPU, "avxEnabled", MethodTypeDesc.of(ConstantDescs.CD_boolean))
                    .istore(AVX);
        }
        c.iconst_0().istore(EXECUTED);
        takeFlags();
    }

    /** Writes back the flags when the region is left; the registers and {@link Cpu#rip} were. */
    void leave() {
        giveFlags();
        c.aload(CPU_SLOT);
        c.dup();
        c.getfield(CPU, "instructions", LONG);
        c.iload(EXECUTED);
        c.invokestatic(type(Integer.class), "toUnsignedLong", MethodTypeDesc.of(LONG, INT));
        c.ladd();
        c.putfield(CPU, "instructions", LONG);
    }
}
