// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.software.floating.ExtendedArithmetic;
import dev.terrarium.engine.processor.software.floating.FloatingArithmetic;
import dev.terrarium.engine.processor.software.floating.Format;
import dev.terrarium.engine.processor.software.floating.Transcendental;

/**
 * The x87 floating-point unit: opcodes D8 to DF and FWAIT (Intel SDM volume 1, chapter 8). Arithmetic is
 * {@link ExtendedArithmetic}'s; this class knows operands, the register stack and who gets which result.
 */
final class X87Unit implements ExecutionUnit {
    private static final int FWAIT = 0x9B;
    private static final int UNMASKED_AFTER_RESULT = FloatingArithmetic.OVERFLOW | FloatingArithmetic.UNDERFLOW;

    private static final int ADD = 0;
    private static final int MULTIPLY = 1;
    private static final int SUBTRACT = 4;
    private static final int SUBTRACT_REVERSED = 5;
    private static final int DIVIDE = 6;
    private static final int DIVIDE_REVERSED = 7;

    private static final int ONE_EXPONENT = ExtendedArithmetic.BIAS;
    private static final long ONE = 1L << 63;

    private final Cpu cpu;
    private final FloatingPointState state;
    private final Mmu mmu;
    private final MemoryOperand operands;
    private final X87Registers registers;
    private final X87Environment environment;
    private final ExtendedArithmetic arithmetic = new ExtendedArithmetic();
    private final Transcendental transcendental = new Transcendental(arithmetic);
    private final Runnable errorPin;

    /**
     * @param errorPin what to call when FERR# is asserted: an exception is pending and CR0.NE is clear (a PC's IRQ 13)
     */
    X87Unit(Cpu cpu, Mmu mmu, Segmentation segmentation, Runnable errorPin) {
        this.cpu = cpu;
        this.state = cpu.floatingPoint;
        this.mmu = mmu;
        this.operands = new MemoryOperand(cpu, mmu, segmentation);
        this.registers = new X87Registers(state);
        this.environment = new X87Environment(cpu, mmu, operands, registers);
        this.errorPin = errorPin;
    }

    @Override
    public void execute(Instruction instruction, long address) {
        if (instruction.opcode == FWAIT) {
            if ((cpu.cr0 & (Cpu.CR0_MP | Cpu.CR0_TS)) == (Cpu.CR0_MP | Cpu.CR0_TS)) {
                throw cpu.fault(GuestFault.DEVICE_NOT_AVAILABLE, GuestFault.NO_ERROR_CODE);
            }
            waitForPending();
            return;
        }
        if (!isDefined(instruction)) {
            throw cpu.invalidOpcode();
        }
        if ((cpu.cr0 & (Cpu.CR0_EM | Cpu.CR0_TS)) != 0) {
            throw cpu.fault(GuestFault.DEVICE_NOT_AVAILABLE, GuestFault.NO_ERROR_CODE);
        }
        int group = ((instruction.opcode & 7) << 3) | instruction.extension();
        if (executeControl(instruction, group)) {
            return;
        }
        waitForPending();
        arithmetic.begin(state.control);
        if (instruction.memory) {
            memory(instruction, group);
            state.lastOperand = operands.offset(instruction);
            state.lastOperandSelector = cpu.selector[instruction.segment];
        } else {
            register(instruction, group);
        }
        state.lastInstruction = address;
        state.lastInstructionSelector = cpu.selector[Cpu.CS];
        state.lastOpcode = ((instruction.opcode & 7) << 8) | instruction.modrm;
    }

    /** An undefined opcode is found before a pending exception is. */
    private static boolean isDefined(Instruction instruction) {
        int i = instruction.modrm & 7;
        int extension = instruction.extension();
        if (instruction.memory) {
            return switch (instruction.opcode) {
                case 0xD9 -> extension != 1;
                case 0xDB -> extension != 4 && extension != 6;
                case 0xDD -> extension != 5;
                default -> true;
            };
        }
        return switch (instruction.opcode) {
            case 0xD9 ->
                switch (extension) {
                    case 2 -> i == 0;
                    case 4 -> i == 0 || i == 1 || i == 4 || i == 5;
                    case 5 -> i != 7;
                    default -> true;
                };
            case 0xDA -> extension < 4 || instruction.modrm == 0xE9;
            case 0xDB -> extension != 7 && (extension != 4 || i < 5);
            case 0xDD -> extension < 6;
            case 0xDE -> extension != 3 || i == 1;
            case 0xDF -> extension != 7 && (extension != 4 || i == 0);
            default -> true;
        };
    }

