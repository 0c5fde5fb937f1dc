// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The register file of one software vCPU: what the interpreter and compiled code work on. Plain fields, because every
 * guest instruction passes here; only the vCPU's own thread touches them, {@link #attention} excepted.
 *
 * <p>The arithmetic flags are lazy. An operation leaves its result sign-extended to 64 bits in {@link #flagResult}, the
 * vector of carries out of each bit position shifted so that the operand's top bit is bit 63 in {@link #flagCarries}, and
 * in {@link #flagAux} bit 4 the auxiliary carry (bit 4 of a ^ b ^ result). Bits 8 to 15 and 16 of flagAux, zero after
 * arithmetic, invert parity and sign so that any combination can be loaded.
 */
final class Cpu {
    static final int RAX = 0;
    static final int RCX = 1;
    static final int RDX = 2;
    static final int RBX = 3;
    static final int RSP = 4;
    static final int RBP = 5;
    static final int RSI = 6;
    static final int RDI = 7;
    /** The register that is always zero: the base or index of addresses that have none. */
    static final int ZERO = 16;

    /** In {@link #gpr}: the instruction pointer at which the running block starts. */
    static final int BLOCK_START = 17;

    static final int ES = 0;
    static final int CS = 1;
    static final int SS = 2;
    static final int DS = 3;
    static final int FS = 4;
    static final int GS = 5;
    static final int LDTR = 6;
    static final int TR = 7;

    static final int FLAG_CF = 1;
    static final int FLAG_PF = 1 << 2;
    static final int FLAG_AF = 1 << 4;
    static final int FLAG_ZF = 1 << 6;
    static final int FLAG_SF = 1 << 7;
    static final int FLAG_TF = 1 << 8;
    static final int FLAG_IF = 1 << 9;
    static final int FLAG_DF = 1 << 10;
    static final int FLAG_OF = 1 << 11;
    static final int FLAG_IOPL = 3 << 12;
    static final int FLAG_NT = 1 << 14;
    static final int FLAG_RF = 1 << 16;
    static final int FLAG_VM = 1 << 17;
    static final int FLAG_AC = 1 << 18;
    static final int FLAG_VIF = 1 << 19;
    static final int FLAG_VIP = 1 << 20;
    static final int FLAG_ID = 1 << 21;
    static final int ARITHMETIC_FLAGS = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF;

    static final long CR0_PE = 1;
    static final long CR0_MP = 1 << 1;
    static final long CR0_EM = 1 << 2;
    static final long CR0_TS = 1 << 3;
    static final long CR0_ET = 1 << 4;
    static final long CR0_NE = 1 << 5;
    static final long CR0_WP = 1 << 16;
    static final long CR0_AM = 1 << 18;
    static final long CR0_NW = 1 << 29;
    static final long CR0_CD = 1 << 30;
    static final long CR0_PG = 1L << 31;

    static final long CR4_VME = 1;
    static final long CR4_PVI = 1 << 1;
    static final long CR4_TSD = 1 << 2;
    static final long CR4_DE = 1 << 3;
    static final long CR4_PSE = 1 << 4;
    static final long CR4_PAE = 1 << 5;
    static final long CR4_MCE = 1 << 6;
    static final long CR4_PGE = 1 << 7;
    static final long CR4_PCE = 1 << 8;
    static final long CR4_OSFXSR = 1 << 9;
    static final long CR4_OSXMMEXCPT = 1 << 10;

    static final long CR4_FSGSBASE = 1 << 16;
    static final long CR4_OSXSAVE = 1 << 18;

    static final long EFER_SCE = 1;
    static final long EFER_LME = 1 << 8;
    static final long EFER_LMA = 1 << 10;
    static final long EFER_NXE = 1 << 11;

    /** Bits of {@link #attention}. */
    static final int ATTENTION_KICK = 1;

    /** Look at interrupts, signals, the single-step flag and the interrupt shadow before the next instruction. */
    static final int ATTENTION_EVENT = 2;

    /** The extensions that decoded instructions may be of. */
    final FeatureSet features;

    /** RAX to R15, then the constant {@link #ZERO}, then {@link #BLOCK_START}. */
    final long[] gpr = new long[18];

    /** The instruction pointer. The interpreter sets it before anything that looks at it; see {@code Interpreter}. */
    long rip;

    long flagResult;
    long flagCarries;
    int flagAux;

    /** RFLAGS without the arithmetic flags; bit 1 is always set. */
    int systemFlags = 2;

    final int[] selector = new int[8];
    final long[] segmentBase = new long[8];
    /** In bytes, after scaling: 0 to 0xFFFFFFFF. */
    final long[] segmentLimit = new long[8];
    /** Descriptor bits in place, as in {@code ProcessorState.Segment}; 0 is an unusable segment. */
    final int[] segmentAttributes = new int[8];

    long gdtBase;
    int gdtLimit;
    long idtBase;
    int idtLimit;

    long cr0;
    long cr2;
    long cr3;
    long cr4;
    long efer;

    /** XCR0: the components of {@link FloatingPointImage} that are enabled. */
    long xcr0 = 1;

    /** DR0 to DR3 at 0 to 3, DR6 at 6, DR7 at 7. */
    final long[] debug = new long[8];

    /** Current privilege level, 0 to 3 (3 in virtual-8086 mode, 0 in real mode). */
    int cpl;

    /** Code size of the running code segment in bytes: 2, 4 or 8. 8 means 64-bit mode. */
    int codeSize = 2;

    /** Stack-pointer width in bytes: 2, 4 or 8. */
    int stackSize = 2;

    /** EFER.LMA: long mode is active (64-bit or compatibility). */
    boolean longMode;

    /**
     * Interrupts are held off while {@link #rip} is still {@link #shadowedInstruction}. Left standing when execution has
     * moved on, because looking costs nothing only when there is an interrupt.
     */
    boolean interruptShadow;

    long shadowedInstruction;

    /** The single-step trap is held off too, after MOV SS and POP SS. */
    boolean trapShadow;

    boolean nonMaskableBlocked;
    boolean halted;

    /** Guest instructions executed. */
    long instructions;

    /** How many of {@link #instructions} were executed by compiled code. */
    long compiledInstructions;

    /**
     * The flags as {@link FlagKind} has them: what one region leaves to the next, and what compiled code wrote back before it
     * did what may raise an exception.
     */
    int savedFlagKind;

    long savedFlagA;
    long savedFlagB;
    long savedFlagR;

    /** Other vCPUs work on the same memory: they must see accesses in the order of the program. */
    boolean shared;

    /** A region is running: writes to code must be left to the interpreter. */
    boolean inRegion;

    /** x87, MMX, SSE registers and their control words. */
    final FloatingPointState floatingPoint = new FloatingPointState();

    final GuestFault fault = new GuestFault();

    /** SSE arithmetic for compiled code, where it needs more than Java's own. */
    final SimdFloat elements = new SimdFloat(this);

    /** Anything but 0 makes the interpreter leave its loop at the next block boundary. Written from any thread. */
    @SuppressWarnings("UnusedVariable") // read through ATTENTION
    private int attention;

    private static final VarHandle ATTENTION;
    private static final VarHandle INSTRUCTIONS;

    static {
        try {
            ATTENTION = MethodHandles.lookup().findVarHandle(Cpu.class, "attention", int.class);
            INSTRUCTIONS = MethodHandles.lookup().findVarHandle(Cpu.class, "instructions", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** A processor that has everything. */
    Cpu() {
        this(FeatureSet.BEST);
    }

    Cpu(FeatureSet features) {
        this.features = features;
    }

    /** {@link #instructions} for other threads. */
    long instructionsSeenFromOutside() {
        return (long) INSTRUCTIONS.getOpaque(this);
    }

    /** Gives the flags to compiled code. */
    void giveFlags() {
        savedFlagKind = FlagKind.CANONICAL;
        savedFlagR = flagResult;
        savedFlagA = flagCarries;
        savedFlagB = flagAux;
    }

    /** Takes the flags that compiled code left. */
    void takeFlags() {
        FlagKind.store(savedFlagKind, savedFlagA, savedFlagB, savedFlagR, this);
    }

    /** A cheap look, for the interpreter's loop. */
    int attention() {
        return (int) ATTENTION.getOpaque(this);
    }

    /** For compiled code's loops: is there something to see to, or has the count of what was executed run over? */
    boolean mustLeave(int executed) {
        return (attention() | executed & Integer.MIN_VALUE) != 0;
    }

    void demandAttention(int bits) {
        ATTENTION.getAndBitwiseOr(this, bits);
    }

    /** Returns what was demanded and clears it. */
    int takeAttention() {
        return (int) ATTENTION.getAndSet(this, 0);
    }

    /** Can SSE instructions be executed, rather than raise #UD or #NM? See {@link SimdOperands#requireSse}. */
    boolean sseEnabled() {
        return (cr0 & (CR0_EM | CR0_TS)) == 0 && (cr4 & CR4_OSFXSR) != 0;
    }

    /** Can AVX instructions be executed in 64-bit mode, rather than raise #UD or #NM? See {@link AvxUnit}. */
    boolean avxEnabled() {
        long needed = FloatingPointImage.SSE_COMPONENT | FloatingPointImage.AVX_COMPONENT;
        return (cr0 & CR0_TS) == 0 && (cr4 & CR4_OSXSAVE) != 0 && (xcr0 & needed) == needed;
    }

    /** Prepares a processor exception; the caller throws what this returns. */
    GuestFault fault(int vector, int errorCode) {
        fault.vector = vector;
        fault.errorCode = errorCode;
        return fault;
    }

    GuestFault invalidOpcode() {
        return fault(GuestFault.INVALID_OPCODE, GuestFault.NO_ERROR_CODE);
    }

    /** Is this an address that the 48 bits of linear addresses can express? */
    static boolean canonical(long address) {
        return address << 16 >> 16 == address;
    }

    /** The fault of an access to a non-canonical address: #GP(0), unless the stack segment was used; see Interpreter. */
    GuestFault nonCanonical(long linear) {
        fault.linear = linear;
        return fault(GuestFault.NON_CANONICAL_ACCESS, 0);
    }

    GuestFault generalProtection(int errorCode) {
        return fault(GuestFault.GENERAL_PROTECTION, errorCode);
    }

    boolean carry() {
        return flagCarries < 0;
    }

    /** CF as 0 or 1. */
    int carryBit() {
        return (int) (flagCarries >>> 63);
    }

    /** Changes CF and leaves the other flags. */
    void setCarry(boolean carry) {
        setCarryAndOverflow(carry, overflow());
    }

    /** Changes CF and OF and leaves the other flags. */
    void setCarryAndOverflow(boolean carry, boolean overflow) {
        flagCarries = (carry ? 1L << 63 : 0) | (carry != overflow ? 1L << 62 : 0);
    }

    boolean overflow() {
        return (flagCarries ^ (flagCarries << 1)) < 0;
    }

    boolean zero() {
        return flagResult == 0;
    }

    boolean sign() {
        return (flagResult ^ ((long) flagAux << 47)) < 0;
    }

    /** SF is not OF: signed less, after a comparison. */
    boolean less() {
        return (flagResult ^ ((long) flagAux << 47) ^ flagCarries ^ (flagCarries << 1)) < 0;
    }

    boolean parity() {
        return (Integer.bitCount(((int) flagResult ^ (flagAux >>> 8)) & 0xFF) & 1) == 0;
    }

    boolean auxiliaryCarry() {
        return (flagAux & FLAG_AF) != 0;
    }

    int arithmeticFlags() {
        return (carry() ? FLAG_CF : 0)
                | (parity() ? FLAG_PF : 0)
                | (flagAux & FLAG_AF)
                | (zero() ? FLAG_ZF : 0)
                | (sign() ? FLAG_SF : 0)
                | (overflow() ? FLAG_OF : 0);
    }

    /** Loads CF, PF, AF, ZF, SF and OF from their RFLAGS positions. */
    void setArithmeticFlags(int flags) {
        boolean zero = (flags & FLAG_ZF) != 0;
        boolean carry = (flags & FLAG_CF) != 0;
        boolean overflow = (flags & FLAG_OF) != 0;
        flagResult = zero ? 0 : 1;
        boolean parityIfPlain = zero;
        boolean invertParity = parityIfPlain != ((flags & FLAG_PF) != 0);
        flagAux = (flags & FLAG_AF) | (invertParity ? 1 << 8 : 0) | ((flags & FLAG_SF) != 0 ? 1 << 16 : 0);
        setCarryAndOverflow(carry, overflow);
    }

    /** RFLAGS, with VM and RF. */
    int flags() {
        return systemFlags | arithmeticFlags();
    }

    /** Replaces every flag without any check. */
    void setFlags(int flags) {
        setArithmeticFlags(flags);
        systemFlags = (flags & ~ARITHMETIC_FLAGS) | 2;
    }

    boolean realMode() {
        return (cr0 & CR0_PE) == 0;
    }

    boolean virtual8086() {
        return (systemFlags & FLAG_VM) != 0;
    }

    /** Real or virtual-8086 mode: segments are selector times 16. */
    boolean selectorsAreParagraphs() {
        return realMode() || virtual8086();
    }

    int ioPrivilegeLevel() {
        return (systemFlags >>> 12) & 3;
    }
}
