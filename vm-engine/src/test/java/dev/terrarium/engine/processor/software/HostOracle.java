// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.kvm.KvmMachine;
import dev.terrarium.engine.processor.kvm.KvmVcpu;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.List;

/**
 * The host's own processor, running sequences in ring 3 of a bare 64-bit guest. Every exception ends in a stub that pushes
 * its vector and halts; the frame on the stack says what happened.
 */
final class HostOracle implements AutoCloseable {
    private static final long MEMORY = 0x200000;
    private static final long GDT = 0x1000;
    private static final long IDT = 0x2000;
    private static final long TSS = 0x3000;
    private static final long STUBS = 0x4000;
    private static final long PML4 = 0x5000;
    private static final long PDPT = 0x6000;
    private static final long DIRECTORY = 0x7000;
    private static final long TABLE = 0x8000;
    private static final long STACK_TOP = 0xF000;

    private static final int CODE64 = 0x33;
    private static final int CODE32 = 0x23;
    private static final int DATA = 0x2B;
    private static final int KERNEL_CODE = 0x08;
    private static final int TASK = 0x40;

    private static final long PRESENT = 1;
    private static final long WRITABLE = 2;
    private static final long USER = 4;

    /** Copies of registers in the order of ModRM numbers. */
    private static final int[] ORDER = {
        KvmVcpu.RAX, KvmVcpu.RCX, KvmVcpu.RDX, KvmVcpu.RBX,
        KvmVcpu.RSP, KvmVcpu.RBP, KvmVcpu.RSI, KvmVcpu.RDI
    };

    private final HostBlock memory = HostBlock.allocate(MEMORY);
    private final long host = memory.address();
    private KvmMachine machine;
    private KvmVcpu processor;
    private final boolean compatibilityMode;
    private boolean avx;

    HostOracle() throws IOException {
        machine = KvmMachine.create();
        processor = powerOn();
        writeTables();
        OracleState state = new OracleState();
        state.extended[24] = (byte) 0x80;
        state.extended[25] = 0x1F;
        compatibilityMode = run(new OracleSequence(false, List.of()), state).vector == OracleState.BREAKPOINT;
        restart();
    }

    /** Some nested KVMs only emulate 32-bit code under a 64-bit kernel, and not all of it. */
    boolean hasCompatibilityMode() {
        return compatibilityMode;
    }

    /**
     * The extensions of {@link FeatureSet} that instructions run on the host show to be there. KVM's own list is of no use:
     * a nested one may hide what it cannot keep a guest from using.
     */
    FeatureSet features() throws IOException {
        int features = 0;
        for (Probe probe : PROBES) {
            OracleState before = new OracleState();
            before.extended[24] = (byte) 0x80;
            before.extended[25] = 0x1F;
            before.registers[Cpu.RAX] = 1;
            OracleSequence.Step step = new OracleSequence.Step(HexFormat.of().parseHex(probe.code), 0);
            OracleState after = run(new OracleSequence(true, List.of(step)), before);
            boolean has = after.vector != GuestFault.INVALID_OPCODE
                    && (probe.feature != FeatureSet.LZCNT || after.registers[Cpu.RAX] == 31);
            features |= has ? probe.feature : 0;
        }
        restart();
        return new FeatureSet(features);
    }

    /** An instruction that raises #UD, or has another result, where the feature is missing. */
    private record Probe(int feature, String code) {}

    private static final List<Probe> PROBES = List.of(
            new Probe(FeatureSet.SSE3, "F20F7CC0"),
            new Probe(FeatureSet.SSSE3, "0F3800C0"),
            new Probe(FeatureSet.CMPXCHG16B, "480FC70E"),
            new Probe(FeatureSet.LAHF, "9F"),
            new Probe(FeatureSet.SSE4_1, "660F3817C0"),
            new Probe(FeatureSet.SSE4_2, "660F3837C0"),
            new Probe(FeatureSet.POPCNT, "F30FB8C0"),
            new Probe(FeatureSet.LZCNT, "F30FBDC0"),
            new Probe(FeatureSet.MOVBE, "0F38F006"),
            new Probe(FeatureSet.BMI1, "C4E278F2C0"),
            new Probe(FeatureSet.BMI2, "C4E279F7C0"),
            new Probe(FeatureSet.AES, "660F38DCC0"),
            new Probe(FeatureSet.PCLMULQDQ, "660F3A44C000"),
            new Probe(FeatureSet.AVX, "C5F857C0"),
            new Probe(FeatureSet.AVX2, "C5FDEFC0"),
            new Probe(FeatureSet.F16C, "C4E27913C0"),
            new Probe(FeatureSet.FMA, "C4E2F998C0"));

