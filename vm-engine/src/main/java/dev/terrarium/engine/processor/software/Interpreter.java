// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.Ports;
import org.jspecify.annotations.Nullable;

/**
 * Executes blocks of decoded instructions. The frequent operations are in {@link #execute}'s switch, whose bytecode must
 * stay below the 8,000 bytes HotSpot compiles at most, and mostly free of branches: what branches is in small methods.
 */
final class Interpreter {
    /** How a block was left: by its jump, past its jump, to anywhere, or in a way that may have changed the mode. */
    private static final int TAKEN = 0;

    private static final int FELL_THROUGH = 1;
    private static final int INDIRECT = 2;
    private static final int ANEW = 3;

    private static final long LOW_32 = 0xFFFF_FFFFL;

    /** As far from the stack or frame pointer as PUSH, CALL, ENTER and their like reach. */
    private static final long MOST_STACK_BYTES = 0x1_0400;

    private final Cpu cpu;
    private final long[] gpr;
    private final Mmu mmu;
    private final Operands operands;
    private final BlockCache blocks;
    private final ExecutionUnit system;
    private final ExecutionUnit x87;
    private final ExecutionUnit simd;
    private final FaultSink faults;
    private final IntegerUnit integers;
    private final Branches branches;
    private final StringUnit strings;

    /** What linear addresses of code are made with: 0 and all ones in 64-bit mode. */
    private long codeBase;

    private long linearMask;

    /** The last offset in the code segment. */
    private long codeLimit;

    private long instructionPointerMask;
    private long context;

    /** What blocks carry instead that were found through global pages. */
    private long globalContext;

    private @Nullable RegionCompiler compiler;
    private RegionObserver observer = RegionObserver.NONE;

    /** Executions that make a block worth compiling; never reached if there is no compiler. */
    private int hot = Integer.MAX_VALUE;

    Interpreter(
            Cpu cpu,
            Mmu mmu,
            Segmentation segmentation,
            BlockCache blocks,
            ExecutionUnit system,
            ExecutionUnit x87,
            ExecutionUnit simd,
            FaultSink faults,
            PortGuard guard,
            Ports ports) {
        this.cpu = cpu;
        this.gpr = cpu.gpr;
        this.mmu = mmu;
        this.blocks = blocks;
        this.system = system;
        this.x87 = x87;
        this.simd = simd;
        this.faults = faults;
        operands = new Operands(cpu, mmu, segmentation);
        integers = new IntegerUnit(operands);
        branches = new Branches(operands);
        strings = new StringUnit(operands, segmentation, guard, ports);
    }

    /** From now on has blocks compiled that were executed {@code threshold} times. */
    void compileWith(RegionCompiler itsCompiler, int threshold) {
        compiler = itsCompiler;
        hot = threshold;
    }

    void observeRegions(RegionObserver itsObserver) {
        observer = itsObserver;
    }

    /**
     * Executes so many instructions without compiled code and whatever demands attention; fewer if there is one among them
     * that compiled code leaves to the interpreter, or that raises an exception.
     */
    void replay(long count) {
        long end = cpu.instructions + count;
        int exit = TAKEN;
        while (cpu.instructions < end && exit != ANEW) {
            Block block = blocks.find(linear(), context);
            long left = end - cpu.instructions;
            exit = execute(block.count() <= left ? block : block.first((int) left));
        }
    }

    /** The block from {@link Cpu#rip}. */
    Block next() {
        return blocks.find(linear(), context);
    }

    /** Executes the region that there is at {@link Cpu#rip} and none after it, without delivering exceptions; null if there is none. */
    @Nullable
    Region runSingly() {
        Block block = next();
        Region region = block.region;
        long base = cpu.rip - block.regionDelta;
        if (region == null || region.usesSimd && !cpu.sseEnabled() || !region.isMapped(base, block.context, blocks)) {
            return null;
        }
        cpu.giveFlags();
        cpu.inRegion = true;
        try {
            region.run(cpu, mmu, base, block.regionEntry);
            cpu.inRegion = false;
            cpu.takeFlags();
        } catch (GuestFault fault) {
            recover(region, base);
        }
        return region;
    }

