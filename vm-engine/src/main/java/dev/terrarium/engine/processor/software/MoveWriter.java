// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/** Generates moves, with and without a condition, extensions, exchanges, and what uses the stack. */
final class MoveWriter {
    private static final ClassDesc LONG_CLASS = RegionFrame.type(Long.class);
    private static final ClassDesc INTEGER_CLASS = RegionFrame.type(Integer.class);
    private static final int VALUE = RegionFrame.TEMPORARY_2;
    private static final int EXTRA = RegionFrame.TEMPORARY_3;

    private final RegionFrame frame;
    private final CodeBuilder c;
    private final ConditionWriter conditions;

    MoveWriter(RegionFrame frame, ConditionWriter conditions) {
        this.frame = frame;
        this.c = frame.c;
        this.conditions = conditions;
    }

    /** SETcc. */
    void setOnCondition(Instruction i) {
        if (i.memory) {
            frame.address(i);
        }
        conditions.push(i.operation);
        c.i2l();
        if (i.memory) {
            frame.write(i, 1);
        } else {
            frame.setDestination(i, 1);
        }
    }

    /** CLD and STD, by the bit in RFLAGS that none of the variables has. */
    void setDirection(boolean down) {
        c.aload(RegionFrame.CPU_SLOT);
        c.dup();
        c.getfield(RegionFrame.CPU, "systemFlags", RegionFrame.INT);
        c.loadConstant(down ? Cpu.FLAG_DF : ~Cpu.FLAG_DF);
        if (down) {
            c.ior();
        } else {
            c.iand();
        }
        c.putfield(RegionFrame.CPU, "systemFlags", RegionFrame.INT);
    }

    void move(Instruction i) {
        switch (i.op) {
            case Op.MOV32_R -> registerMove(i, 4);
            case Op.MOV64_R -> registerMove(i, 8);
            case Op.MOV8_R -> registerMove(i, 1);
            case Op.MOV_R -> registerMove(i, i.operandSize);
            case Op.MOV8_L -> load(i, 1, 1, false);
            case Op.MOV32_L -> load(i, 4, 8, false);
            case Op.MOV64_L -> load(i, 8, 8, false);
            case Op.MOV_L -> {
                if (i.memory) {
                    load(i, i.operandSize, i.operandSize, false);
                } else {
                    registerMove(i, i.operandSize);
                }
            }
            case Op.MOV8_M -> store(i, 1);
            case Op.MOV16_M -> store(i, 2);
            case Op.MOV32_M -> store(i, 4);
            case Op.MOV64_M -> store(i, 8);
            case Op.MOV_M -> store(i, i.operandSize);
            case Op.MOV_FROM_SEGMENT -> selector(i);
            case Op.MOVZX8_L -> load(i, 1, 8, false);
            case Op.MOVZX16_L -> load(i, 2, 8, false);
            case Op.MOVZX8_R -> extendRegister(i, 1, 8, false);
            case Op.MOVZX16_R -> extendRegister(i, 2, 8, false);
            case Op.MOVZX -> extend(i, i.operation, i.operandSize, false);
            case Op.MOVSX -> extend(i, i.operation, i.operandSize, true);
            case Op.MOVSXD_L -> load(i, 4, 8, true);
            case Op.MOVSXD_R -> extendRegister(i, 4, 8, true);
            case Op.LEA32 -> address(i, 4);
            case Op.LEA64 -> address(i, 8);
            case Op.LEA -> address(i, i.operandSize);
            default -> throw new IllegalStateException("not a move: " + i.op);
        }
    }

    /** A selector is 16 bits in memory, zero-extended in a register. */
    private void selector(Instruction i) {
        if (i.memory) {
            frame.address(i);
        }
        c.aload(RegionFrame.CPU_SLOT);
        c.getfield(RegionFrame.CPU, "selector", RegionFrame.INT.arrayType());
        c.loadConstant(i.extension());
        c.iaload();
        c.i2l();
        if (i.memory) {
            frame.write(i, 2);
        } else {
            frame.setDestination(i, i.operandSize);
        }
    }