    /** RCPSS and RSQRTSS are approximations, and each vendor has its own; ours are Intel's. */
    boolean approximatesAsIntel() throws IOException {
        return machine.supportedCpuid().leaf(0, 0)[1] == 0x756E_6547; // "Genu"
    }

    private KvmVcpu powerOn() throws IOException {
        machine.mapMemory(0, 0, host, MEMORY);
        KvmVcpu made = machine.createVcpu(0, machine.supportedCpuid().announcingExtendedState());
        made.readSpecial();
        avx = enableAvx(made);
        return made;
    }

    private static boolean enableAvx(KvmVcpu made) {
        try {
            made.setControl(KvmVcpu.CR4, made.control(KvmVcpu.CR4) | Cpu.CR4_OSXSAVE);
            made.writeSpecial();
            made.setExtendedControl(7);
            return true;
        } catch (PosixException e) {
            System.out.println("oracle: no AVX: " + e.getMessage());
            return false;
        }
    }

    /** Starts over with another machine. */
    void restart() throws IOException {
        processor.close();
        machine.close();
        machine = KvmMachine.create();
        processor = powerOn();
        writeTables();
    }

    private void write64(long at, long value) {
        HostMemory.write(host + at, 8, value);
    }

    private long read64(long at) {
        return HostMemory.read(host + at, 8);
    }

    private void writeTables() {
        write64(GDT + KERNEL_CODE, 0x00AF_9B00_0000_FFFFL);
        write64(GDT + 0x10, 0x00CF_9300_0000_FFFFL);
        write64(GDT + 0x20, 0x00CF_FB00_0000_FFFFL);
        write64(GDT + 0x28, 0x00CF_F300_0000_FFFFL);
        write64(GDT + 0x30, 0x00AF_FB00_0000_FFFFL);
        write64(GDT + TASK, 0x0000_8B00_0000_0067L | TSS << 16);
        write64(GDT + TASK + 8, 0);
        write64(TSS + 4, STACK_TOP);
        for (int vector = 0; vector < 32; vector++) {
            long stub = STUBS + 16L * vector;
            boolean hasError = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
            int at = 0;
            if (!hasError) {
                HostMemory.write(host + stub, 2, 0x006A);
                at = 2;
            }
            HostMemory.write(host + stub + at, 2, 0x6A | vector << 8);
            HostMemory.write(host + stub + at + 2, 1, 0xF4);
            int gate = vector == 3 || vector == 4 ? 0xEE00 : 0x8E00;
            write64(IDT + 16L * vector, (stub & 0xFFFF) | (long) KERNEL_CODE << 16 | (long) gate << 32);
            write64(IDT + 16L * vector + 8, 0);
        }
        write64(PML4, PDPT | PRESENT | WRITABLE | USER);
        write64(PDPT, DIRECTORY | PRESENT | WRITABLE | USER);
        write64(DIRECTORY, TABLE | PRESENT | WRITABLE | USER);
        for (long page = 0; page < MEMORY; page += 4096) {
            boolean user = page == OracleState.CODE
                    || (page >= OracleState.SCRATCH && page < OracleState.SCRATCH + OracleState.SCRATCH_BYTES);
            boolean present = user || page < OracleState.CODE;
            write64(TABLE + (page >>> 9), present ? page | PRESENT | WRITABLE | (user ? USER : 0) | 0x60 : 0);
        }
    }

