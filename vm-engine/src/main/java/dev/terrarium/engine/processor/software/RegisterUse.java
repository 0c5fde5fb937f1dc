// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * Which general registers an instruction may read and write, as bit masks, and what it does with the arithmetic flags.
 * For instructions that the compiler does not know better, everything.
 */
final class RegisterUse {
    private static final int ALL = 0xFFFF;
    private static final int RAX = 1 << Cpu.RAX;
    private static final int RCX = 1 << Cpu.RCX;
    private static final int RDX = 1 << Cpu.RDX;
    private static final int RSP = 1 << Cpu.RSP;
    private static final int RBP = 1 << Cpu.RBP;
    private static final int RDI = 1 << Cpu.RDI;

    final int reads;
    final int writes;
    final boolean readsFlags;
    final boolean writesFlags;

    private RegisterUse(int reads, int writes, boolean readsFlags, boolean writesFlags) {
        this.reads = reads & ALL;
        this.writes = writes & ALL;
        this.readsFlags = readsFlags;
        this.writesFlags = writesFlags;
    }

    private static int bit(int register) {
        return register < 16 ? 1 << register : 0;
    }

    private static int address(Instruction i) {
        return i.memory ? bit(i.addressBase) | bit(i.index) | bit(i.base) : 0;
    }

    /** The register in VEX.vvvv. */
    private static int vectorField(Instruction i) {
        return i.vex ? bit(i.vvvv) : 0;
    }

    static RegisterUse of(Instruction i) {
        int operands = bit(i.source) | bit(i.destination);
        int address = address(i);
        return switch (i.op) {
            case Op.NOP, Op.END_OF_BLOCK -> new RegisterUse(0, 0, false, false);
            case Op.STRING -> string(i);
            case Op.SYSTEM -> system(i);
            // The region is left before these.
            case Op.INVALID, Op.TOO_LONG, Op.PORT_STRING, Op.LOOP, Op.CALL, Op.RET -> new RegisterUse(0, 0, true, true);
            case Op.X87 -> x87(i);
            case Op.SIMD -> simd(i);
            case Op.AVX -> AvxForms.isNative(i) ? AvxForms.use(i, address) : new RegisterUse(ALL, ALL, true, true);
            case Op.PUSH64 -> new RegisterUse(bit(i.source) | RSP, RSP, false, false);
            case Op.POP64 -> new RegisterUse(RSP, bit(i.destination) | RSP, false, false);
            case Op.CALL64, Op.RET64 -> new RegisterUse(RSP, RSP, false, false);
            case Op.CALL_INDIRECT -> new RegisterUse(operands | address | RSP, RSP, false, false);
            case Op.JMP_INDIRECT -> new RegisterUse(operands | address, 0, false, false);
            case Op.JMP -> new RegisterUse(0, 0, false, false);
            case Op.JO, Op.JNO, Op.JB, Op.JAE, Op.JE, Op.JNE, Op.JBE, Op.JA -> new RegisterUse(0, 0, true, false);
            case Op.JS, Op.JNS, Op.JP, Op.JNP, Op.JL, Op.JGE, Op.JLE, Op.JG -> new RegisterUse(0, 0, true, false);
            case Op.MUL, Op.IMUL -> new RegisterUse(operands | address | RAX | RDX, RAX | RDX, false, true);
            case Op.DIV, Op.IDIV -> new RegisterUse(operands | address | RAX | RDX, RAX | RDX, false, false);
            case Op.CONVERT -> new RegisterUse(RAX, RAX, false, false);
            case Op.CONVERT_PAIR -> new RegisterUse(RAX | RDX, RDX, false, false);
            case Op.LEAVE -> new RegisterUse(RBP | RSP, RBP | RSP, false, false);
            case Op.XCHG_R -> new RegisterUse(operands, operands, false, false);
            case Op.LOCKED, Op.CMPXCHG, Op.XADD, Op.CMPXCHG_PAIR -> exchange(i, operands | address);
            case Op.CLC, Op.STC, Op.CMC -> new RegisterUse(0, 0, true, true);
            case Op.CLD, Op.STD -> new RegisterUse(0, 0, false, false);
            case Op.PUSH -> new RegisterUse(operands | address | RSP, RSP, false, false);
            case Op.MOVBE_L, Op.MOVBE_M, Op.CRC32, Op.PDEP, Op.PEXT, Op.RORX, Op.SARX, Op.SHLX, Op.SHRX ->
                new RegisterUse(operands | address | vectorField(i), bit(i.destination), false, false);
            case Op.MULX -> new RegisterUse(operands | address | RDX, bit(i.destination) | bit(i.vvvv), false, false);
            case Op.BLSR, Op.BLSMSK, Op.BLSI -> new RegisterUse(operands | address, bit(i.vvvv), false, true);
            case Op.POPCNT, Op.TZCNT, Op.LZCNT, Op.ANDN, Op.BEXTR, Op.BZHI ->
                new RegisterUse(operands | address | vectorField(i), bit(i.destination), false, true);
            case Op.MOV_FROM_SEGMENT, Op.SETCC_M, Op.BIT_TEST, Op.BSF, Op.BSR, Op.BSWAP, Op.SHIFT, Op.SHIFT_DOUBLE ->
                new RegisterUse(operands | address | RCX, bit(i.destination), true, true);
            default ->
                simple(i)
                        ? new RegisterUse(operands | address, bit(i.destination), true, true)
                        : new RegisterUse(ALL, ALL, true, true);
        };
    }

