// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;

/**
 * The local variables of a region's method, and the bytecode that moves values between them and the {@link Cpu}. Guest
 * registers are long variables; each is loaded when the region is entered and written back when it is left.
 */
final class RegionFrame {
    static final ClassDesc REGION = type(Region.class);
    static final ClassDesc CPU = type(Cpu.class);
    static final ClassDesc MMU = type(Mmu.class);
    static final ClassDesc MEMORY = type(CompiledMemory.class);
    static final ClassDesc FLAGS = type(FlagKind.class);
    static final ClassDesc STATE = type(FloatingPointState.class);
    static final ClassDesc LONGS = ConstantDescs.CD_long.arrayType();
    static final ClassDesc LONG = ConstantDescs.CD_long;
    static final ClassDesc INT = ConstantDescs.CD_int;

    private static final MethodTypeDesc LONG_OF_FLAGS = MethodTypeDesc.of(LONG, INT, LONG, LONG, LONG);
    private static final MethodTypeDesc READ = MethodTypeDesc.of(LONG, LONG, LONGS);
    private static final MethodTypeDesc WRITE = MethodTypeDesc.of(ConstantDescs.CD_void, LONG, LONG, LONGS);
    private static final MethodTypeDesc MISSES = MethodTypeDesc.of(ConstantDescs.CD_boolean, LONG, LONGS);
    private static final MethodTypeDesc INSERT = MethodTypeDesc.of(LONG, LONG, LONG);

    static final int THIS = 0;
    static final int CPU_SLOT = 1;
    static final int MMU_SLOT = 2;
    static final int BASE = 3;
    static final int ENTRY = 5;
    static final int READS = 6;
    static final int WRITES = 7;
    static final int GPR = 8;

    /** Instructions executed since the region was entered. */
    static final int EXECUTED = 10;

    /** The flags, as {@link FlagKind} has them. */
    static final int KIND = 11;

    static final int FLAG_A = 12;
    static final int FLAG_B = 14;
    static final int FLAG_R = 16;
    private static final int REGISTERS = 18;

    /** For values inside one instruction. */
    static final int TEMPORARY = 50;

    static final int TEMPORARY_2 = 52;
    static final int TEMPORARY_3 = 54;

    /** The address of the access being made, and the value being written. */
    static final int LINEAR = 58;

    private static final int WRITTEN = 60;

    /** Where in the host's memory the operand of a read-modify-write is. */
    static final int HOST = 62;

    /** A shift count, an int. */
    static final int COUNT = 64;

    /** The XMM registers; there if {@link #usesSimd}. */
    static final int XMM = 56;

    /** Their upper halves, and whether AVX is enabled, an int; there if {@link #usesAvx}. */
    static final int UPPER = 57;

    static final int AVX = 65;

    final CodeBuilder c;
    final List<RegionPlan.Site> sites = new ArrayList<>();
    final List<Retreat> retreats = new ArrayList<>();

    /** Registers the region reads or writes, and those it writes: bit n is register n. */
    private final int used;

    private final int written;

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

    /** Registers whose variables are newer than {@link Cpu#gpr}. */
    private int dirty;

    /** The flags' variables are newer than what was last saved of them. */
    private boolean flagsDirty;

    /**
     * What is known of the variables at a place in the code.
     *
     * @param dirty registers whose variables are newer than the vCPU's, as bits
     * @param flagsDirty whether the flags' are
     * @param kind what the flags' kind is, or -1
     */
    record Knowledge(int dirty, boolean flagsDirty, int kind) {
        Knowledge join(Knowledge other) {
            boolean same = kind == other.kind && kind >= 0;
            return new Knowledge(dirty | other.dirty, flagsDirty || other.flagsDirty || !same, same ? kind : -1);
        }
    }

    Knowledge knowledge() {
        return new Knowledge(dirty, flagsDirty, knownKind);
    }

    void know(Knowledge knowledge) {
        dirty = knowledge.dirty & written;
        flagsDirty = knowledge.flagsDirty;
        knownKind = knowledge.kind;
    }

    RegionFrame(CodeBuilder c, int used, int written) {
        this.c = c;
        this.used = used | written;
        this.written = written;
    }

    static ClassDesc type(Class<?> type) {
        return ClassDesc.of(type.getName());
    }

    static int slot(int register) {
        return REGISTERS + 2 * register;
    }

    /** Pushes a register's 64 bits. */
    void load(int register) {
        if (register == Cpu.ZERO) {
            c.lconst_0();
        } else {
            c.lload(slot(register));
        }
    }

    void store(int register) {
        c.lstore(slot(register));
        dirty |= 1 << register;
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
        saveRegisters(dirty);
        dirty = 0;
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
            retreats.add(new Retreat(i, c.newLabel(), blockDelta + i.end - i.length, index));
        }
        return retreats.getLast().label;
    }

    /** A way out of the region before an instruction; {@code index} is how many of its block come before it. */
    record Retreat(Instruction instruction, Label label, int delta, int index) {}

    private void leaveOnMiss(Instruction i, String misses, int table) {
        c.lload(LINEAR);
        c.aload(table);
        c.invokestatic(MEMORY, misses, MISSES);
        c.ifne(retreat(i));
    }

    /** Pops a linear address, pushes what is there, zero-extended. */
    void read(Instruction i, int size) {
        c.lstore(LINEAR);
        leaveOnMiss(i, "misses" + 8 * size, READS);
        c.lload(LINEAR);
        c.aload(READS);
        c.invokestatic(MEMORY, (ordered ? "readOrdered" : "read") + 8 * size, READ);
    }

    /** Pops a linear address and on top of it a value. */
    void write(Instruction i, int size) {
        c.lstore(WRITTEN);
        c.lstore(LINEAR);
        leaveOnMiss(i, "misses" + 8 * size, WRITES);
        c.lload(LINEAR);
        c.lload(WRITTEN);
        c.aload(WRITES);
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
        c.aload(WRITES);
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

    /** Loads everything when the region is entered. */
    void enter() {
        c.aload(MMU_SLOT).invokevirtual(MMU, "reads", MethodTypeDesc.of(LONGS)).astore(READS);
        c.aload(MMU_SLOT).invokevirtual(MMU, "writes", MethodTypeDesc.of(LONGS)).astore(WRITES);
        c.aload(CPU_SLOT).getfield(CPU, "gpr", LONGS).astore(GPR);
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
        loadRegisters(used);
    }

    void loadRegisters(int registers) {
        for (int register = 0; register < 16; register++) {
            if ((registers & used & 1 << register) != 0) {
                c.aload(GPR);
                c.loadConstant(register);
                c.laload();
                c.lstore(slot(register));
            }
        }
    }

    /** Writes those of the given registers back that may have changed. */
    void saveRegisters(int registers) {
        for (int register = 0; register < 16; register++) {
            if ((registers & written & 1 << register) != 0) {
                c.aload(GPR);
                c.loadConstant(register);
                load(register);
                c.lastore();
            }
        }
    }

    /** Writes everything back when the region is left; what {@link Cpu#rip} is to be was set. */
    void leave() {
        saveRegisters(0xFFFF);
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
