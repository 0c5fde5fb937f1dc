// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Takes one instruction's bytes apart (Intel SDM volume 2, chapter 2). */
final class Decoder {
    /** Bytes that must be readable in the array after the last valid one. */
    static final int PADDING = 32;

    private static final int LONGEST = 15;
    private static final int REX_W = 8;
    private static final int REX_R = 4;
    private static final int REX_X = 2;
    private static final int REX_B = 1;
    private static final int NO_OVERRIDE = -1;

    private final byte[] bytes;
    private final FeatureSet features;
    private int at;
    private int rexBits;
    private int override;
    private boolean ripRelativeMode;

    /** Decodes out of {@code bytes}, whose contents the caller may change between calls. */
    Decoder(byte[] bytes, FeatureSet features) {
        this.bytes = bytes;
        this.features = features;
    }

    /**
     * Decodes the instruction at {@code start}. Its length tells whether it ran into bytes the caller does not have: then
     * nothing else of the result counts.
     *
     * @param codeSize 2, 4 or 8
     * @param blockOffset the instruction's offset in its block
     */
    Instruction decode(int start, int codeSize, int blockOffset) {
        Instruction i = new Instruction();
        at = start;
        rexBits = 0;
        override = NO_OVERRIDE;
        ripRelativeMode = codeSize == 8;
        boolean addressSizePrefix = false;
        int opcode = next();
        prefixes:
        while (true) {
            switch (opcode) {
                case 0x26 -> override(Cpu.ES, codeSize);
                case 0x2E -> override(Cpu.CS, codeSize);
                case 0x36 -> override(Cpu.SS, codeSize);
                case 0x3E -> override(Cpu.DS, codeSize);
                case 0x64 -> override = Cpu.FS;
                case 0x65 -> override = Cpu.GS;
                case 0x66 -> i.operandSizePrefix = true;
                case 0x67 -> addressSizePrefix = true;
                case 0xF0 -> i.lock = true;
                case 0xF2, 0xF3 -> i.repeat = opcode;
                default -> {
                    if (codeSize != 8 || (opcode & 0xF0) != 0x40) {
                        break prefixes;
                    }
                    int rex = opcode;
                    opcode = next();
                    if (!isPrefix(opcode)) {
                        i.rex = true;
                        i.rexW = (rex & REX_W) != 0;
                        rexBits = rex & 0xF;
                        break prefixes;
                    }
                    if (at - start > LONGEST) {
                        return tooLong(i, start, blockOffset);
                    }
                    continue;
                }
            }
            if (at - start >= LONGEST) {
                return tooLong(i, start, blockOffset);
            }
            opcode = next();
        }
        if ((opcode & 0xFE) == 0xC4 && (codeSize == 8 || (bytes[at] & 0xC0) == 0xC0)) {
            return vex(i, opcode, start, codeSize, blockOffset, addressSizePrefix);
        }
        i.map = Instruction.MAP_ONE_BYTE;
        if (opcode == 0x0F) {
            opcode = next();
            if (opcode == 0x38) {
                i.map = Instruction.MAP_0F38;
                opcode = next();
            } else if (opcode == 0x3A) {
                i.map = Instruction.MAP_0F3A;
                opcode = next();
            } else {
                i.map = Instruction.MAP_0F;
            }
        }
        i.opcode = opcode;
        int shape = OpcodeMap.shape(i.map, opcode);
        sizes(i, shape, codeSize, addressSizePrefix);
        return operands(i, shape, start, codeSize, blockOffset);
    }

    /** What comes after the opcode, and what the whole does. */
    private Instruction operands(Instruction i, int shape, int start, int codeSize, int blockOffset) {
        if ((shape & OpcodeMap.MODRM) != 0) {
            modrm(i, (shape & OpcodeMap.REGISTER_ONLY) != 0);
        } else if ((shape & OpcodeMap.LOW_REGISTER) != 0) {
            i.reg = (i.opcode & 7) | (rexBits & REX_B) << 3;
        } else if ((shape & OpcodeMap.MEMORY_OFFSET) != 0) {
            i.memory = true;
            i.displacement = immediate(i.addressSize);
        }
        if (override != NO_OVERRIDE) {
            i.segment = override;
        }
        immediates(i, shape);
        i.length = at - start;
        if (i.length > LONGEST) {
            return tooLong(i, start, blockOffset);
        }
        i.end = blockOffset + i.length;
        if ((shape & OpcodeMap.UNDEFINED) != 0 || (codeSize == 8 && (shape & OpcodeMap.LEGACY_ONLY) != 0)) {
            i.op = Op.INVALID;
            return i;
        }
        address(i, codeSize);
        OpSelector.select(i, shape, codeSize);
        features.restrict(i, codeSize);
        return i;
    }