    /** Executes from {@link Cpu#rip} until {@link Cpu#attention} is not 0; exceptions are delivered on the way. */
    void run() {
        blocks.enter();
        refresh();
        Block block = null;
        while (cpu.attention() == 0) {
            if (block == null) {
                block = locate();
            } else if (block.region != null && isReady(block)) {
                block = runCompiled(block, block.region);
            } else if (block.region != null
                    && (!block.region.usesSimd || cpu.sseEnabled())
                    && block.region.isMapped(cpu.rip - block.regionDelta, block.context, blocks)
                    && block.region.warmUp.admits()) {
                block = tryCompiled(block.region, block);
            } else {
                if (++block.heat >= hot && compiler != null && compiler.request(block, cpu.rip, block.context)) {
                    continue;
                }
                int exit = execute(block);
                block = successor(block, exit);
            }
        }
    }

    private boolean isReady(Block block) {
        return isPresent(block.readyContext) && (!block.usesSimd || cpu.sseEnabled());
    }

    /** Executes compiled code from a block that is ready, then one region after the other; returns the block to go on with. */
    private @Nullable Block runCompiled(Block first, Region firstRegion) {
        Block block = first;
        Region region = firstRegion;
        long base = 0;
        int outcome;
        long before = cpu.instructions;
        cpu.giveFlags();
        observer.before();
        cpu.inRegion = true;
        try {
            while (true) {
                base = cpu.rip - block.regionDelta;
                outcome = region.run(cpu, mmu, base, block.regionEntry);
                if (outcome != Region.LEFT || cpu.attention() != 0) {
                    break;
                }
                block = blocks.lastFoundAt(cpu.rip);
                if (block.region == null || !isReady(block)) {
                    break;
                }
                region = block.region;
            }
        } catch (GuestFault fault) {
            return stopped(region, base, before, fault);
        }
        cpu.inRegion = false;
        cpu.takeFlags();
        observer.after();
        cpu.compiledInstructions += cpu.instructions - before;
        Block last = locate();
        return outcome == Region.LEFT ? last : interpret(last);
    }

    /** Executes a region that has to show that it is fast, or that is observed. */
    private @Nullable Block tryCompiled(Region region, Block block) {
        long base = cpu.rip - block.regionDelta;
        long before = cpu.instructions;
        WarmUp warmUp = region.warmUp;
        long start = warmUp.over() ? 0 : System.nanoTime();
        cpu.giveFlags();
        observer.before();
        cpu.inRegion = true;
        int outcome;
        try {
            outcome = region.run(cpu, mmu, base, block.regionEntry);
            cpu.inRegion = false;
        } catch (GuestFault fault) {
            return stopped(region, base, before, fault);
        }
        cpu.takeFlags();
        observer.after();
        long executed = cpu.instructions - before;
        cpu.compiledInstructions += executed;
        if (!warmUp.over()) {
            warmUp.ran(System.nanoTime() - start, executed);
        } else {
            block.readyContext = block.context;
        }
        Block next = locate();
        return outcome == Region.LEFT ? next : interpret(next);
    }

    /** Compiled code stopped at a site for an exception or because it would write to code; returns what to go on with. */
    private @Nullable Block stopped(Region region, long base, long before, GuestFault fault) {
        RegionPlan.Site site = recover(region, base);
        cpu.compiledInstructions += cpu.instructions - before;
        observer.after();
        if (fault.vector != GuestFault.WRITE_TO_CODE) {
            gpr[Cpu.BLOCK_START] = base + site.blockDelta();
            faults.deliver(resolved(fault, site.instruction()));
            refresh();
            return null;
        }
        return interpret(locate());
    }

    /** Makes the vCPU's state that from before the instruction at which compiled code stopped; returns where that is. */
    private RegionPlan.Site recover(Region region, long base) {
        cpu.inRegion = false;
        RegionPlan.Site site = region.site(mmu.stopSite);
        int kind = site.flagKind() >= 0 ? site.flagKind() : cpu.savedFlagKind;
        FlagKind.store(kind, cpu.savedFlagA, cpu.savedFlagB, cpu.savedFlagR, cpu);
        cpu.instructions += Integer.toUnsignedLong(mmu.stopExecuted) + site.index();
        cpu.rip = base + site.delta();
        return site;
    }

    /** Executes a block without its region; returns the block to go on with. */
    private @Nullable Block interpret(@Nullable Block block) {
        return block == null ? null : successor(block, execute(block));
    }

