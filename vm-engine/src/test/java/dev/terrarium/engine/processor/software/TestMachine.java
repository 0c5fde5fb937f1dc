// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.CodePages;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.processor.Ports;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * A processor without privileged architecture on flat memory: linear addresses are physical ones less {@link #base}, HLT
 * stops it, an exception is noted and stops it too.
 */
final class TestMachine implements AutoCloseable, MemoryAccess, CodeFetcher, Ports {
    final Cpu cpu = new Cpu();
    final Mmu mmu = new Mmu(this);
    final Segmentation segmentation = new Segmentation(cpu);
    final CodePages codePages;
    final BlockCache blocks;
    final Interpreter interpreter;
    final List<String> faults = new ArrayList<>();
    final List<String> portLog = new ArrayList<>();

    /** Pages that are not there; by linear address. */
    final Set<Long> absent = new HashSet<>();

    final Set<Long> readOnly = new HashSet<>();

    /** What the last x87, SIMD or system instruction was. */
    Instruction last = new Instruction();

    long lastAddress;
    int nextInput;

    /** Exceptions do not stop the machine: they skip the instruction by going to this address, if not -1. */
    long handler = -1;

    private final HostBlock memory;
    private final long base;
    private final long size;

    TestMachine(long base, long size, int codeSize) {
        this.base = base;
        this.size = size;
        try {
            memory = HostBlock.allocate(size);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        codePages = new CodePages(size);
        blocks = new BlockCache(codePages, this, mmu, cpu);
        ExecutionUnit other = (instruction, address) -> {
            last = instruction;
            lastAddress = address;
        };
        interpreter = new Interpreter(
                cpu, mmu, segmentation, blocks, this::system, other, other, this::fault, (p, s) -> {}, this);
        mode(codeSize);
    }

    static TestMachine bits64() {
        return new TestMachine(0, 1 << 20, 8);
    }

    static TestMachine bits32() {
        return new TestMachine(0, 1 << 20, 4);
    }

    static TestMachine bits16() {
        return new TestMachine(0, 1 << 20, 2);
    }

    void mode(int codeSize) {
        cpu.codeSize = codeSize;
        cpu.stackSize = codeSize;
        cpu.longMode = codeSize == 8;
        cpu.cr0 = codeSize == 2 ? 0 : Cpu.CR0_PE;
        for (int segment = Cpu.ES; segment <= Cpu.GS; segment++) {
            cpu.segmentLimit[segment] = codeSize == 2 ? 0xFFFF : 0xFFFF_FFFFL;
            cpu.segmentAttributes[segment] = 0x9300;
        }
        cpu.segmentAttributes[Cpu.CS] = 0x9B00;
        cpu.gpr[Cpu.RSP] = 0x8000;
    }

    private void system(Instruction i, long address) {
        last = i;
        lastAddress = address;
        if (i.map == Instruction.MAP_ONE_BYTE && i.opcode == 0xF4) {
            cpu.demandAttention(Cpu.ATTENTION_KICK);
        }
    }

    private void fault(GuestFault fault) {
        faults.add(fault.vector
                + (fault.errorCode < 0 ? "" : ":" + fault.errorCode)
                + (fault.vector == GuestFault.PAGE_FAULT ? "@" + Long.toHexString(cpu.cr2) : ""));
        if (handler >= 0) {
            cpu.rip = handler;
        } else {
            cpu.demandAttention(Cpu.ATTENTION_KICK);
        }
    }

    @Override
    public int in(int port, int bytes) {
        portLog.add("in " + port + "," + bytes);
        return nextInput++;
    }

    @Override
    public void out(int port, int bytes, int value) {
        portLog.add("out " + port + "," + bytes + "=" + value);
    }

    /** Writes as a device does: the block cache is told. */
    void put(long linear, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        for (int n = 0; n < bytes.length; n++) {
            long physical = linear - base + n;
            HostMemory.write(host(physical), 1, bytes[n]);
            if (codePages.isCode(physical)) {
                codePages.written(physical, 1);
            }
        }
    }

    void poke(long linear, int bytes, long value) {
        HostMemory.write(host(linear - base), bytes, value);
    }

    long peek(long linear, int bytes) {
        return HostMemory.read(host(linear - base), bytes);
    }

    /** Runs code from {@code at} to its HLT or first exception. */
    TestMachine runFrom(long at) {
        cpu.rip = at;
        cpu.takeAttention();
        interpreter.run();
        return this;
    }

    /** Puts code, with a HLT after it, at 0x1000 and runs it. */
    TestMachine run(String hex) {
        put(0x1000, hex + "F4");
        return runFrom(0x1000);
    }

    private GuestFault pageFault(long linear, boolean write) {
        cpu.cr2 = linear;
        return cpu.fault(GuestFault.PAGE_FAULT, write ? 2 : 0);
    }

    private void check(long linear, boolean write) {
        long page = linear & -4096;
        if (page < base || page >= base + size || absent.contains(page) || (write && readOnly.contains(page))) {
            throw pageFault(linear, write);
        }
    }

    private void checkAll(long linear, int bytes, boolean write) {
        check(linear, write);
        if (((linear ^ (linear + bytes - 1)) & -4096) != 0) {
            check((linear + bytes - 1) & -4096, write);
        }
    }

    @Override
    public long read(long linear, int bytes) {
        checkAll(linear, bytes, false);
        mmu.enterRead(false, linear, memory.address() + linear - base, false);
        return peek(linear, bytes);
    }

    @Override
    public void write(long linear, int bytes, long value) {
        checkAll(linear, bytes, true);
        poke(linear, bytes, value);
        boolean code = false;
        for (long at = linear; at < linear + bytes; at = (at & -4096) + 4096) {
            if (codePages.isCode(at - base)) {
                code = true;
                codePages.written(at - base, (int) (Math.min(linear + bytes, (at & -4096) + 4096) - at));
            }
        }
        if (!code) {
            mmu.enterWrite(false, linear, memory.address() + linear - base, false);
        }
    }

    @Override
    public void checkRead(long linear, int bytes) {
        checkAll(linear, bytes, false);
    }

    @Override
    public void checkWrite(long linear, int bytes) {
        checkAll(linear, bytes, true);
    }

    @Override
    public long translate(long linear) {
        check(linear, false);
        return linear - base;
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
        return memory.address() + physical;
    }

    @Override
    public int read8(long physical) {
        throw new AssertionError("all memory is direct");
    }

    @Override
    public void close() {
        memory.close();
    }
}
