// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.memory.CodePages;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import java.io.IOException;
import java.util.HexFormat;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;

/** A processor in 64-bit mode without paging, in lock-step, with RAM and a device. HLT stops it. */
final class LockStepMachine implements AutoCloseable, RegisterWindow, LocalInterruptController, Ports {
    static final long DEVICE = 0x20_0000;
    private static final int MEMORY = 1 << 20;
    private static final long PROGRAM = 0x1000;

    final Cpu cpu = new Cpu();
    final LockStep lockStep;
    final ReentrantLock lock = new ReentrantLock();
    int deviceReads;
    int deviceWrites;
    private final HostBlock memory = HostBlock.allocate(MEMORY);
    private final BlockCache blocks;
    private final Interpreter interpreter;
    private final RegionCompiler compiler;

    LockStepMachine() throws IOException {
        MemoryMap map = new MemoryMap(lock, new CodePages(MEMORY));
        map.mapDirect(0, MEMORY, memory.address(), memory.address());
        map.mapWindow(DEVICE, 4096, this);
        PageWalker walker = new PageWalker(cpu, map);
        PhysicalAccess access = new PhysicalAccess(cpu, walker, map, this, lock);
        Mmu mmu = access.mmu();
        blocks = new BlockCache(map.codePages(), access, mmu, cpu);
        access.findCodeBy(blocks::holdsCode);
        Segmentation segmentation = new Segmentation(cpu);
        Runnable unused = () -> {};
        interpreter = new Interpreter(
                cpu,
                mmu,
                segmentation,
                blocks,
                (instruction, address) -> cpu.demandAttention(Cpu.ATTENTION_KICK),
                new X87Unit(cpu, mmu, segmentation, unused),
                new SimdUnit(cpu, mmu, segmentation, unused),
                fault -> {
                    throw new AssertionError("exception " + fault.vector + " at " + Long.toHexString(cpu.rip));
                },
                (port, size) -> {},
                this);
        Compilation compilation = new Compilation(2, false, true);
        compiler = new RegionCompiler(cpu, interpreter, blocks, compilation);
        interpreter.compileWith(compiler, compilation.threshold());
        lockStep = new LockStep(cpu, access, walker, interpreter, lock);
        interpreter.observeRegions(lockStep);
        cpu.cr0 = Cpu.CR0_NE | Cpu.CR0_ET | Cpu.CR0_MP | Cpu.CR0_PE;
        cpu.cr4 = Cpu.CR4_OSFXSR | Cpu.CR4_OSXMMEXCPT;
        cpu.longMode = true;
        cpu.codeSize = 8;
        cpu.stackSize = 8;
    }

    /** Runs a program to its end. */
    void run(String hex) {
        byte[] code = HexFormat.of().parseHex(hex.replaceAll("\\s", "") + "F4");
        for (int n = 0; n < code.length; n++) {
            HostMemory.write(memory.address() + PROGRAM + n, 1, code[n]);
        }
        cpu.rip = PROGRAM;
        do {
            interpreter.run();
        } while ((cpu.takeAttention() & Cpu.ATTENTION_KICK) == 0);
    }

    private Block firstBlock() {
        return Objects.requireNonNull(blocks.peek(PROGRAM, blocks.context()));
    }

    /** What executes the program's start. */
    Region region() {
        return Objects.requireNonNull(firstBlock().region);
    }

    /** Has another region execute it, which must not stop on its way. */
    void replaceRegion(Region other) {
        Block block = firstBlock();
        other.complete(region().plan(), new RegionPlan.Site[0], interpreter);
        other.warmUp.end();
        block.runBy(other, block.regionEntry, block.regionDelta);
    }

    long peek(long physical) {
        return HostMemory.read(memory.address() + physical, 8);
    }

    @Override
    public long read(long offset, int size) {
        return ++deviceReads;
    }

    @Override
    public void write(long offset, int size, long value) {
        deviceWrites++;
    }

    @Override
    public boolean interruptPending() {
        return false;
    }

    @Override
    public int acknowledge() {
        return -1;
    }

    @Override
    public Signal takeSignal() {
        return Signal.NONE;
    }

    @Override
    public int startupVector() {
        return 0;
    }

    @Override
    public RegisterWindow registers() {
        return this;
    }

    @Override
    public long baseAddress() {
        return 0;
    }

    @Override
    public void setBaseAddress(long value) {}

    @Override
    public int taskPriorityClass() {
        return 0;
    }

    @Override
    public void setTaskPriorityClass(int value) {}

    @Override
    public void onRequest(Runnable wake) {}

    @Override
    public int in(int port, int size) {
        return -1;
    }

    @Override
    public void out(int port, int size, int value) {}

    @Override
    public void close() {
        lockStep.close();
        compiler.close();
        memory.close();
    }
}
