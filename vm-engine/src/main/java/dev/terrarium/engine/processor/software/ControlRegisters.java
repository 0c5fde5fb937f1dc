// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Writes to CR0, CR3, CR4 and EFER, with what follows from them (Intel SDM volume 3, sections 2.5 and 10.8.5). */
final class ControlRegisters {
    private static final long CR0_WRITABLE = Cpu.CR0_PE
            | Cpu.CR0_MP
            | Cpu.CR0_EM
            | Cpu.CR0_TS
            | Cpu.CR0_NE
            | Cpu.CR0_WP
            | Cpu.CR0_AM
            | Cpu.CR0_NW
            | Cpu.CR0_CD
            | Cpu.CR0_PG;
    private static final long CR0_TRANSLATION = Cpu.CR0_PE | Cpu.CR0_PG | Cpu.CR0_WP;
    private static final long CR4_SUPPORTED = Cpu.CR4_TSD
            | Cpu.CR4_DE
            | Cpu.CR4_PSE
            | Cpu.CR4_PAE
            | Cpu.CR4_MCE
            | Cpu.CR4_PGE
            | Cpu.CR4_PCE
            | Cpu.CR4_OSFXSR
            | Cpu.CR4_OSXMMEXCPT;
    private static final long CR4_TRANSLATION = Cpu.CR4_PSE | Cpu.CR4_PAE | Cpu.CR4_PGE;
    private static final long EFER_SUPPORTED = Cpu.EFER_SCE | Cpu.EFER_LME | Cpu.EFER_LMA | Cpu.EFER_NXE;

    private final Cpu cpu;
    private final PhysicalAccess memory;
    private final SegmentLoader segments;

    ControlRegisters(Cpu cpu, PhysicalAccess memory, SegmentLoader segments) {
        this.cpu = cpu;
        this.memory = memory;
        this.segments = segments;
    }

    void setCr0(long value) {
        long wanted = (value & CR0_WRITABLE) | Cpu.CR0_ET;
        boolean paging = (wanted & Cpu.CR0_PG) != 0;
        boolean notThrough = (wanted & Cpu.CR0_NW) != 0 && (wanted & Cpu.CR0_CD) == 0;
        if ((paging && (wanted & Cpu.CR0_PE) == 0) || notThrough || value >>> 32 != 0) {
            throw cpu.generalProtection(0);
        }
        long changed = wanted ^ cpu.cr0;
        if ((changed & Cpu.CR0_PG) != 0) {
            changePaging(paging);
        }
        cpu.cr0 = wanted;
        if ((changed & CR0_TRANSLATION) != 0) {
            memory.flush();
        }
        segments.updateSizes();
    }

    private void changePaging(boolean paging) {
        if (paging && (cpu.efer & Cpu.EFER_LME) != 0) {
            if ((cpu.cr4 & Cpu.CR4_PAE) == 0 || (cpu.segmentAttributes[Cpu.CS] & Descriptor.LONG_CODE) != 0) {
                throw cpu.generalProtection(0);
            }
            cpu.efer |= Cpu.EFER_LMA;
            cpu.longMode = true;
        } else if (!paging) {
            if (cpu.codeSize == 8) {
                throw cpu.generalProtection(0);
            }
            cpu.efer &= ~Cpu.EFER_LMA;
            cpu.longMode = false;
        }
    }

    void setCr3(long value) {
        if (cpu.longMode && value >>> PageWalker.PHYSICAL_ADDRESS_BITS != 0) {
            throw cpu.generalProtection(0);
        }
        cpu.cr3 = cpu.longMode ? value : value & 0xFFFF_FFFFL;
        memory.flushLocal();
    }

    private long supportedCr4() {
        return CR4_SUPPORTED
                | (cpu.features.has(FeatureSet.FSGSBASE) ? Cpu.CR4_FSGSBASE : 0)
                | (cpu.features.has(FeatureSet.XSAVE) ? Cpu.CR4_OSXSAVE : 0);
    }

    /** Can XCR0 have this value: x87 always, AVX not without SSE, and nothing else? */
    static boolean isExtendedControl(long value) {
        return (value & ~6) == 1 && (value & 6) != 4;
    }

    private long extendedComponents() {
        return cpu.features.has(FeatureSet.AVX) ? 7 : 3;
    }

    /** XGETBV: what ECX chooses, of which there is 0 only. */
    long extendedControl(int number) {
        if ((cpu.cr4 & Cpu.CR4_OSXSAVE) == 0) {
            throw cpu.invalidOpcode();
        }
        if (number != 0) {
            throw cpu.generalProtection(0);
        }
        return cpu.xcr0;
    }

    /** XSETBV. */
    void setExtendedControl(int number, long value) {
        extendedControl(number);
        if (cpu.cpl != 0 || !isExtendedControl(value) || (value & ~extendedComponents()) != 0) {
            throw cpu.generalProtection(0);
        }
        cpu.xcr0 = value;
    }

    void setCr4(long value) {
        boolean leavesPae = cpu.longMode && (value & Cpu.CR4_PAE) == 0;
        if ((value & ~supportedCr4()) != 0 || leavesPae) {
            throw cpu.generalProtection(0);
        }
        long changed = value ^ cpu.cr4;
        cpu.cr4 = value;
        if ((changed & CR4_TRANSLATION) != 0) {
            memory.flush();
        }
    }

    void setEfer(long value) {
        boolean switchesUnderPaging = (cpu.cr0 & Cpu.CR0_PG) != 0 && ((value ^ cpu.efer) & Cpu.EFER_LME) != 0;
        if ((value & ~EFER_SUPPORTED) != 0 || switchesUnderPaging) {
            throw cpu.generalProtection(0);
        }
        long changed = value ^ cpu.efer;
        cpu.efer = (value & ~Cpu.EFER_LMA) | (cpu.efer & Cpu.EFER_LMA);
        if ((changed & Cpu.EFER_NXE) != 0) {
            memory.flush();
        }
    }
}
