// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.CodePages;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.processor.Ports;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** The software processor in ring 3, with the same pages as {@link HostOracle} gives the host's. */
final class SoftwareOracle implements AutoCloseable, MemoryAccess, CodeFetcher, Ports {
    private static final long MEMORY = 0x200000;
    private static final int ERROR_PRESENT = 1;
    private static final int ERROR_WRITE = 2;
    private static final int ERROR_USER = 4;

    private final HostBlock memory = HostBlock.allocate(MEMORY);
    private final long host = memory.address();
    private final Cpu cpu = new Cpu();
    private final Mmu mmu = new Mmu(this);
    private final BlockCache blocks = new BlockCache(new CodePages(MEMORY), this, mmu, cpu);
    private final Interpreter interpreter;
    private @Nullable RegionCompiler compiler;
    private OracleState after = new OracleState();

    SoftwareOracle() throws IOException {
        this(Compilation.OFF);
    }

    SoftwareOracle(Compilation compilation) throws IOException {
        Segmentation segmentation = new Segmentation(cpu);
        Runnable unused = () -> {};
        interpreter = new Interpreter(
                cpu,
                mmu,
                segmentation,
                blocks,
                this::system,
                new X87Unit(cpu, mmu, segmentation, unused),
                new SimdUnit(cpu, mmu, segmentation, unused),
                this::deliver,
                (port, size) -> {
                    throw cpu.generalProtection(0);
                },
                this);
        if (compilation.threshold() > 0) {
            compiler = new RegionCompiler(cpu, interpreter, blocks, compilation);
            interpreter.compileWith(compiler, compilation.threshold());
        }
        cpu.cr0 = Cpu.CR0_PG | Cpu.CR0_NE | Cpu.CR0_ET | Cpu.CR0_MP | Cpu.CR0_PE | Cpu.CR0_WP;
        cpu.cr4 = Cpu.CR4_PAE | Cpu.CR4_OSFXSR | Cpu.CR4_OSXMMEXCPT | Cpu.CR4_OSXSAVE;
        cpu.xcr0 = 7;
        cpu.efer = Cpu.EFER_LME | Cpu.EFER_LMA;
        cpu.longMode = true;
        cpu.cpl = 3;
        for (int segment = Cpu.ES; segment <= Cpu.GS; segment++) {
            cpu.selector[segment] = 0x2B;
            cpu.segmentLimit[segment] = 0xFFFF_FFFFL;
            cpu.segmentAttributes[segment] = 0xC0_F300;
        }
        mmu.privilegeChanged(true);
    }

    OracleState run(OracleSequence sequence, OracleState before) {
        blocks.forgetAll();
        mmu.flush();
        return runAgain(sequence, before);
    }

    /** Runs the sequence with what was decoded and compiled of it the last time. */
    OracleState runAgain(OracleSequence sequence, OracleState before) {
        byte[] code = sequence.code();
        MemorySegment.copy(code, 0, HostMemory.ALL, ValueLayout.JAVA_BYTE, host + OracleState.CODE, code.length);
        MemorySegment.copy(
                before.scratch,
                0,
                HostMemory.ALL,
                ValueLayout.JAVA_BYTE,
                host + OracleState.SCRATCH,
                before.scratch.length);
        cpu.codeSize = sequence.wide() ? 8 : 4;
        cpu.stackSize = cpu.codeSize;
        cpu.selector[Cpu.CS] = sequence.wide() ? 0x33 : 0x23;
        cpu.segmentAttributes[Cpu.CS] = sequence.wide() ? 0xA0_FB00 : 0xC0_FB00;
        System.arraycopy(before.registers, 0, cpu.gpr, 0, 16);
        cpu.setFlags((int) before.flags);
        FloatingPointImage.restore(cpu.floatingPoint, before.extended);
        ByteBuffer.wrap(before.upper)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asLongBuffer()
                .get(cpu.floatingPoint.upper, 0, FloatingPointImage.VECTOR_LONGS);
        cpu.rip = OracleState.CODE;
        cpu.cr2 = 0;
        after = before.copy();
        cpu.takeAttention();
        interpreter.run();
        return after;
    }