    /** Runs a sequence from a state and returns the state it ended in. */
    OracleState run(OracleSequence sequence, OracleState before) throws IOException {
        byte[] code = sequence.code();
        MemorySegment.copy(code, 0, HostMemory.ALL, ValueLayout.JAVA_BYTE, host + OracleState.CODE, code.length);
        MemorySegment.copy(
                before.scratch,
                0,
                HostMemory.ALL,
                ValueLayout.JAVA_BYTE,
                host + OracleState.SCRATCH,
                before.scratch.length);
        prepareSpecial(sequence.wide());
        for (int i = 0; i < 16; i++) {
            processor.setRegister(i < 8 ? ORDER[i] : KvmVcpu.R8 + i - 8, before.registers[i]);
        }
        processor.setRegister(KvmVcpu.RIP, OracleState.CODE);
        processor.setRegister(KvmVcpu.RFLAGS, before.flags | 2);
        processor.writeRegisters();
        if (avx) {
            processor.writeExtended(before.extended, before.upper);
        } else {
            processor.writeExtended(before.extended);
        }
        int reason = processor.run();
        processor.readRegisters();
        if (reason != KvmVcpu.EXIT_HALT) {
            throw new IOException(
                    String.format("exit %d at %X of %s", reason, processor.register(KvmVcpu.RIP), sequence.describe()));
        }
        return result(before);
    }

    private void prepareSpecial(boolean wide) throws IOException {
        processor.setDescriptorTables(GDT, 0x4F, IDT, 0x1FF);
        processor.setSegment(KvmVcpu.CS, wide ? CODE64 : CODE32, 0, 0xFFFF_FFFFL, wide ? 0xA0_FB00 : 0xC0_FB00);
        for (int segment = KvmVcpu.DS; segment <= KvmVcpu.SS; segment++) {
            processor.setSegment(segment, DATA, 0, 0xFFFF_FFFFL, 0xC0_F300);
        }
        processor.setSegment(KvmVcpu.TR, TASK, TSS, 0x67, 0x8B00);
        processor.setSegment(KvmVcpu.LDTR, 0, 0, 0, 0);
        processor.setControl(KvmVcpu.CR0, Cpu.CR0_PG | Cpu.CR0_NE | Cpu.CR0_ET | Cpu.CR0_MP | Cpu.CR0_PE | Cpu.CR0_WP);
        processor.setControl(KvmVcpu.CR2, 0);
        processor.setControl(KvmVcpu.CR3, PML4);
        processor.setControl(
                KvmVcpu.CR4, Cpu.CR4_PAE | Cpu.CR4_OSFXSR | Cpu.CR4_OSXMMEXCPT | (avx ? Cpu.CR4_OSXSAVE : 0));
        processor.setControl(KvmVcpu.EFER, Cpu.EFER_LME | Cpu.EFER_LMA);
        processor.writeSpecial();
    }

    private OracleState result(OracleState before) throws IOException {
        OracleState after = before.copy();
        long frame = processor.register(KvmVcpu.RSP);
        for (int i = 0; i < 16; i++) {
            after.registers[i] = processor.register(i < 8 ? ORDER[i] : KvmVcpu.R8 + i - 8);
        }
        after.vector = (int) read64(frame);
        after.errorCode = (int) read64(frame + 8);
        after.instructionPointer = read64(frame + 16);
        after.flags = read64(frame + 32);
        after.registers[Cpu.RSP] = read64(frame + 40);
        processor.readExtended(after.extended);
        if (avx) {
            processor.upperHalves(after.upper);
        }
        if (after.vector == GuestFault.PAGE_FAULT) {
            processor.readSpecial();
            after.faultAddress = processor.control(KvmVcpu.CR2);
        }
        MemorySegment.copy(
                HostMemory.ALL,
                ValueLayout.JAVA_BYTE,
                host + OracleState.SCRATCH,
                after.scratch,
                0,
                after.scratch.length);
        return after;
    }

    @Override
    public void close() {
        processor.close();
        machine.close();
        memory.close();
    }
}