    private void address(Instruction i, int size) {
        frame.effectiveAddress(i);
        frame.setDestination(i, size);
    }

    private void registerMove(Instruction i, int size) {
        frame.source(i);
        frame.setDestination(i, size);
    }

    private void load(Instruction i, int size, int to, boolean signed) {
        frame.readOperand(i, size);
        if (signed) {
            frame.signExtend(size);
        }
        frame.setDestination(i, to);
    }

    private void extend(Instruction i, int size, int to, boolean signed) {
        if (i.memory) {
            load(i, size, to, signed);
        } else {
            extendRegister(i, size, to, signed);
        }
    }

    private void extendRegister(Instruction i, int size, int to, boolean signed) {
        frame.source(i);
        if (signed) {
            frame.signExtend(size);
        } else {
            frame.mask(size == 1 ? 0xFF : 0xFFFF);
        }
        frame.setDestination(i, to);
    }

    private void store(Instruction i, int size) {
        frame.address(i);
        frame.source(i);
        frame.write(i, size);
    }

    void push(Instruction i) {
        if (i.memory) {
            frame.readOperand(i, 8);
            c.lstore(VALUE);
        }
        frame.load(Cpu.RSP);
        frame.add(-8);
        if (i.memory) {
            c.lload(VALUE);
        } else {
            frame.source(i);
        }
        frame.write(i, 8);
        frame.load(Cpu.RSP);
        frame.add(-8);
        frame.store(Cpu.RSP);
    }

    void pop(Instruction i) {
        frame.load(Cpu.RSP);
        frame.read(i, 8);
        frame.load(Cpu.RSP);
        frame.add(8);
        frame.store(Cpu.RSP);
        frame.store(i.destination);
    }

    void leaveFrame(Instruction i) {
        frame.load(Cpu.RBP);
        frame.read(i, 8);
        frame.load(Cpu.RBP);
        frame.add(8);
        frame.store(Cpu.RSP);
        frame.store(Cpu.RBP);
    }

    void conditionalMove(Instruction i, int size) {
        if (i.memory) {
            frame.readOperand(i, size);
        } else {
            frame.source(i);
        }
        c.lstore(VALUE);
        Label moved = c.newLabel();
        Label not = c.newLabel();
        conditions.branch(i.operation ^ 1, not);
        c.lload(VALUE);
        frame.setDestination(i, size);
        if (size == 4) {
            c.goto_(moved);
        }
        c.labelBinding(not);
        if (size == 4) {
            frame.load(i.destination);
            frame.set(i.destination, 0, 4);
        }
        c.labelBinding(moved);
    }

    void convert(int size) {
        frame.load(Cpu.RAX);
        frame.signExtend(size / 2);
        frame.set(Cpu.RAX, 0, size);
    }

    void convertPair(int size) {
        frame.load(Cpu.RAX);
        frame.signExtend(size);
        c.loadConstant(63);
        c.lshr();
        frame.set(Cpu.RDX, 0, size);
    }

    void exchange(Instruction i, int size) {
        frame.source(i);
        c.lstore(VALUE);
        frame.destination(i);
        c.lstore(EXTRA);
        c.lload(VALUE);
        frame.setDestination(i, size);
        c.lload(EXTRA);
        frame.set(i.source, i.sourceShift, size);
    }

    void byteSwap(Instruction i, int size) {
        if (size == 8) {
            frame.destination(i);
            c.invokestatic(LONG_CLASS, "reverseBytes", MethodTypeDesc.of(RegionFrame.LONG, RegionFrame.LONG));
        } else if (size == 4) {
            frame.destination(i);
            c.l2i();
            c.invokestatic(INTEGER_CLASS, "reverseBytes", MethodTypeDesc.of(RegionFrame.INT, RegionFrame.INT));
            c.i2l();
        } else {
            c.lconst_0();
        }
        frame.setDestination(i, size);
    }
}
