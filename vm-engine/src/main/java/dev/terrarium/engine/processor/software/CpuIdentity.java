// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.CpuidSource;
import java.nio.charset.StandardCharsets;

/**
 * What CPUID answers: an x86-64 processor with the extensions of a {@link FeatureSet}. The vendor is AMD's, so that guests
 * take none of the work-arounds that Intel's speculation bugs need; family and model are those of QEMU's qemu64, which
 * every guest has met.
 */
final class CpuIdentity implements CpuidSource {
    private static final String VENDOR = "AuthenticAMD";
    private static final String HYPERVISOR = "TerrariumVM ";
    private static final String BRAND = "Terrarium software processor";
    private static final int FAMILY_15_MODEL_107_STEPPING_1 = 0x0006_0FB1;

    private static final int FPU = 1;
    private static final int DE = 1 << 2;
    private static final int PSE = 1 << 3;
    private static final int TSC = 1 << 4;
    private static final int MSR = 1 << 5;
    private static final int PAE = 1 << 6;
    private static final int MCE = 1 << 7;
    private static final int CX8 = 1 << 8;
    private static final int APIC = 1 << 9;
    private static final int SYSENTER_OR_SYSCALL = 1 << 11;
    private static final int MTRR = 1 << 12;
    private static final int PGE = 1 << 13;
    private static final int MCA = 1 << 14;
    private static final int CMOV = 1 << 15;
    private static final int PAT = 1 << 16;
    private static final int PSE36 = 1 << 17;
    private static final int CLFLUSH = 1 << 19;
    private static final int NX = 1 << 20;
    private static final int MMX = 1 << 23;
    private static final int FXSR = 1 << 24;
    private static final int SSE = 1 << 25;
    private static final int SSE2 = 1 << 26;
    private static final int PAGE_1GIB = 1 << 26;
    private static final int RDTSCP = 1 << 27;
    private static final int HTT = 1 << 28;
    private static final int LONG_MODE = 1 << 29;

    private static final int COMMON_EDX = FPU
            | DE
            | PSE
            | TSC
            | MSR
            | PAE
            | MCE
            | CX8
            | APIC
            | SYSENTER_OR_SYSCALL
            | MTRR
            | PGE
            | MCA
            | CMOV
            | PAT
            | PSE36
            | MMX
            | FXSR;
    private static final int OSXSAVE = 1 << 27;
    private static final int HYPERVISOR_PRESENT = 1 << 31;
    private static final int CR8_LEGACY = 1 << 4;
    private static final int PREFETCHW = 1 << 8;
    private static final int INVARIANT_TSC = 1 << 8;
    private static final int TSC_ADJUST = 1 << 1;

    /** Features and their bits: leaf 1 ECX, leaf 7 EBX, leaf 80000001 ECX. */
    private static final int[][] LEAF_1_ECX = {
        {FeatureSet.SSE3, 0},
        {FeatureSet.PCLMULQDQ, 1},
        {FeatureSet.SSSE3, 9},
        {FeatureSet.FMA, 12},
        {FeatureSet.CMPXCHG16B, 13},
        {FeatureSet.SSE4_1, 19},
        {FeatureSet.SSE4_2, 20},
        {FeatureSet.MOVBE, 22},
        {FeatureSet.POPCNT, 23},
        {FeatureSet.AES, 25},
        {FeatureSet.XSAVE, 26},
        {FeatureSet.AVX, 28},
        {FeatureSet.F16C, 29},
        {FeatureSet.RDRAND, 30}
    };

    private static final int[][] LEAF_7_EBX = {
        {FeatureSet.FSGSBASE, 0},
        {FeatureSet.BMI1, 3},
        {FeatureSet.AVX2, 5},
        {FeatureSet.BMI2, 8},
        {FeatureSet.RDSEED, 18}
    };
    private static final int[][] LEAF_80000001_ECX = {{FeatureSet.LAHF, 0}, {FeatureSet.LZCNT, 5}};

    private final int apicId;
    private final int processors;
    private final FeatureSet features;
    private final Cpu cpu;

    /** Identifies {@code cpu}, whose CR4 and XCR0 show in the answers. */
    CpuIdentity(int apicId, int processors, Cpu cpu) {
        this.apicId = apicId;
        this.processors = processors;
        this.features = cpu.features;
        this.cpu = cpu;
    }

    private int announced(int[][] table) {
        int bits = 0;
        for (int[] each : table) {
            bits |= features.has(each[0]) ? 1 << each[1] : 0;
        }
        return bits;
    }