    /** Has a unit execute an instruction for compiled code. */
    void callOut(Instruction i, long blockStart) {
        observer.beforeCallOut(i);
        gpr[Cpu.BLOCK_START] = blockStart;
        switch (i.op) {
            case Op.X87 -> x87.execute(i, advance(i));
            case Op.SIMD, Op.AVX -> simd.execute(i, advance(i));
            default -> integers.execute(i);
        }
    }

    /** Executes one instruction, or one element of a repeated one while TF is set. */
    void step() {
        blocks.enter();
        refresh();
        try {
            execute(limited(blocks.single(linear())));
        } catch (GuestFault fault) {
            faults.deliver(ofFetch(fault));
        }
    }

    private static GuestFault ofFetch(GuestFault fault) {
        if (fault.vector == GuestFault.NON_CANONICAL_ACCESS) {
            fault.vector = GuestFault.GENERAL_PROTECTION;
        }
        return fault;
    }

    /** Brings up to date what depends on CS, the mode and the translations. */
    private void refresh() {
        if (cpu.codeSize == 8) {
            codeBase = 0;
            linearMask = -1;
            codeLimit = Long.MAX_VALUE;
        } else {
            codeBase = cpu.segmentBase[Cpu.CS];
            linearMask = LOW_32;
            codeLimit = cpu.segmentLimit[Cpu.CS];
        }
        instructionPointerMask = Decoder.mask(cpu.codeSize);
        context = blocks.context();
        globalContext = blocks.globalContext(context);
    }

    private long linear() {
        return (cpu.rip + codeBase) & linearMask;
    }

    /** The block to go on with; null if attention comes first, or if looking for it raised an exception. */
    private @Nullable Block successor(Block block, int exit) {
        if (exit == ANEW) {
            refresh();
            return null;
        }
        long linear = linear();
        Block next = exit == TAKEN ? block.taken : block.fallThrough;
        if (next.linear == linear && isPresent(next.context) && cpu.rip + next.bytes - 1 <= codeLimit) {
            return next;
        }
        next = locate();
        if (next != null && isPresent(next.context) && isPresent(block.context)) {
            if (exit == TAKEN) {
                block.taken = next;
            } else {
                block.fallThrough = next;
                if (exit == INDIRECT) {
                    if (block.code[block.code.length - 1].op == Op.JMP_INDIRECT) {
                        block.sawJump(next.linear - block.linear);
                    }
                }
            }
        }
        return next;
    }

    private boolean isPresent(long blockContext) {
        return blockContext == context || blockContext == globalContext;
    }

    private @Nullable Block locate() {
        try {
            Block block = blocks.find(linear(), context);
            return cpu.rip + block.bytes - 1 <= codeLimit ? block : limited(blocks.single(linear()));
        } catch (GuestFault fault) {
            faults.deliver(ofFetch(fault));
            refresh();
            return null;
        }
    }

    /** Checks a single instruction against the code segment's limit. */
    private Block limited(Block single) {
        if (cpu.rip + single.bytes - 1 > codeLimit) {
            throw cpu.generalProtection(0);
        }
        return single;
    }

    private int jump(Instruction i, boolean taken) {
        if (taken) {
            long target = (gpr[Cpu.BLOCK_START] + i.addressOffset) & i.addressMask;
            if (target > codeLimit) {
                throw cpu.generalProtection(0);
            }
            cpu.rip = target;
            return TAKEN;
        }
        cpu.rip = (gpr[Cpu.BLOCK_START] + i.end) & instructionPointerMask;
        return FELL_THROUGH;
    }

    private void call64(Instruction i) {
        long start = gpr[Cpu.BLOCK_START];
        long pointer = gpr[Cpu.RSP] - 8;
        mmu.write64(pointer, start + i.end);
        gpr[Cpu.RSP] = pointer;
        cpu.rip = start + i.addressOffset;
    }

    private void return64() {
        long pointer = gpr[Cpu.RSP];
        long target = mmu.read64(pointer);
        if (target << 16 >> 16 != target) {
            throw cpu.generalProtection(0);
        }
        gpr[Cpu.RSP] = pointer + 8;
        cpu.rip = target;
    }

    /** Sets {@link Cpu#rip} to the next instruction's address and returns the instruction's own. */
    private long advance(Instruction i) {
        long next = gpr[Cpu.BLOCK_START] + i.end;
        cpu.rip = next & instructionPointerMask;
        return (next - i.length) & instructionPointerMask;
    }