    /** Sets or clears CR0.TS. */
    void setTaskSwitched(boolean set) {
        cpu.cr0 = set ? cpu.cr0 | Cpu.CR0_TS : cpu.cr0 & ~Cpu.CR0_TS;
    }

    /** How many regions the compiler failed to make. */
    long compilationFailures() {
        return compiler == null ? 0 : compiler.failures();
    }

    long compiledInstructions() {
        return cpu.compiledInstructions;
    }

    private void system(Instruction instruction, long address) {
        if (instruction.map == Instruction.MAP_ONE_BYTE && instruction.opcode == 0xCC) {
            stop(OracleState.BREAKPOINT, 0);
        } else {
            throw cpu.invalidOpcode();
        }
    }

    private void deliver(GuestFault fault) {
        stop(fault.vector, Math.max(fault.errorCode, 0));
    }

    private void stop(int vector, int errorCode) {
        after.vector = vector;
        after.errorCode = errorCode;
        after.instructionPointer = cpu.rip;
        after.faultAddress = cpu.cr2;
        System.arraycopy(cpu.gpr, 0, after.registers, 0, 16);
        after.flags = cpu.flags();
        byte[] image = FloatingPointImage.save(cpu.floatingPoint);
        System.arraycopy(image, 0, after.extended, 0, after.extended.length);
        ByteBuffer.wrap(after.upper)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asLongBuffer()
                .put(cpu.floatingPoint.upper, 0, FloatingPointImage.VECTOR_LONGS);
        MemorySegment.copy(
                HostMemory.ALL,
                ValueLayout.JAVA_BYTE,
                host + OracleState.SCRATCH,
                after.scratch,
                0,
                after.scratch.length);
        cpu.demandAttention(Cpu.ATTENTION_KICK);
    }

    private void check(long linear, int size, boolean write) {
        long last = linear + size - 1;
        if (linear << 16 >> 16 != linear || last << 16 >> 16 != last) {
            throw cpu.generalProtection(0);
        }
        checkPage(linear, write);
        if (((linear ^ last) & -4096) != 0) {
            checkPage(last & -4096, write);
        }
    }

    private void checkPage(long linear, boolean write) {
        long page = linear & -4096;
        boolean user = page == OracleState.CODE
                || (page >= OracleState.SCRATCH && page < OracleState.SCRATCH + OracleState.SCRATCH_BYTES);
        if (!user) {
            cpu.cr2 = linear;
            boolean present = page >= 0 && page < OracleState.CODE;
            throw cpu.fault(
                    GuestFault.PAGE_FAULT, ERROR_USER | (write ? ERROR_WRITE : 0) | (present ? ERROR_PRESENT : 0));
        }
    }

    @Override
    public long read(long linear, int size) {
        check(linear, size, false);
        mmu.enterRead(true, linear, host + linear, false);
        return HostMemory.read(host + linear, size);
    }

    @Override
    public void write(long linear, int size, long value) {
        check(linear, size, true);
        if ((linear & -4096) != OracleState.CODE) {
            mmu.enterWrite(true, linear, host + linear, false);
        }
        HostMemory.write(host + linear, size, value);
    }

    @Override
    public void checkRead(long linear, int size) {
        check(linear, size, false);
    }

    @Override
    public void checkWrite(long linear, int size) {
        check(linear, size, true);
    }

    @Override
    public long translate(long linear) {
        if (linear << 16 >> 16 != linear) {
            throw cpu.generalProtection(0);
        }
        checkPage(linear, false);
        return linear;
    }

    @Override
    public boolean isGlobal() {
        return false;
    }

    @Override
    public int pageShift() {
        return 12;
    }

    @Override
    public long host(long physical) {
        return host + physical;
    }

    @Override
    public int read8(long physical) {
        throw new AssertionError("all memory is direct");
    }

    @Override
    public int in(int port, int size) {
        return -1;
    }

    @Override
    public void out(int port, int size, int value) {}

    @Override
    public void close() {
        memory.close();
    }
}