    /** Takes a VEX prefix apart, whose first byte was {@code first} (Intel SDM volume 2, section 2.3.5). */
    private Instruction vex(
            Instruction i, int first, int start, int codeSize, int blockOffset, boolean addressSizePrefix) {
        boolean valid = !i.lock && i.repeat == 0 && !i.operandSizePrefix && !i.rex;
        int inverted = ~next();
        i.vex = true;
        i.map = Instruction.MAP_0F;
        int last = ~inverted;
        rexBits = (inverted & 0x80) != 0 ? REX_R : 0;
        if (first == 0xC4) {
            rexBits = (inverted >>> 5) & 7;
            i.map = last & 0x1F;
            last = next();
            i.vexW = (last & 0x80) != 0;
        }
        if (codeSize != 8) {
            rexBits = 0;
        }
        i.rexW = i.vexW && codeSize == 8;
        i.vvvv = (~last >>> 3) & (codeSize == 8 ? 15 : 7);
        i.vexL = (last & 4) != 0;
        switch (last & 3) {
            case 1 -> i.operandSizePrefix = true;
            case 2 -> i.repeat = 0xF3;
            case 3 -> i.repeat = 0xF2;
            default -> {}
        }
        i.opcode = next();
        i.operandSize = i.rexW ? 8 : 4;
        i.addressSize = addressSize(codeSize, addressSizePrefix);
        valid &= i.map >= Instruction.MAP_0F && i.map <= Instruction.MAP_0F3A;
        int shape = OpcodeMap.vexShape(i.map, i.opcode);
        return operands(i, valid ? shape : shape | OpcodeMap.UNDEFINED, start, codeSize, blockOffset);
    }

    private Instruction tooLong(Instruction i, int start, int blockOffset) {
        i.op = Op.TOO_LONG;
        i.length = Math.min(at - start, LONGEST);
        i.end = blockOffset + i.length;
        return i;
    }

    private static boolean isPrefix(int opcode) {
        return switch (opcode) {
            case 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3 -> true;
            default -> (opcode & 0xF0) == 0x40;
        };
    }

    private void override(int segment, int codeSize) {
        if (codeSize != 8) {
            override = segment;
        }
    }

    private static void sizes(Instruction i, int shape, int codeSize, boolean addressSizePrefix) {
        i.addressSize = addressSize(codeSize, addressSizePrefix);
        if (codeSize == 8) {
            if ((shape & OpcodeMap.NEAR_BRANCH) != 0 || i.rexW) {
                i.operandSize = 8;
            } else if (i.operandSizePrefix) {
                i.operandSize = 2;
            } else {
                i.operandSize = (shape & OpcodeMap.STACK) != 0 ? 8 : 4;
            }
        } else {
            i.operandSize = i.operandSizePrefix ? 6 - codeSize : codeSize;
        }
        if ((shape & OpcodeMap.BYTE) != 0) {
            i.operandSize = 1;
        }
    }

    private static int addressSize(int codeSize, boolean prefix) {
        if (codeSize == 8) {
            return prefix ? 4 : 8;
        }
        return prefix ? 6 - codeSize : codeSize;
    }

    private void modrm(Instruction i, boolean registerOnly) {
        int modrm = next();
        i.modrm = modrm;
        i.reg = ((modrm >>> 3) & 7) | (rexBits & REX_R) << 1;
        int mod = modrm >>> 6;
        if (mod == 3 || registerOnly) {
            i.rm = (modrm & 7) | (rexBits & REX_B) << 3;
            return;
        }
        i.memory = true;
        if (i.addressSize == 2) {
            memory16(i, mod, modrm & 7);
        } else {
            memory32(i, mod, modrm & 7);
        }
    }