    private void other(Instruction i) {
        switch (i.op) {
            case Op.CALL -> branches.call(i);
            case Op.RET -> branches.ret(i);
            case Op.JMP_INDIRECT -> branches.jumpIndirect(i);
            default -> branches.callIndirect(i);
        }
    }

    private boolean string(Instruction i) {
        boolean complete = strings.execute(i);
        long own = advance(i);
        if (!complete) {
            cpu.rip = own;
        }
        return complete;
    }

    private int load32(Instruction i) {
        return mmu.read32(operands.readAddress(i, 4));
    }

    private long load64(Instruction i) {
        return mmu.read64(operands.readAddress(i, 8));
    }

    private int load8(Instruction i) {
        return mmu.read8(operands.readAddress(i, 1));
    }

    /** CMOV with memory reads it whatever the condition; a 32-bit destination is always written. */
    private void conditionalLoad(Instruction i) {
        boolean wide = i.operandSize == 8;
        long loaded = wide ? load64(i) : load32(i) & LOW_32;
        long old = wide ? gpr[i.destination] : gpr[i.destination] & LOW_32;
        gpr[i.destination] = operands.condition(i.operation) ? loaded : old;
    }

    private void setByte(Instruction i, int value) {
        int shift = i.destinationShift;
        gpr[i.destination] = (gpr[i.destination] & ~(0xFFL << shift)) | (value & 0xFFL) << shift;
    }

    private static int sourceByte(long[] gpr, Instruction i) {
        return (int) (gpr[i.source] >>> i.sourceShift) + (int) i.immediate & 0xFF;
    }

    private static int destinationByte(long[] gpr, Instruction i) {
        return (int) (gpr[i.destination] >>> i.destinationShift) & 0xFF;
    }

    /** Makes #SS(0) or #GP(0) of an access to a non-canonical address, by what the instruction wanted there. */
    private GuestFault resolved(GuestFault fault, Instruction i) {
        if (fault.vector == GuestFault.NON_CANONICAL_ACCESS) {
            boolean stack;
            if (i.memory && (!usesStackToo(i) || operands.isAt(i, fault.linear))) {
                stack = i.segment == Cpu.SS;
            } else {
                long top = Math.abs(fault.linear - gpr[Cpu.RSP]);
                long frame = Math.abs(fault.linear - gpr[Cpu.RBP]);
                stack = i.op != Op.STRING && i.op != Op.PORT_STRING && Math.min(top, frame) <= MOST_STACK_BYTES;
            }
            fault.vector = stack ? GuestFault.STACK_FAULT : GuestFault.GENERAL_PROTECTION;
        }
        return fault;
    }

    /** Does an instruction with a memory operand reach the stack too? What faulted, then, is told by the address. */
    private static boolean usesStackToo(Instruction i) {
        return i.map == Instruction.MAP_ONE_BYTE && (i.opcode == 0xFF || i.opcode == 0x8F);
    }

