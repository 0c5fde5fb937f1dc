// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.LocalInterruptController;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/** RDMSR and WRMSR (Intel SDM volume 4; AMD APM volume 2, appendix A). An unknown register is #GP(0). */
final class ModelSpecificRegisters {
    static final int TSC = 0x10;
    static final int APIC_BASE = 0x1B;
    static final int TSC_ADJUST = 0x3B;
    static final int SYSENTER_CS = 0x174;
    static final int SYSENTER_ESP = 0x175;
    static final int SYSENTER_EIP = 0x176;
    static final int PAT = 0x277;
    static final int EFER = 0xC000_0080;
    static final int STAR = 0xC000_0081;
    static final int LSTAR = 0xC000_0082;
    static final int CSTAR = 0xC000_0083;
    static final int FMASK = 0xC000_0084;
    static final int FS_BASE = 0xC000_0100;
    static final int GS_BASE = 0xC000_0101;
    static final int KERNEL_GS_BASE = 0xC000_0102;
    static final int TSC_AUX = 0xC000_0103;

    private static final int MICROCODE_REVISION = 0x8B;
    private static final int MTRR_CAPABILITIES = 0xFE;
    private static final int MACHINE_CHECK_CAPABILITIES = 0x179;
    private static final int MACHINE_CHECK_STATUS = 0x17A;
    private static final int MISC_ENABLE = 0x1A0;
    private static final int MTRR_VARIABLE_FIRST = 0x200;
    private static final int MTRR_VARIABLE_LAST = 0x20F;
    private static final int MTRR_FIX_64K = 0x250;
    private static final int MTRR_FIX_16K_80000 = 0x258;
    private static final int MTRR_FIX_16K_A0000 = 0x259;
    private static final int MTRR_FIX_4K_FIRST = 0x268;
    private static final int MTRR_FIX_4K_LAST = 0x26F;
    private static final int MTRR_DEFAULT_TYPE = 0x2FF;
    private static final long PAT_AT_RESET = 0x0007_0406_0007_0406L;
    /** Eight variable ranges, fixed ranges, write combining. */
    private static final long MTRR_CAPABILITIES_VALUE = 8 | 1 << 8 | 1 << 10;

    private final Cpu cpu;
    private final ControlRegisters control;
    private final TimeStampCounter counter;
    private final LocalInterruptController interrupts;
    private final ReentrantLock boardLock;
    private final PhysicalAccess memory;

    long sysenterCs;
    long sysenterEsp;
    long sysenterEip;
    long star;
    long lstar;
    long cstar;
    long fmask;
    long kernelGsBase;
    long tscAux;

    /** The registers that are only stored: PAT and the memory type ranges. */
    private final Map<Integer, Long> stored = new TreeMap<>();

    ModelSpecificRegisters(
            Cpu cpu,
            ControlRegisters control,
            TimeStampCounter counter,
            LocalInterruptController interrupts,
            ReentrantLock boardLock,
            PhysicalAccess memory) {
        this.cpu = cpu;
        this.control = control;
        this.counter = counter;
        this.interrupts = interrupts;
        this.boardLock = boardLock;
        this.memory = memory;
        reset();
    }

    void reset() {
        sysenterCs = 0;
        sysenterEsp = 0;
        sysenterEip = 0;
        star = 0;
        lstar = 0;
        cstar = 0;
        fmask = 0;
        kernelGsBase = 0;
        tscAux = 0;
        stored.clear();
        stored.put(PAT, PAT_AT_RESET);
        counter.reset();
    }

    private static boolean isStored(int register) {
        return (register >= MTRR_VARIABLE_FIRST && register <= MTRR_VARIABLE_LAST)
                || register == MTRR_FIX_64K
                || register == MTRR_FIX_16K_80000
                || register == MTRR_FIX_16K_A0000
                || (register >= MTRR_FIX_4K_FIRST && register <= MTRR_FIX_4K_LAST)
                || register == MTRR_DEFAULT_TYPE
                || register == PAT;
    }

    /** AMD's own registers 0xC0010000 to 0xC001FFFF: families differ, guests only probe them; they read as zero. */
    private static boolean isAmdSpecific(int register) {
        return register >>> 16 == 0xC001;
    }