    /** The features that another processor announces, without those that need one it does not. */
    static FeatureSet announcedBy(CpuidSource processor) {
        int features = announcedBy(LEAF_1_ECX, processor.leaf(1, 0)[2])
                | announcedBy(LEAF_7_EBX, processor.leaf(7, 0)[1])
                | announcedBy(LEAF_80000001_ECX, processor.leaf(0x8000_0001, 0)[2]);
        if ((features & FeatureSet.XSAVE) == 0) {
            features &= ~FeatureSet.AVX;
        }
        if ((features & FeatureSet.AVX) == 0) {
            features &= ~(FeatureSet.AVX2 | FeatureSet.F16C | FeatureSet.FMA);
        }
        return new FeatureSet(features);
    }

    private static int announcedBy(int[][] table, int bits) {
        int features = 0;
        for (int[] each : table) {
            features |= (bits & 1 << each[1]) != 0 ? each[0] : 0;
        }
        return features;
    }

    @Override
    public int[] leaf(int leaf, int subleaf) {
        return switch (leaf) {
            case 0 -> vendor(features.has(FeatureSet.XSAVE) ? 0xD : 7, VENDOR);
            case 1 ->
                new int[] {
                    FAMILY_15_MODEL_107_STEPPING_1,
                    apicId << 24 | processors << 16 | 8 << 8,
                    announced(LEAF_1_ECX) | HYPERVISOR_PRESENT | ((cpu.cr4 & Cpu.CR4_OSXSAVE) != 0 ? OSXSAVE : 0),
                    COMMON_EDX | CLFLUSH | SSE | SSE2 | (processors > 1 ? HTT : 0)
                };
            case 7 -> new int[] {0, subleaf == 0 ? announced(LEAF_7_EBX) | TSC_ADJUST : 0, 0, 0};
            case 0xD -> extendedState(subleaf);
            case 0x4000_0000 -> signature(0x4000_0000, HYPERVISOR);
            case 0x8000_0000 -> vendor(0x8000_0008, VENDOR);
            case 0x8000_0001 ->
                new int[] {
                    FAMILY_15_MODEL_107_STEPPING_1,
                    0,
                    announced(LEAF_80000001_ECX) | CR8_LEGACY | PREFETCHW | (processors > 1 ? 2 : 0),
                    COMMON_EDX | NX | PAGE_1GIB | RDTSCP | LONG_MODE
                };
            case 0x8000_0002, 0x8000_0003, 0x8000_0004 -> brand(leaf - 0x8000_0002);
            case 0x8000_0005 -> new int[] {0x01FF_01FF, 0x01FF_01FF, 0x4002_0140, 0x4002_0140};
            case 0x8000_0006 -> new int[] {0, 0x4200_4200, 0x0200_8140, 0};
            case 0x8000_0007 -> new int[] {0, 0, 0, INVARIANT_TSC};
            case 0x8000_0008 -> new int[] {PageWalker.PHYSICAL_ADDRESS_BITS | 48 << 8, 0, processors - 1, 0};
            default -> new int[4];
        };
    }

    /** Leaf 0D: where XSAVE puts what. */
    private int[] extendedState(int subleaf) {
        if (!features.has(FeatureSet.XSAVE)) {
            return new int[4];
        }
        boolean avx = features.has(FeatureSet.AVX);
        int largest = avx ? FloatingPointImage.EXTENDED_BYTES : FloatingPointImage.UPPER_OFFSET;
        boolean enabled = (cpu.xcr0 & FloatingPointImage.AVX_COMPONENT) != 0;
        return switch (subleaf) {
            case 0 ->
                new int[] {
                    avx ? 7 : 3,
                    enabled ? FloatingPointImage.EXTENDED_BYTES : FloatingPointImage.UPPER_OFFSET,
                    largest,
                    0
                };
            case 2 ->
                avx
                        ? new int[] {largest - FloatingPointImage.UPPER_OFFSET, FloatingPointImage.UPPER_OFFSET, 0, 0}
                        : new int[4];
            default -> new int[4];
        };
    }

    /** EBX, EDX, ECX hold the text, in the order that leaves 0 and 0x80000000 use. */
    private static int[] vendor(int maximum, String text) {
        return new int[] {maximum, word(text, 0), word(text, 2), word(text, 1)};
    }

    private static int[] signature(int maximum, String text) {
        return new int[] {maximum, word(text, 0), word(text, 1), word(text, 2)};
    }

    private static int[] brand(int part) {
        int[] words = new int[4];
        for (int i = 0; i < 4; i++) {
            words[i] = word(BRAND, part * 4 + i);
        }
        return words;
    }

    private static int word(String text, int index) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        int word = 0;
        for (int i = 0; i < 4; i++) {
            int at = index * 4 + i;
            word |= (at < bytes.length ? bytes[at] & 0xFF : 0) << (8 * i);
        }
        return word;
    }
}
