// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.posix.PosixException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A guest of a few instructions in 2 MiB of memory, by which the self-test finds out what a KVM can do. Whatever the program
 * raises ends in a HLT of the handlers' own, so that where it halts says how it ended.
 */
final class ProbeGuest implements AutoCloseable {
    /** How the program is run. */
    enum Mode {
        REAL,
        /** 32-bit protected mode with two-level paging. */
        PROTECTED,
        /** 64-bit mode, ring 0. */
        LONG_KERNEL,
        /** 64-bit mode, ring 3. */
        LONG_USER
    }

    /** How a program ended. */
    enum End {
        /** At its own HLT (in ring 3: at its INT3). */
        AS_WRITTEN,
        /** In the handler of an exception. */
        EXCEPTION,
        /** KVM could not emulate an instruction. */
        EMULATION_FAILED,
        /** Triple fault, entry refused, or anything else. */
        OTHER
    }

    static final int DATA = 0xA000;

    private static final long MEMORY = 0x20_0000;
    private static final int GDT = 0x1000;
    private static final int IDT = 0x2000;
    private static final int TASK_STATE = 0x3000;
    private static final int TABLES = 0x4000;
    private static final int HANDLER = 0x8000;
    private static final int LAST_HANDLER = 0x8100;
    private static final int CODE = 0x9000;
    private static final int STACK = 0xF000;
    private static final int USER_END_VECTOR = 3;
    static final int INTERRUPT_VECTOR = 0x40;

    private static final int KERNEL_CODE = 0x08;
    private static final int KERNEL_DATA = 0x10;
    private static final int USER_DATA = 0x1B;
    private static final int USER_CODE = 0x23;
    private static final int TASK = 0x28;

    private static final long CR0_PROTECTED = 0x11;
    private static final long CR0_PAGED = 0x8000_0033L;
    private static final long CR4_SSE = 0x620;
    private static final long EFER_LONG = 0x500;

    private static final int EXIT_IO = 2;
    private static final int EXIT_INTERNAL_ERROR = 17;
    private static final int APIC_SPURIOUS = 0xF0;
    private static final int APIC_IN_SERVICE = 0x100;
    private static final int APIC_REQUESTED = 0x200;

    /** out 0x80, al. */
    private static final int PORT_WRITE = 0x80E6;

    private static final byte HLT = (byte) 0xF4;
    private static final byte BREAKPOINT = (byte) 0xCC;

    private final HostBlock memory = HostBlock.allocate(MEMORY);
    private final KvmMachine machine;
    private final @Nullable KvmChips chips;
    private final KvmVcpu vcpu;
    private int end;
    private long portWrites;

    ProbeGuest() throws IOException {
        this(false);
    }

    /** @param withChips whether the kernel has interrupt controllers for it; a HLT then sleeps in there */
    ProbeGuest(boolean withChips) throws IOException {
        KvmMachine created;
        try {
            created = KvmMachine.create();
        } catch (PosixException e) {
            memory.close();
            throw e;
        }
        machine = created;
        try {
            chips = withChips ? machine.createChips() : null;
            machine.mapMemory(0, 0, memory.address(), MEMORY);
            vcpu = machine.createVcpu(0, machine.supportedCpuid().announcingExtendedState());
            if (chips != null) {
                chips.attach(vcpu);
            }
            vcpu.readSpecial();
        } catch (PosixException e) {
            machine.close();
            memory.close();
            throw e;
        }
    }

    KvmMachine machine() {
        return machine;
    }

    /** The interrupt controllers, if it was made with some. */
    KvmChips chips() {
        if (chips == null) {
            throw new IllegalStateException("this guest has no interrupt controllers in the kernel");
        }
        return chips;
    }

    /** Has nothing answer from a physical address on. */
    void hideMemoryFrom(long physical) throws PosixException {
        machine.unmapMemory(0);
        machine.mapMemory(0, 0, memory.address(), physical);
    }

    private void write(long at, int size, long value) {
        HostMemory.write(memory.address() + at, size, value);
    }