    long read(int register) {
        if (isStored(register)) {
            return stored.getOrDefault(register, 0L);
        }
        return switch (register) {
            case TSC -> counter.read();
            case TSC_ADJUST -> counter.adjustment();
            case APIC_BASE -> interrupts.baseAddress();
            case MICROCODE_REVISION, MACHINE_CHECK_CAPABILITIES, MACHINE_CHECK_STATUS -> 0;
            case MISC_ENABLE -> 1;
            case MTRR_CAPABILITIES -> MTRR_CAPABILITIES_VALUE;
            case SYSENTER_CS -> sysenterCs;
            case SYSENTER_ESP -> sysenterEsp;
            case SYSENTER_EIP -> sysenterEip;
            case EFER -> cpu.efer;
            case STAR -> star;
            case LSTAR -> lstar;
            case CSTAR -> cstar;
            case FMASK -> fmask;
            case FS_BASE -> cpu.segmentBase[Cpu.FS];
            case GS_BASE -> cpu.segmentBase[Cpu.GS];
            case KERNEL_GS_BASE -> kernelGsBase;
            case TSC_AUX -> tscAux;
            default -> {
                if (isAmdSpecific(register)) {
                    yield 0;
                }
                throw cpu.generalProtection(0);
            }
        };
    }

    void write(int register, long value) {
        if (isStored(register)) {
            stored.put(register, value);
            return;
        }
        switch (register) {
            case TSC -> counter.write(value);
            case TSC_ADJUST -> counter.adjust(value);
            case APIC_BASE -> setApicBase(value);
            case MICROCODE_REVISION, MACHINE_CHECK_STATUS, MISC_ENABLE -> {}
            case SYSENTER_CS -> sysenterCs = value;
            case SYSENTER_ESP -> sysenterEsp = canonical(value);
            case SYSENTER_EIP -> sysenterEip = canonical(value);
            case EFER -> control.setEfer(value);
            case STAR -> star = value;
            case LSTAR -> lstar = canonical(value);
            case CSTAR -> cstar = canonical(value);
            case FMASK -> fmask = value & 0xFFFF_FFFFL;
            case FS_BASE -> cpu.segmentBase[Cpu.FS] = canonical(value);
            case GS_BASE -> cpu.segmentBase[Cpu.GS] = canonical(value);
            case KERNEL_GS_BASE -> kernelGsBase = canonical(value);
            case TSC_AUX -> tscAux = value & 0xFFFF_FFFFL;
            default -> {
                if (!isAmdSpecific(register)) {
                    throw cpu.generalProtection(0);
                }
            }
        }
    }

    private void setApicBase(long value) {
        boardLock.lock();
        try {
            interrupts.setBaseAddress(value);
        } finally {
            boardLock.unlock();
        }
        memory.flush();
    }

    private long canonical(long value) {
        if (!Cpu.canonical(value)) {
            throw cpu.generalProtection(0);
        }
        return value;
    }

    /** Takes over what {@link #save} returned; registers this processor does not have are left out. */
    void restore(Map<Integer, Long> values) {
        values.forEach((register, value) -> {
            if (isStored(register)) {
                stored.put(register, value);
                return;
            }
            switch (register) {
                case TSC -> counter.restore(value);
                case TSC_ADJUST -> counter.restoreAdjustment(value);
                case SYSENTER_CS -> sysenterCs = value;
                case SYSENTER_ESP -> sysenterEsp = value;
                case SYSENTER_EIP -> sysenterEip = value;
                case EFER -> cpu.efer = value;
                case STAR -> star = value;
                case LSTAR -> lstar = value;
                case CSTAR -> cstar = value;
                case FMASK -> fmask = value;
                case FS_BASE -> cpu.segmentBase[Cpu.FS] = value;
                case GS_BASE -> cpu.segmentBase[Cpu.GS] = value;
                case KERNEL_GS_BASE -> kernelGsBase = value;
                case TSC_AUX -> tscAux = value;
                default -> {}
            }
        });
    }

    /** Every register with its value, for a saved state. */
    Map<Integer, Long> save() {
        Map<Integer, Long> all = new TreeMap<>(stored);
        for (int register : new int[] {
            TSC,
            TSC_ADJUST,
            APIC_BASE,
            SYSENTER_CS,
            SYSENTER_ESP,
            SYSENTER_EIP,
            EFER,
            STAR,
            LSTAR,
            CSTAR,
            FMASK,
            FS_BASE,
            GS_BASE,
            KERNEL_GS_BASE,
            TSC_AUX
        }) {
            all.put(register, read(register));
        }
        return all;
    }
}