    private void waitForPending() {
        if (registers.exceptionPending()) {
            if ((cpu.cr0 & Cpu.CR0_NE) != 0) {
                throw cpu.fault(GuestFault.X87_FLOATING_POINT, GuestFault.NO_ERROR_CODE);
            }
            errorPin.run();
        }
    }

    /** The instructions that leave the last-instruction pointers alone. */
    private boolean executeControl(Instruction instruction, int group) {
        if (instruction.memory) {
            return executeMemoryControl(instruction, group);
        }
        if (instruction.opcode == 0xDB && instruction.extension() == 4) {
            switch (instruction.modrm & 7) {
                case 0, 1, 4 -> {} // FNENI, FNDISI, FNSETPM of the 8087 and 287
                case 2 -> registers.clearExceptions();
                case 3 -> registers.initialize();
                default -> throw cpu.invalidOpcode();
            }
            return true;
        }
        if (instruction.opcode == 0xDF && instruction.modrm == 0xE0) {
            cpu.gpr[Cpu.RAX] = (cpu.gpr[Cpu.RAX] & ~0xFFFFL) | registers.statusWord();
            return true;
        }
        return false;
    }

    private boolean executeMemoryControl(Instruction instruction, int group) {
        switch (group) {
            case 0x0C -> { // FLDENV
                waitForPending();
                environment.loadEnvironment(instruction);
            }
            case 0x0D -> { // FLDCW
                waitForPending();
                registers.setControlWord((int) operands.read(instruction, 2));
            }
            case 0x0E -> environment.storeEnvironment(instruction);
            case 0x0F -> operands.write(instruction, 2, state.control); // FNSTCW
            case 0x2C -> { // FRSTOR
                waitForPending();
                environment.restore(instruction);
            }
            case 0x2E -> environment.save(instruction);
            case 0x2F -> operands.write(instruction, 2, registers.statusWord()); // FNSTSW
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Group numbers are the opcode's low three bits and ModRM.reg, in octal D8 /0 is 00 and DF /7 is 77. */
    private void memory(Instruction instruction, int group) {
        switch (instruction.opcode) {
            case 0xD8 -> arithmeticWithFloat(instruction, Format.SINGLE);
            case 0xDA -> arithmeticWithInteger(instruction, 4);
            case 0xDC -> arithmeticWithFloat(instruction, Format.DOUBLE);
            case 0xDE -> arithmeticWithInteger(instruction, 2);
            default -> memoryTransfer(instruction, group);
        }
    }

    private void memoryTransfer(Instruction instruction, int group) {
        switch (group) {
            case 0x08 -> loadFloat(instruction, Format.SINGLE);
            case 0x0A -> storeFloat(instruction, Format.SINGLE, false);
            case 0x0B -> storeFloat(instruction, Format.SINGLE, true);
            case 0x18 -> loadInteger(instruction, 4);
            case 0x19 -> storeInteger(instruction, 4, true, true);
            case 0x1A -> storeInteger(instruction, 4, false, false);
            case 0x1B -> storeInteger(instruction, 4, true, false);
            case 0x1D -> loadExtended(instruction);
            case 0x1F -> storeExtended(instruction);
            case 0x28 -> loadFloat(instruction, Format.DOUBLE);
            case 0x29 -> storeInteger(instruction, 8, true, true);
            case 0x2A -> storeFloat(instruction, Format.DOUBLE, false);
            case 0x2B -> storeFloat(instruction, Format.DOUBLE, true);
            case 0x38 -> loadInteger(instruction, 2);
            case 0x39 -> storeInteger(instruction, 2, true, true);
            case 0x3A -> storeInteger(instruction, 2, false, false);
            case 0x3B -> storeInteger(instruction, 2, true, false);
            case 0x3C -> loadDecimal(instruction);
            case 0x3D -> loadInteger(instruction, 8);
            case 0x3E -> storeDecimal(instruction);
            case 0x3F -> storeInteger(instruction, 8, true, false);
            default -> throw cpu.invalidOpcode();
        }
    }

    private void arithmeticWithFloat(Instruction instruction, Format format) {
        long value = operands.read(instruction, format.bits() / 8);
        arithmetic.extend(format, value);
        boolean denormal = (arithmetic.significand() != 0) && isDenormal(format, value);
        arithmeticWithMemory(instruction, denormal);
    }

    private static boolean isDenormal(Format format, long value) {
        return format == Format.SINGLE ? (value & 0x7F80_0000L) == 0 : (value & 0x7FF0_0000_0000_0000L) == 0;
    }

    private void arithmeticWithInteger(Instruction instruction, int size) {
        long value = operands.read(instruction, size);
        arithmetic.fromInteger(size == 2 ? (short) value : (int) value);
        arithmeticWithMemory(instruction, false);
    }

    private void arithmeticWithMemory(Instruction instruction, boolean denormal) {
        int operandExponent = arithmetic.signExponent();
        long operand = arithmetic.significand();
        int operation = instruction.extension();
        if (operation == 2 || operation == 3) {
            if (registers.empty(0)) {
                compareUnderflow(operation == 3 ? 1 : 0);
                return;
            }
            int se = registers.signExponent(0);
            long sig = registers.significand(0);
            int order = arithmetic.compare(se, sig, operandExponent, operand, true);
            if (denormal && order != ExtendedArithmetic.UNORDERED) {
                arithmetic.raise(FloatingArithmetic.DENORMAL);
            }
            compared(order, operation == 3 ? 1 : 0);
            return;
        }
        if (registers.empty(0)) {
            if (registers.underflow()) {
                registers.setDefaultNaN(0);
            }
            return;
        }
        if (denormal && noticesDenormal(registers.signExponent(0), registers.significand(0), operation)) {
            arithmetic.raise(FloatingArithmetic.DENORMAL);
        }
        calculate(operation, registers.signExponent(0), registers.significand(0), operandExponent, operand);
        if (registers.commit(arithmetic)) {
            registers.set(0, arithmetic.signExponent(), arithmetic.significand());
        }
    }

    /** Only then is a denormal memory operand, which has become a normal number, noticed. */
    private static boolean noticesDenormal(int se, long sig, int operation) {
        return !ExtendedArithmetic.isNaN(se, sig)
                && !ExtendedArithmetic.isUnsupported(se, sig)
                && !(operation == DIVIDE_REVERSED && ExtendedArithmetic.isZero(se, sig));
    }

    private void calculate(int operation, int seA, long a, int seB, long b) {
        switch (operation) {
            case ADD -> arithmetic.add(seA, a, seB, b);
            case MULTIPLY -> arithmetic.multiply(seA, a, seB, b);
            case SUBTRACT -> arithmetic.subtract(seA, a, seB, b);
            case SUBTRACT_REVERSED -> arithmetic.subtract(seB, b, seA, a);
            case DIVIDE -> arithmetic.divide(seA, a, seB, b);
            default -> arithmetic.divide(seB, b, seA, a);
        }
    }

    private void loadFloat(Instruction instruction, Format format) {
        arithmetic.load(format, operands.read(instruction, format.bits() / 8));
        pushResult();
    }

    private void loadInteger(Instruction instruction, int size) {
        long value = operands.read(instruction, size);
        arithmetic.fromInteger(size == 2 ? (short) value : size == 4 ? (int) value : value);
        pushResult();
    }

    private void loadExtended(Instruction instruction) {
        long linear = operands.forRead(instruction, 10);
        long significand = mmu.read64(linear);
        arithmetic.set(mmu.read16(linear + 8), significand);
        pushResult();
    }

    private void loadDecimal(Instruction instruction) {
        long linear = operands.forRead(instruction, 10);
        long digits = mmu.read64(linear);
        int top = mmu.read16(linear + 8);
        long value = (top >>> 4 & 0xF) * 10 + (top & 0xF);
        for (int shift = 60; shift >= 0; shift -= 4) {
            value = value * 10 + (digits >>> shift & 0xF);
        }
        arithmetic.fromInteger(value);
        arithmetic.set(
                (arithmetic.signExponent() & ExtendedArithmetic.SPECIAL) | (top & ExtendedArithmetic.SIGN),
                arithmetic.significand());
        pushResult();
    }

    private void pushResult() {
        if (registers.full()) {
            if (registers.overflow()) {
                registers.push(ExtendedArithmetic.DEFAULT_NAN_EXPONENT, ExtendedArithmetic.DEFAULT_NAN_SIGNIFICAND);
            }
        } else if (registers.commit(arithmetic) || (arithmetic.flags() & FloatingArithmetic.INVALID) == 0) {
            // An unmasked denormal exception does not keep a load from happening.
            registers.push(arithmetic.signExponent(), arithmetic.significand());
        }
    }

    private void storeFloat(Instruction instruction, Format format, boolean pop) {
        int size = format.bits() / 8;
        if (registers.empty(0)) {
            long nan = arithmetic.store(
                    format, ExtendedArithmetic.DEFAULT_NAN_EXPONENT, ExtendedArithmetic.DEFAULT_NAN_SIGNIFICAND);
            storeFromEmpty(instruction, size, nan, pop);
        } else {
            long value = arithmetic.store(format, registers.signExponent(0), registers.significand(0));
            storeResult(instruction, size, value, pop);
        }
    }

    private void storeFromEmpty(Instruction instruction, int size, long indefinite, boolean pop) {
        if (registers.masked(FloatingArithmetic.INVALID)) {
            writeSized(operands.forWrite(instruction, size), size, indefinite);
        }
        popIf(registers.underflow() && pop);
    }

    /**
     * Writes a result to memory unless an unmasked exception forbids it: then the instruction neither touches memory nor
     * pops.
     */
    private void storeResult(Instruction instruction, int size, long value, boolean pop) {
        int unmasked = arithmetic.flags() & ~state.control;
        boolean store = !arithmetic.stopped() && (unmasked & UNMASKED_AFTER_RESULT) == 0;
        if (store) {
            writeSized(operands.forWrite(instruction, size), size, value);
        } else {
            arithmetic.forgetRounding();
        }
        registers.commit(arithmetic);
        popIf(store && pop);
    }

    private void writeSized(long linear, int size, long value) {
        switch (size) {
            case 2 -> mmu.write16(linear, (int) value);
            case 4 -> mmu.write32(linear, (int) value);
            default -> mmu.write64(linear, value);
        }
    }

    private void popIf(boolean condition) {
        if (condition) {
            registers.pop();
        }
    }

    private void storeInteger(Instruction instruction, int size, boolean pop, boolean truncate) {
        if (registers.empty(0)) {
            storeFromEmpty(instruction, size, -1L << (8 * size - 1), pop);
        } else {
            long value = arithmetic.toInteger(registers.signExponent(0), registers.significand(0), 8 * size, truncate);
            storeResult(instruction, size, value, pop);
        }
    }

    /** The address of a 10-byte operand that can be written. */
    private long tenBytes(Instruction instruction) {
        long linear = operands.forWrite(instruction, 10);
        mmu.checkWrite(linear, 10);
        return linear;
    }

    private void storeExtended(Instruction instruction) {
        boolean empty = registers.empty(0);
        if (empty && !registers.masked(FloatingArithmetic.INVALID)) {
            registers.underflow();
            return;
        }
        long linear = tenBytes(instruction);
        mmu.write64(linear, empty ? ExtendedArithmetic.DEFAULT_NAN_SIGNIFICAND : registers.significand(0));
        mmu.write16(linear + 8, empty ? ExtendedArithmetic.DEFAULT_NAN_EXPONENT : registers.signExponent(0));
        if (empty) {
            registers.underflow();
        } else {
            registers.clearC1();
        }
        registers.pop();
    }

    private void storeDecimal(Instruction instruction) {
        boolean empty = registers.empty(0);
        long value = -1;
        int sign = 0;
        boolean store = !empty || registers.masked(FloatingArithmetic.INVALID);
        if (!empty) {
            sign = registers.signExponent(0) & ExtendedArithmetic.SIGN;
            value = arithmetic.toDecimal(registers.signExponent(0), registers.significand(0));
            store = !arithmetic.stopped();
        }
        long linear = store ? tenBytes(instruction) : 0;
        if (empty) {
            registers.underflow();
        } else {
            registers.commit(arithmetic);
        }
        if (!store) {
            return;
        }
        long digits = 0xC000_0000_0000_0000L;
        int top = 0xFFFF;
        if (value >= 0) {
            digits = 0;
            for (int shift = 0; shift < 64; shift += 4, value /= 10) {
                digits |= value % 10 << shift;
            }
            top = (int) (value % 10 | value / 10 << 4) | sign;
        }
        mmu.write64(linear, digits);
        mmu.write16(linear + 8, top);
        registers.pop();
    }

    private void register(Instruction instruction, int group) {
        int i = instruction.modrm & 7;
        switch (instruction.opcode) {
            case 0xD8 -> arithmeticWithRegister(instruction.extension(), i, 0, false);
            case 0xD9 -> registerD9(instruction, group, i);
            case 0xDA -> {
                if (instruction.modrm == 0xE9) {
                    compareRegister(1, false, 2);
                } else {
                    conditionalMove(instruction.extension(), i, false);
                }
            }
            case 0xDB -> {
                switch (instruction.extension()) {
                    case 5 -> compareToFlags(i, false, false);
                    case 6 -> compareToFlags(i, true, false);
                    default -> conditionalMove(instruction.extension(), i, true);
                }
            }
            case 0xDC -> arithmeticWithRegister(instruction.extension(), i, i, false);
            case 0xDD -> registerDD(instruction.extension(), i);
            case 0xDE -> {
                switch (instruction.extension()) {
                    case 2 -> compareRegister(i, true, 1);
                    case 3 -> {
                        if (i != 1) {
                            throw cpu.invalidOpcode();
                        }
                        compareRegister(1, true, 2);
                    }
                    default -> arithmeticWithRegister(instruction.extension(), i, i, true);
                }
            }
            default -> registerDF(instruction.extension(), i);
        }
    }

    private void registerD9(Instruction instruction, int group, int i) {
        switch (group & 7) {
            case 0 -> load(i);
            case 1 -> exchange(i);
            case 2 -> {
                if (i != 0) {
                    throw cpu.invalidOpcode();
                }
            }
            case 3 -> storeWithoutFault(i);
            case 4 -> {
                switch (i) {
                    case 0 -> changeSign(registers.signExponent(0) ^ ExtendedArithmetic.SIGN);
                    case 1 -> changeSign(registers.signExponent(0) & ExtendedArithmetic.SPECIAL);
                    case 4 -> test();
                    case 5 -> examine();
                    default -> throw cpu.invalidOpcode();
                }
            }
            case 5 -> loadConstant(i);
            default -> function(instruction.modrm);
        }
    }

    private void registerDD(int extension, int i) {
        switch (extension) {
            case 0 -> free(i);
            case 1 -> exchange(i);
            case 2 -> store(i, false);
            case 3 -> store(i, true);
            case 4 -> compareRegister(i, false, 0);
            case 5 -> compareRegister(i, false, 1);
            default -> throw cpu.invalidOpcode();
        }
    }

    private void registerDF(int extension, int i) {
        switch (extension) {
            case 0 -> {
                free(i);
                registers.pop();
            }
            case 1 -> exchange(i);
            case 2, 3 -> store(i, true);
            case 5 -> compareToFlags(i, false, true);
            case 6 -> compareToFlags(i, true, true);
            default -> throw cpu.invalidOpcode();
        }
    }

    private void arithmeticWithRegister(int operation, int i, int destination, boolean pop) {
        if (operation == 2 || operation == 3) {
            compareRegister(i, true, operation - 2);
            return;
        }
        boolean done;
        if (registers.empty(0) || registers.empty(i)) {
            done = registers.underflow();
            arithmetic.setDefaultNaN();
        } else {
            calculate(
                    operation,
                    registers.signExponent(0),
                    registers.significand(0),
                    registers.signExponent(i),
                    registers.significand(i));
            done = registers.commit(arithmetic);
        }
        if (done) {
            registers.set(destination, arithmetic.signExponent(), arithmetic.significand());
            popIf(pop);
        }
    }

    private void load(int i) {
        if (registers.empty(i)) {
            if (registers.underflow()) {
                registers.push(ExtendedArithmetic.DEFAULT_NAN_EXPONENT, ExtendedArithmetic.DEFAULT_NAN_SIGNIFICAND);
            }
        } else if (registers.full()) {
            if (registers.overflow()) {
                registers.push(ExtendedArithmetic.DEFAULT_NAN_EXPONENT, ExtendedArithmetic.DEFAULT_NAN_SIGNIFICAND);
            }
        } else {
            registers.clearC1();
            registers.push(registers.signExponent(i), registers.significand(i));
        }
    }

    private void exchange(int i) {
        if (registers.empty(0) || registers.empty(i)) {
            if (!registers.underflow()) {
                return;
            }
            if (registers.empty(0)) {
                registers.setDefaultNaN(0);
            }
            if (registers.empty(i)) {
                registers.setDefaultNaN(i);
            }
        } else {
            registers.clearC1();
        }
        int se = registers.signExponent(0);
        long sig = registers.significand(0);
        registers.set(0, registers.signExponent(i), registers.significand(i));
        registers.set(i, se, sig);
    }

    private void store(int i, boolean pop) {
        if (registers.empty(0)) {
            if (!registers.underflow()) {
                return;
            }
            registers.setDefaultNaN(i);
        } else {
            registers.clearC1();
            registers.set(i, registers.signExponent(0), registers.significand(0));
        }
        popIf(pop);
    }

    /** The alias D9 D8+i of FSTP, which takes an empty register without complaint. */
    private void storeWithoutFault(int i) {
        registers.clearC1();
        if (!registers.empty(0)) {
            registers.set(i, registers.signExponent(0), registers.significand(0));
        }
        registers.pop();
    }

    private void free(int i) {
        registers.clearC1();
        registers.free(i);
    }

    private void conditionalMove(int condition, int i, boolean negate) {
        boolean holds =
                switch (condition) {
                    case 0 -> cpu.carry();
                    case 1 -> cpu.zero();
                    case 2 -> cpu.carry() || cpu.zero();
                    case 3 -> cpu.parity();
                    default -> throw cpu.invalidOpcode();
                };
        if (registers.empty(0) || registers.empty(i)) {
            if (registers.underflow()) {
                registers.setDefaultNaN(0);
            }
            return;
        }
        if (holds != negate) {
            registers.set(0, registers.signExponent(i), registers.significand(i));
        }
    }

    private void changeSign(int signExponent) {
        if (registers.empty(0)) {
            if (registers.underflow()) {
                registers.setDefaultNaN(0);
            }
        } else {
            registers.clearC1();
            registers.set(0, signExponent, registers.significand(0));
        }
    }

    private void compareRegister(int i, boolean signalsQuiet, int pops) {
        if (registers.empty(0) || registers.empty(i)) {
            compareUnderflow(pops);
            return;
        }
        int order = arithmetic.compare(
                registers.signExponent(0),
                registers.significand(0),
                registers.signExponent(i),
                registers.significand(i),
                signalsQuiet);
        compared(order, pops);
    }

    private void compareUnderflow(int pops) {
        boolean masked = registers.underflow();
        registers.setConditions(X87Registers.C0 | X87Registers.C2 | X87Registers.C3);
        for (int i = 0; masked && i < pops; i++) {
            registers.pop();
        }
    }

    private void compared(int order, int pops) {
        boolean done = registers.commit(arithmetic);
        registers.setConditions(
                switch (order) {
                    case ExtendedArithmetic.LESS -> X87Registers.C0;
                    case ExtendedArithmetic.EQUAL -> X87Registers.C3;
                    case ExtendedArithmetic.GREATER -> 0;
                    default -> X87Registers.C0 | X87Registers.C2 | X87Registers.C3;
                });
        for (int i = 0; done && i < pops; i++) {
            registers.pop();
        }
    }

    private void compareToFlags(int i, boolean signalsQuiet, boolean pop) {
        boolean done;
        int order = ExtendedArithmetic.UNORDERED;
        if (registers.empty(0) || registers.empty(i)) {
            done = registers.underflow();
        } else {
            order = arithmetic.compare(
                    registers.signExponent(0),
                    registers.significand(0),
                    registers.signExponent(i),
                    registers.significand(i),
                    signalsQuiet);
            done = registers.commitKeepingC1(arithmetic);
        }
        cpu.setArithmeticFlags(
                switch (order) {
                    case ExtendedArithmetic.LESS -> Cpu.FLAG_CF;
                    case ExtendedArithmetic.EQUAL -> Cpu.FLAG_ZF;
                    case ExtendedArithmetic.GREATER -> 0;
                    default -> Cpu.FLAG_CF | Cpu.FLAG_PF | Cpu.FLAG_ZF;
                });
        popIf(done && pop);
    }

    private void test() {
        if (registers.empty(0)) {
            compareUnderflow(0);
        } else {
            compared(arithmetic.compare(registers.signExponent(0), registers.significand(0), 0, 0, true), 0);
        }
    }

    private void examine() {
        int se = registers.signExponent(0);
        long sig = registers.significand(0);
        int kind;
        if (registers.empty(0)) {
            kind = X87Registers.C3 | X87Registers.C0;
        } else if (ExtendedArithmetic.isUnsupported(se, sig)) {
            kind = 0;
        } else if (ExtendedArithmetic.isNaN(se, sig)) {
            kind = X87Registers.C0;
        } else if (ExtendedArithmetic.isInfinite(se, sig)) {
            kind = X87Registers.C2 | X87Registers.C0;
        } else if (ExtendedArithmetic.isZero(se, sig)) {
            kind = X87Registers.C3;
        } else if (ExtendedArithmetic.isDenormal(se, sig)) {
            kind = X87Registers.C3 | X87Registers.C2;
        } else {
            kind = X87Registers.C2;
        }
        registers.setConditions(kind | ((se & ExtendedArithmetic.SIGN) != 0 ? X87Registers.C1 : 0));
    }

    private void loadConstant(int number) {
        if (!arithmetic.loadConstant(number)) {
            throw cpu.invalidOpcode();
        }
        pushResult();
    }

    /** D9 F0 to D9 FF. */
    private void function(int modrm) {
        switch (modrm) {
            case 0xF6 -> registers.rotate(-1);
            case 0xF7 -> registers.rotate(1);
            case 0xF5, 0xF8 -> remainder(modrm == 0xF5);
            case 0xF1, 0xF3, 0xF9 -> binaryFunction(modrm);
            case 0xF2, 0xF4, 0xFB -> pushingFunction(modrm);
            default -> unaryFunction(modrm);
        }
    }

    private void unaryFunction(int modrm) {
        boolean scale = modrm == 0xFD;
        if (modrm >= 0xFE) {
            state.status &= ~X87Registers.C2;
        }
        if (registers.empty(0) || (scale && registers.empty(1))) {
            if (registers.underflow()) {
                registers.setDefaultNaN(0);
            }
            return;
        }
        int se = registers.signExponent(0);
        long sig = registers.significand(0);
        boolean reduced = true;
        switch (modrm) {
            case 0xF0 -> transcendental.powerOfTwoLessOne(se, sig);
            case 0xFA -> arithmetic.squareRoot(se, sig);
            case 0xFC -> arithmetic.roundToIntegral(se, sig);
            case 0xFD -> arithmetic.scale(se, sig, registers.signExponent(1), registers.significand(1));
            case 0xFE -> reduced = transcendental.sine(se, sig);
            default -> reduced = transcendental.cosine(se, sig);
        }
        if (!reduced) {
            state.status = (state.status & ~X87Registers.C1) | X87Registers.C2;
        } else if (registers.commit(arithmetic)) {
            registers.set(0, arithmetic.signExponent(), arithmetic.significand());
        }
    }

    private void remainder(boolean toNearest) {
        if (registers.empty(0) || registers.empty(1)) {
            state.status &= ~X87Registers.C2;
            if (registers.underflow()) {
                registers.setDefaultNaN(0);
            }
            return;
        }
        arithmetic.remainder(
                registers.signExponent(0),
                registers.significand(0),
                registers.signExponent(1),
                registers.significand(1),
                toNearest);
        boolean done = registers.commit(arithmetic);
        boolean undefined =
                arithmetic.stopped() || ExtendedArithmetic.isNaN(arithmetic.signExponent(), arithmetic.significand());
        int quotient = arithmetic.quotient();
        registers.setConditions(
                undefined
                        ? state.status & (X87Registers.C0 | X87Registers.C3)
                        : ((quotient & 4) != 0 ? X87Registers.C0 : 0)
                                | ((quotient & 2) != 0 ? X87Registers.C3 : 0)
                                | ((quotient & 1) != 0 ? X87Registers.C1 : 0)
                                | (arithmetic.complete() ? 0 : X87Registers.C2));
        if (done) {
            registers.set(0, arithmetic.signExponent(), arithmetic.significand());
        }
    }

    /** FYL2X, FPATAN, FYL2XP1: the result replaces ST(1), and ST(0) is popped. */
    private void binaryFunction(int modrm) {
        boolean done;
        if (registers.empty(0) || registers.empty(1)) {
            done = registers.underflow();
            arithmetic.setDefaultNaN();
        } else {
            int seX = registers.signExponent(0);
            long x = registers.significand(0);
            int seY = registers.signExponent(1);
            long y = registers.significand(1);
            switch (modrm) {
                case 0xF1 -> transcendental.logarithm(seX, x, seY, y);
                case 0xF3 -> transcendental.arcTangent(seX, x, seY, y);
                default -> transcendental.logarithmPlusOne(seX, x, seY, y);
            }
            done = registers.commit(arithmetic);
        }
        if (done) {
            registers.set(1, arithmetic.signExponent(), arithmetic.significand());
            registers.pop();
        }
    }

    /** FPTAN, FXTRACT, FSINCOS: one result replaces ST(0), another is pushed. */
    private void pushingFunction(int modrm) {
        boolean empty = registers.empty(0);
        if (empty || registers.full()) {
            if (modrm != 0xF4) {
                state.status &= ~X87Registers.C2;
            }
            if (empty ? registers.underflow() : registers.overflow()) {
                registers.setDefaultNaN(0);
                registers.push(ExtendedArithmetic.DEFAULT_NAN_EXPONENT, ExtendedArithmetic.DEFAULT_NAN_SIGNIFICAND);
            }
            return;
        }
        int se = registers.signExponent(0);
        long sig = registers.significand(0);
        boolean reduced = true;
        switch (modrm) {
            case 0xF2 -> reduced = transcendental.tangent(se, sig);
            case 0xF4 -> arithmetic.extractExponent(se, sig);
            default -> reduced = transcendental.sine(se, sig);
        }
        if (modrm != 0xF4) {
            state.status &= ~X87Registers.C2;
        }
        if (!reduced) {
            state.status = (state.status & ~X87Registers.C1) | X87Registers.C2;
            return;
        }
        boolean special = ExtendedArithmetic.isNaN(arithmetic.signExponent(), arithmetic.significand());
        int firstExponent = arithmetic.signExponent();
        long first = arithmetic.significand();
        if (!arithmetic.stopped() && !special) {
            switch (modrm) {
                case 0xF2 -> arithmetic.set(ONE_EXPONENT, ONE);
                case 0xF4 -> arithmetic.extractSignificand(se, sig);
                default -> transcendental.cosine(se, sig);
            }
        }
        if (registers.commit(arithmetic)) {
            registers.set(0, firstExponent, first);
            registers.push(arithmetic.signExponent(), arithmetic.significand());
        }
    }
}