    /** Makes {@code code}, hexadecimal, ready to run in a mode; RBX points to 4 KiB of data, RCX is as given. */
    void load(Mode mode, String code, long rcx) throws PosixException {
        byte[] bytes = HexFormat.of().parseHex(code.replace(" ", ""));
        for (int i = 0; i < bytes.length; i++) {
            write(CODE + i, 1, bytes[i]);
        }
        if (mode == Mode.LONG_USER) {
            write(CODE + bytes.length, 1, BREAKPOINT);
        } else {
            write(CODE + bytes.length, 1, HLT);
        }
        end = mode == Mode.LONG_USER ? LAST_HANDLER : CODE + bytes.length;
        write(HANDLER, 1, HLT);
        write(LAST_HANDLER, 1, HLT);
        writeTables(mode);
        for (int register = 0; register < KvmVcpu.RIP; register++) {
            vcpu.setRegister(register, 0);
        }
        vcpu.setRegister(KvmVcpu.RCX, rcx);
        vcpu.setRegister(KvmVcpu.RBX, DATA);
        vcpu.setRegister(KvmVcpu.RSP, STACK);
        vcpu.setRegister(KvmVcpu.RIP, CODE);
        vcpu.setRegister(KvmVcpu.RFLAGS, 2);
        setMode(mode);
        vcpu.writeRegisters();
        portWrites = 0;
    }

    private void writeTables(Mode mode) {
        boolean wide = mode != Mode.PROTECTED;
        write(GDT + KERNEL_CODE, 8, wide ? 0x00AF_9B00_0000_FFFFL : 0x00CF_9B00_0000_FFFFL);
        write(GDT + KERNEL_DATA, 8, 0x00CF_9300_0000_FFFFL);
        write(GDT + (USER_DATA & ~7), 8, 0x00CF_F300_0000_FFFFL);
        write(GDT + (USER_CODE & ~7), 8, 0x00AF_FB00_0000_FFFFL);
        write(GDT + TASK, 8, 0x0000_8B00_0000_0067L | TASK_STATE << 16);
        write(GDT + TASK + 8, 8, 0);
        write(TASK_STATE + 4, 8, STACK);
        for (int vector = 0; vector < 256; vector++) {
            boolean ends = vector == INTERRUPT_VECTOR || vector == USER_END_VECTOR && mode == Mode.LONG_USER;
            long handler = ends ? LAST_HANDLER : HANDLER;
            int type = vector == USER_END_VECTOR ? 0xEE00 : 0x8E00;
            if (mode == Mode.REAL) {
                write(IDT + 4 * vector, 4, handler);
            } else {
                write(IDT + (wide ? 16 : 8) * vector, 8, handler | KERNEL_CODE << 16 | (long) type << 32);
                if (wide) {
                    write(IDT + 16 * vector + 8, 8, 0);
                }
            }
        }
        if (wide) {
            write(TABLES, 8, TABLES + 0x1000 | 7);
            write(TABLES + 0x1000, 8, TABLES + 0x2000 | 7);
            write(TABLES + 0x2000, 8, 0x87);
        } else {
            write(TABLES, 4, TABLES + 0x1000 | 7);
            for (int page = 0; page < MEMORY >> 12; page++) {
                write(TABLES + 0x1000 + 4 * page, 4, page << 12 | 7);
            }
        }
    }