    private static RegisterUse string(Instruction i) {
        boolean compares = (i.opcode & 0xF6) == 0xA6;
        int all = RAX | RCX | RDI | 1 << Cpu.RSI;
        return new RegisterUse(all, all, compares, compares);
    }

    /** See {@link SystemUnit#leavesModeAlone}. */
    private static RegisterUse system(Instruction i) {
        if (i.map == Instruction.MAP_ONE_BYTE) {
            boolean pushesFlags = i.opcode == 0x9C;
            return new RegisterUse(pushesFlags ? RSP : 0, pushesFlags ? RSP : 0, pushesFlags, false);
        }
        return new RegisterUse(RCX, i.opcode == 0x20 ? bit(i.rm) : RAX | RCX | RDX, false, false);
    }

    private static RegisterUse exchange(Instruction i, int reads) {
        int destination = i.memory ? 0 : bit(i.destination);
        return switch (i.op == Op.LOCKED ? ExchangeWriter.plain(i) : i.op) {
            case Op.CMPXCHG -> new RegisterUse(reads | RAX, destination | RAX, false, true);
            case Op.XADD -> new RegisterUse(reads, destination | bit(i.source), false, true);
            case Op.XCHG_R -> new RegisterUse(reads, bit(i.source), false, false);
            case Op.NOT -> new RegisterUse(reads, 0, false, false);
            case Op.NEG -> new RegisterUse(reads, 0, false, true);
            case Op.CMPXCHG_PAIR -> new RegisterUse(reads | RAX | RDX | RCX | bit(Cpu.RBX), RAX | RDX, true, true);
            default -> new RegisterUse(reads, 0, true, true);
        };
    }

    /** Does the instruction reach no registers but its source, its destination and those of its address? */
    private static boolean simple(Instruction i) {
        return i.op >= Op.ADD32_R && i.op <= Op.SAR64_I
                || i.op >= Op.CMOV32_R && i.op <= Op.SETCC_R
                || i.op >= Op.ALU_R && i.op <= Op.NEG
                || i.op == Op.IMUL_REGISTER
                || i.op == Op.IMUL_IMMEDIATE;
    }

    private static RegisterUse x87(Instruction i) {
        boolean flags = !i.memory && (i.opcode == 0xDA || i.opcode == 0xDB || i.opcode == 0xDF);
        boolean statusToRax = !i.memory && i.opcode == 0xDF;
        return new RegisterUse(address(i) | (statusToRax ? RAX : 0), statusToRax ? RAX : 0, flags, flags);
    }

    private static RegisterUse simd(Instruction i) {
        SimdForms.Form form = SimdForms.of(i);
        if (form != null) {
            return compiledSimd(i, form);
        }
        int general = bit(i.reg) | (i.memory ? 0 : bit(i.rm));
        int reads = address(i) | general | RAX | RDX | RDI;
        if (i.map == Instruction.MAP_0F) {
            return switch (i.opcode) {
                case 0x50, 0x2C, 0x2D, 0xC5, 0xD7, 0x7E -> new RegisterUse(reads, general, false, false);
                case 0x2E, 0x2F -> new RegisterUse(reads, 0, true, true);
                case 0xAE -> new RegisterUse(ALL, ALL, true, true);
                default -> new RegisterUse(reads, 0, false, false);
            };
        }
        if (i.map == Instruction.MAP_0F38 && i.opcode < 0x10 || i.map == Instruction.MAP_0F3A && i.opcode == 0x0F) {
            return new RegisterUse(reads, 0, false, false);
        }
        return new RegisterUse(ALL, ALL, true, true);
    }

    /** Of an instruction that reads no more registers than its address does. */
    static RegisterUse vector(int address, int writes, boolean writesFlags) {
        return new RegisterUse(address, writes, false, writesFlags);
    }

    static RegisterUse compiledSimd(Instruction i, SimdForms.Form form) {
        int rm = i.memory ? address(i) : bit(i.rm);
        return switch (form.shape()) {
            case STORE_GENERAL -> new RegisterUse(address(i) | bit(i.reg), 0, false, false);
            case FROM_GENERAL, INSERT_WORD, INSERT, CONVERT_GENERAL -> new RegisterUse(rm, 0, false, false);
            case TO_GENERAL, EXTRACT -> new RegisterUse(address(i), i.memory ? 0 : bit(i.rm), false, false);
            case EXTRACT_WORD, MASK, TO_INTEGER_32, TO_INTEGER_64 ->
                new RegisterUse(address(i), bit(i.reg), false, false);
            default -> new RegisterUse(address(i), 0, false, form.setsFlags());
        };
    }
}