    private int execute(Block block) {
        Cpu cpu = this.cpu;
        long[] gpr = this.gpr;
        gpr[Cpu.BLOCK_START] = cpu.rip;
        Instruction[] code = block.code;
        int n = 0;
        int exit;
        try {
            loop:
            while (true) {
                Instruction i = code[n++];
                switch (i.op) {
                    case Op.ADD32_R ->
                        gpr[i.destination] =
                                Arithmetic.add32(cpu, (int) gpr[i.destination], (int) (gpr[i.source] + i.immediate))
                                        & LOW_32;
                    case Op.OR32_R ->
                        gpr[i.destination] =
                                Arithmetic.logic32(cpu, (int) gpr[i.destination] | (int) (gpr[i.source] + i.immediate))
                                        & LOW_32;
                    case Op.ADC32_R ->
                        gpr[i.destination] =
                                Arithmetic.adc32(cpu, (int) gpr[i.destination], (int) (gpr[i.source] + i.immediate))
                                        & LOW_32;
                    case Op.SBB32_R ->
                        gpr[i.destination] =
                                Arithmetic.sbb32(cpu, (int) gpr[i.destination], (int) (gpr[i.source] + i.immediate))
                                        & LOW_32;
                    case Op.AND32_R ->
                        gpr[i.destination] =
                                Arithmetic.logic32(cpu, (int) gpr[i.destination] & (int) (gpr[i.source] + i.immediate))
                                        & LOW_32;
                    case Op.SUB32_R ->
                        gpr[i.destination] =
                                Arithmetic.sub32(cpu, (int) gpr[i.destination], (int) (gpr[i.source] + i.immediate))
                                        & LOW_32;
                    case Op.XOR32_R ->
                        gpr[i.destination] =
                                Arithmetic.logic32(cpu, (int) gpr[i.destination] ^ (int) (gpr[i.source] + i.immediate))
                                        & LOW_32;
                    case Op.CMP32_R ->
                        Arithmetic.sub32(cpu, (int) gpr[i.destination], (int) (gpr[i.source] + i.immediate));
                    case Op.TEST32_R ->
                        Arithmetic.logic32(cpu, (int) gpr[i.destination] & (int) (gpr[i.source] + i.immediate));
                    case Op.ADD32_L ->
                        gpr[i.destination] = Arithmetic.add32(cpu, (int) gpr[i.destination], load32(i)) & LOW_32;
                    case Op.OR32_L ->
                        gpr[i.destination] = Arithmetic.logic32(cpu, (int) gpr[i.destination] | load32(i)) & LOW_32;
                    case Op.AND32_L ->
                        gpr[i.destination] = Arithmetic.logic32(cpu, (int) gpr[i.destination] & load32(i)) & LOW_32;
                    case Op.SUB32_L ->
                        gpr[i.destination] = Arithmetic.sub32(cpu, (int) gpr[i.destination], load32(i)) & LOW_32;
                    case Op.XOR32_L ->
                        gpr[i.destination] = Arithmetic.logic32(cpu, (int) gpr[i.destination] ^ load32(i)) & LOW_32;
                    case Op.CMP32_L -> Arithmetic.sub32(cpu, (int) gpr[i.destination], load32(i));
                    case Op.CMP32_M -> Arithmetic.sub32(cpu, load32(i), (int) (gpr[i.source] + i.immediate));
                    case Op.TEST32_M -> Arithmetic.logic32(cpu, load32(i) & (int) (gpr[i.source] + i.immediate));
                    case Op.ADD64_R ->
                        gpr[i.destination] = Arithmetic.add64(cpu, gpr[i.destination], gpr[i.source] + i.immediate);
                    case Op.OR64_R ->
                        gpr[i.destination] =
                                Arithmetic.logic64(cpu, gpr[i.destination] | (gpr[i.source] + i.immediate));
                    case Op.ADC64_R ->
                        gpr[i.destination] = Arithmetic.adc64(cpu, gpr[i.destination], gpr[i.source] + i.immediate);
                    case Op.SBB64_R ->
                        gpr[i.destination] = Arithmetic.sbb64(cpu, gpr[i.destination], gpr[i.source] + i.immediate);
                    case Op.AND64_R ->
                        gpr[i.destination] =
                                Arithmetic.logic64(cpu, gpr[i.destination] & (gpr[i.source] + i.immediate));
                    case Op.SUB64_R ->
                        gpr[i.destination] = Arithmetic.sub64(cpu, gpr[i.destination], gpr[i.source] + i.immediate);
                    case Op.XOR64_R ->
                        gpr[i.destination] =
                                Arithmetic.logic64(cpu, gpr[i.destination] ^ (gpr[i.source] + i.immediate));
                    case Op.CMP64_R -> Arithmetic.sub64(cpu, gpr[i.destination], gpr[i.source] + i.immediate);
                    case Op.TEST64_R -> Arithmetic.logic64(cpu, gpr[i.destination] & (gpr[i.source] + i.immediate));
                    case Op.ADD64_L -> gpr[i.destination] = Arithmetic.add64(cpu, gpr[i.destination], load64(i));
                    case Op.OR64_L -> gpr[i.destination] = Arithmetic.logic64(cpu, gpr[i.destination] | load64(i));
                    case Op.AND64_L -> gpr[i.destination] = Arithmetic.logic64(cpu, gpr[i.destination] & load64(i));
                    case Op.SUB64_L -> gpr[i.destination] = Arithmetic.sub64(cpu, gpr[i.destination], load64(i));
                    case Op.XOR64_L -> gpr[i.destination] = Arithmetic.logic64(cpu, gpr[i.destination] ^ load64(i));
                    case Op.CMP64_L -> Arithmetic.sub64(cpu, gpr[i.destination], load64(i));
                    case Op.CMP64_M -> Arithmetic.sub64(cpu, load64(i), gpr[i.source] + i.immediate);
                    case Op.TEST64_M -> Arithmetic.logic64(cpu, load64(i) & (gpr[i.source] + i.immediate));
                    case Op.CMP8_R -> Arithmetic.compare8(cpu, destinationByte(gpr, i), sourceByte(gpr, i));
                    case Op.CMP8_L -> Arithmetic.compare8(cpu, destinationByte(gpr, i), load8(i));
                    case Op.CMP8_M -> Arithmetic.compare8(cpu, load8(i), sourceByte(gpr, i));
                    case Op.TEST8_R -> Arithmetic.logic32(cpu, (byte) (destinationByte(gpr, i) & sourceByte(gpr, i)));
                    case Op.TEST8_M -> Arithmetic.logic32(cpu, (byte) (load8(i) & sourceByte(gpr, i)));
                    case Op.MOV32_R -> gpr[i.destination] = (gpr[i.source] + i.immediate) & LOW_32;
                    case Op.MOV64_R -> gpr[i.destination] = gpr[i.source] + i.immediate;
                    case Op.MOV8_R -> setByte(i, sourceByte(gpr, i));
                    case Op.MOV8_L -> setByte(i, load8(i));
                    case Op.MOV32_L -> gpr[i.destination] = load32(i) & LOW_32;
                    case Op.MOV64_L -> gpr[i.destination] = load64(i);
                    case Op.MOV8_M -> mmu.write8(operands.writeAddress(i, 1), sourceByte(gpr, i));
                    case Op.MOV16_M -> mmu.write16(operands.writeAddress(i, 2), (int) (gpr[i.source] + i.immediate));
                    case Op.MOV32_M -> mmu.write32(operands.writeAddress(i, 4), (int) (gpr[i.source] + i.immediate));
                    case Op.MOV64_M -> mmu.write64(operands.writeAddress(i, 8), gpr[i.source] + i.immediate);
                    case Op.MOVZX8_R -> gpr[i.destination] = sourceByte(gpr, i);
                    case Op.MOVZX16_R -> gpr[i.destination] = gpr[i.source] & 0xFFFF;
                    case Op.MOVZX8_L -> gpr[i.destination] = load8(i);
                    case Op.MOVZX16_L -> gpr[i.destination] = mmu.read16(operands.readAddress(i, 2));
                    case Op.MOVSXD_R -> gpr[i.destination] = (int) gpr[i.source];
                    case Op.MOVSXD_L -> gpr[i.destination] = load32(i);
                    case Op.LEA32 -> gpr[i.destination] = operands.effectiveAddress(i) & LOW_32;
                    case Op.LEA64 -> gpr[i.destination] = operands.effectiveAddress(i);
                    case Op.INC32_R -> gpr[i.destination] = Arithmetic.increment(cpu, gpr[i.destination], 4) & LOW_32;
                    case Op.INC64_R -> gpr[i.destination] = Arithmetic.increment(cpu, gpr[i.destination], 8);
                    case Op.DEC32_R -> gpr[i.destination] = Arithmetic.decrement(cpu, gpr[i.destination], 4) & LOW_32;
                    case Op.DEC64_R -> gpr[i.destination] = Arithmetic.decrement(cpu, gpr[i.destination], 8);
                    case Op.SHL32_I ->
                        gpr[i.destination] = Shifts.shl(cpu, gpr[i.destination], (int) i.immediate, 4) & LOW_32;
                    case Op.SHL64_I -> gpr[i.destination] = Shifts.shl(cpu, gpr[i.destination], (int) i.immediate, 8);
                    case Op.SHR32_I ->
                        gpr[i.destination] = Shifts.shr(cpu, gpr[i.destination], (int) i.immediate, 4) & LOW_32;
                    case Op.SHR64_I -> gpr[i.destination] = Shifts.shr(cpu, gpr[i.destination], (int) i.immediate, 8);
                    case Op.SAR32_I ->
                        gpr[i.destination] = Shifts.sar(cpu, gpr[i.destination], (int) i.immediate, 4) & LOW_32;
                    case Op.SAR64_I -> gpr[i.destination] = Shifts.sar(cpu, gpr[i.destination], (int) i.immediate, 8);
                    case Op.PUSH64 -> {
                        long pointer = gpr[Cpu.RSP] - 8;
                        mmu.write64(pointer, gpr[i.source] + i.immediate);
                        gpr[Cpu.RSP] = pointer;
                    }
                    case Op.POP64 -> {
                        long pointer = gpr[Cpu.RSP];
                        long value = mmu.read64(pointer);
                        gpr[Cpu.RSP] = pointer + 8;
                        gpr[i.destination] = value;
                    }
                    case Op.CMOV32_R ->
                        gpr[i.destination] = gpr[operands.condition(i.operation) ? i.source : i.destination] & LOW_32;
                    case Op.CMOV64_R ->
                        gpr[i.destination] = gpr[operands.condition(i.operation) ? i.source : i.destination];
                    case Op.CMOV_L -> conditionalLoad(i);
                    case Op.SETCC_R -> setByte(i, operands.condition(i.operation) ? 1 : 0);
                    case Op.NOP -> {}
                    case Op.JMP -> {
                        exit = jump(i, true);
                        break loop;
                    }
                    case Op.JO -> {
                        exit = jump(i, cpu.overflow());
                        break loop;
                    }
                    case Op.JNO -> {
                        exit = jump(i, !cpu.overflow());
                        break loop;
                    }
                    case Op.JB -> {
                        exit = jump(i, cpu.carry());
                        break loop;
                    }
                    case Op.JAE -> {
                        exit = jump(i, !cpu.carry());
                        break loop;
                    }
                    case Op.JE -> {
                        exit = jump(i, cpu.zero());
                        break loop;
                    }
                    case Op.JNE -> {
                        exit = jump(i, !cpu.zero());
                        break loop;
                    }
                    case Op.JBE -> {
                        exit = jump(i, cpu.carry() || cpu.zero());
                        break loop;
                    }
                    case Op.JA -> {
                        exit = jump(i, !cpu.carry() && !cpu.zero());
                        break loop;
                    }
                    case Op.JS -> {
                        exit = jump(i, cpu.sign());
                        break loop;
                    }
                    case Op.JNS -> {
                        exit = jump(i, !cpu.sign());
                        break loop;
                    }
                    case Op.JP -> {
                        exit = jump(i, cpu.parity());
                        break loop;
                    }
                    case Op.JNP -> {
                        exit = jump(i, !cpu.parity());
                        break loop;
                    }
                    case Op.JL -> {
                        exit = jump(i, cpu.less());
                        break loop;
                    }
                    case Op.JGE -> {
                        exit = jump(i, !cpu.less());
                        break loop;
                    }
                    case Op.JLE -> {
                        exit = jump(i, cpu.zero() || cpu.less());
                        break loop;
                    }
                    case Op.JG -> {
                        exit = jump(i, !cpu.zero() && !cpu.less());
                        break loop;
                    }
                    case Op.CALL64 -> {
                        call64(i);
                        exit = TAKEN;
                        break loop;
                    }
                    case Op.RET64 -> {
                        return64();
                        exit = INDIRECT;
                        break loop;
                    }
                    case Op.CALL, Op.RET, Op.JMP_INDIRECT, Op.CALL_INDIRECT -> {
                        other(i);
                        exit = INDIRECT;
                        break loop;
                    }
                    case Op.LOOP -> {
                        exit = branches.loop(i) ? TAKEN : FELL_THROUGH;
                        break loop;
                    }
                    case Op.END_OF_BLOCK -> {
                        advance(i);
                        n--;
                        exit = FELL_THROUGH;
                        break loop;
                    }
                    case Op.X87 -> x87.execute(i, advance(i));
                    case Op.SIMD, Op.AVX -> simd.execute(i, advance(i));
                    case Op.STRING -> {
                        if (!string(i)) {
                            n--;
                            exit = INDIRECT;
                            break loop;
                        }
                    }
                    case Op.PORT_STRING -> {
                        string(i);
                        exit = ANEW;
                        break loop;
                    }
                    case Op.SYSTEM -> {
                        system.execute(i, advance(i));
                        exit = ANEW;
                        break loop;
                    }
                    case Op.STALE -> {
                        n--;
                        cpu.rip = (gpr[Cpu.BLOCK_START] + block.offset(n)) & instructionPointerMask;
                        exit = ANEW;
                        break loop;
                    }
                    default -> integers.execute(i);
                }
            }
        } catch (GuestFault fault) {
            n--;
            cpu.rip = (gpr[Cpu.BLOCK_START] + block.offset(n)) & instructionPointerMask;
            faults.deliver(resolved(fault, block.instruction(n)));
            exit = ANEW;
        }
        cpu.instructions += n;
        return exit;
    }
}