    private void setMode(Mode mode) throws PosixException {
        boolean user = mode == Mode.LONG_USER;
        boolean real = mode == Mode.REAL;
        int code = real ? 0x9B00 : mode == Mode.PROTECTED ? 0xC0_9B00 : user ? 0xA0_FB00 : 0xA0_9B00;
        int data = real ? 0x9300 : user ? 0xC0_F300 : 0xC0_9300;
        long limit = real ? 0xFFFF : 0xFFFF_FFFFL;
        vcpu.setSegment(KvmVcpu.CS, real ? 0 : user ? USER_CODE : KERNEL_CODE, 0, limit, code);
        for (int segment = KvmVcpu.DS; segment <= KvmVcpu.SS; segment++) {
            vcpu.setSegment(segment, real ? 0 : user ? USER_DATA : KERNEL_DATA, 0, limit, data);
        }
        vcpu.setSegment(KvmVcpu.TR, TASK, TASK_STATE, 0x67, 0x8B00);
        vcpu.setSegment(KvmVcpu.LDTR, 0, 0, 0, 0);
        vcpu.setDescriptorTables(GDT, 0x37, IDT, real ? 0x3FF : 0xFFF);
        vcpu.setControl(KvmVcpu.CR0, real ? 0x10 : mode == Mode.PROTECTED ? CR0_PROTECTED | 1L << 31 : CR0_PAGED);
        vcpu.setControl(KvmVcpu.CR3, real ? 0 : TABLES);
        vcpu.setControl(KvmVcpu.CR4, mode == Mode.LONG_KERNEL || user ? CR4_SSE | 1 << 18 : 0);
        vcpu.setControl(KvmVcpu.EFER, mode == Mode.LONG_KERNEL || user ? EFER_LONG : 0);
        vcpu.writeSpecial();
    }

    /** Injects an interrupt that the program, with interrupts enabled, takes at once. */
    void interrupt() throws PosixException {
        vcpu.setRegister(KvmVcpu.RFLAGS, 0x202);
        vcpu.writeRegisters();
        end = LAST_HANDLER;
        vcpu.injectInterrupt(INTERRUPT_VECTOR);
    }

    /**
     * Has the local APIC deliver an interrupt to the program, which runs for a while, to a handler that does not finish it; is it in
     * service then?
     */
    boolean keepsInterruptInService() throws PosixException {
        write(LAST_HANDLER, 2, PORT_WRITE);
        write(end, 2, PORT_WRITE);
        vcpu.setRegister(KvmVcpu.RFLAGS, 0x202);
        vcpu.writeRegisters();
        ByteBuffer apic = ByteBuffer.wrap(vcpu.localApic()).order(ByteOrder.LITTLE_ENDIAN);
        int bit = 1 << INTERRUPT_VECTOR % 32;
        int word = INTERRUPT_VECTOR / 32 * 16;
        apic.putInt(APIC_SPURIOUS, 0x1FF).putInt(APIC_REQUESTED + word, bit);
        vcpu.setLocalApic(apic.array());
        int result = vcpu.enter();
        while (result == -Posix.EINTR || result == -Posix.EAGAIN) {
            result = vcpu.enter();
        }
        vcpu.readRegisters();
        ByteBuffer after = ByteBuffer.wrap(vcpu.localApic()).order(ByteOrder.LITTLE_ENDIAN);
        return result == 0
                && vcpu.shared().exitReason() == EXIT_IO
                && vcpu.register(KvmVcpu.RIP) <= LAST_HANDLER + 2
                && (after.getInt(APIC_IN_SERVICE + word) & bit) != 0
                && (after.getInt(APIC_REQUESTED + word) & bit) == 0;
    }

    /** Runs the program; {@link #portWrites} counts its OUTs. */
    End run() throws PosixException {
        while (true) {
            int result = vcpu.enter();
            if (result == -Posix.EINTR || result == -Posix.EAGAIN) {
                continue;
            }
            if (result < 0) {
                return End.OTHER;
            }
            switch (vcpu.shared().exitReason()) {
                case EXIT_IO -> portWrites++;
                case KvmVcpu.EXIT_HALT -> {
                    vcpu.readRegisters();
                    return vcpu.register(KvmVcpu.RIP) == end + 1 ? End.AS_WRITTEN : End.EXCEPTION;
                }
                case EXIT_INTERNAL_ERROR -> {
                    return End.EMULATION_FAILED;
                }
                default -> {
                    return End.OTHER;
                }
            }
        }
    }

    long portWrites() {
        return portWrites;
    }

    @Override
    public void close() {
        vcpu.close();
        if (chips != null) {
            chips.close();
        }
        machine.close();
        memory.close();
    }
}