    private void memory16(Instruction i, int mod, int rm) {
        switch (rm) {
            case 0 -> bases(i, Cpu.RBX, Cpu.RSI);
            case 1 -> bases(i, Cpu.RBX, Cpu.RDI);
            case 2 -> bases(i, Cpu.RBP, Cpu.RSI);
            case 3 -> bases(i, Cpu.RBP, Cpu.RDI);
            case 4 -> i.base = Cpu.RSI;
            case 5 -> i.base = Cpu.RDI;
            case 6 -> {
                if (mod == 0) {
                    i.displacement = immediate(2);
                    return;
                }
                i.base = Cpu.RBP;
                i.segment = Cpu.SS;
            }
            default -> i.base = Cpu.RBX;
        }
        i.displacement = mod == 0 ? 0 : immediate(mod);
    }

    private static void bases(Instruction i, int base, int index) {
        i.base = base;
        i.index = index;
        i.segment = base == Cpu.RBP ? Cpu.SS : Cpu.DS;
    }

    private void memory32(Instruction i, int mod, int rm) {
        int base = rm;
        if (rm == 4) {
            int sib = next();
            base = sib & 7;
            int index = ((sib >>> 3) & 7) | (rexBits & REX_X) << 2;
            i.vectorIndex = index;
            i.scale = sib >>> 6;
            if (index != 4) {
                i.index = index;
            }
        }
        if (base == 5 && mod == 0) {
            i.displacement = immediate(4);
            i.ripRelative = rm == 5 && ripRelativeMode;
            return;
        }
        i.base = base | (rexBits & REX_B) << 3;
        if (i.base == Cpu.RSP || i.base == Cpu.RBP) {
            i.segment = Cpu.SS;
        }
        i.displacement = switch (mod) {
            case 0 -> 0;
            case 1 -> immediate(1);
            default -> immediate(4);
        };
    }

    private void immediates(Instruction i, int shape) {
        int wide = Math.min(i.operandSize, 4);
        if ((shape & OpcodeMap.IB) != 0) {
            i.immediate = immediate(1);
        } else if ((shape & OpcodeMap.UB) != 0) {
            i.immediate = next();
        } else if ((shape & OpcodeMap.IW) != 0) {
            i.immediate = immediate(2) & 0xFFFF;
        } else if ((shape & OpcodeMap.IZ) != 0) {
            i.immediate = immediate(wide);
        } else if ((shape & OpcodeMap.IV) != 0) {
            i.immediate = immediate(i.operandSize);
        } else if ((shape & OpcodeMap.FAR_POINTER) != 0) {
            i.immediate = i.operandSize == 2 ? immediate(2) & 0xFFFF : immediate(4) & 0xFFFF_FFFFL;
            i.immediate2 = (int) immediate(2) & 0xFFFF;
        } else if (i.map == Instruction.MAP_ONE_BYTE && (i.opcode & 0xFE) == 0xF6 && (i.modrm & 0x30) == 0) {
            i.immediate = immediate(wide);
        }
        if ((shape & OpcodeMap.SECOND_BYTE) != 0) {
            i.immediate2 = next();
        }
    }

    private static void address(Instruction i, int codeSize) {
        i.addressBase = i.ripRelative ? Cpu.BLOCK_START : i.base;
        i.addressOffset = i.ripRelative ? i.displacement + i.end : i.displacement;
        i.addressMask = mask(i.addressSize);
        i.flat = codeSize == 8 && i.segment < Cpu.FS;
    }

    /** The bits that addresses and instruction pointers of {@code size} bytes have. */
    static long mask(int size) {
        return switch (size) {
            case 2 -> 0xFFFFL;
            case 4 -> 0xFFFF_FFFFL;
            default -> -1L;
        };
    }

    private int next() {
        return bytes[at++] & 0xFF;
    }

    private long immediate(int size) {
        long value = 0;
        for (int n = 0; n < size; n++) {
            value |= (long) next() << (8 * n);
        }
        int unused = 64 - 8 * size;
        return value << unused >> unused;
    }
}
