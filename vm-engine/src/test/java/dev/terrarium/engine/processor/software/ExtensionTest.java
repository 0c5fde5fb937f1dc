// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Known answers for what came after SSSE3; {@link HostOracleTest} compares the same instructions with a host's. */
final class ExtensionTest {
    private final TestMachine machine = TestMachine.bits64();
    private final Cpu cpu = machine.cpu;
    private final SimdUnit simd = new SimdUnit(cpu, machine.mmu, machine.segmentation, () -> {});

    ExtensionTest() {
        cpu.cr4 = Cpu.CR4_OSFXSR | Cpu.CR4_OSXMMEXCPT;
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private static Instruction decode(String hex, FeatureSet features, int codeSize) {
        byte[] bytes = Arrays.copyOf(HexFormat.of().parseHex(hex.replace(" ", "")), 15 + Decoder.PADDING);
        return new Decoder(bytes, features).decode(0, codeSize, 0);
    }

    private void vector(String hex) {
        Instruction instruction = decode(hex, FeatureSet.BEST, 8);
        assertThat(instruction.op).isEqualTo(Op.SIMD);
        simd.execute(instruction, 0x1000);
    }

    /** Loads XMM{@code register}, the bytes in the order of memory. */
    private void load(int register, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        for (int half = 0; half < 2; half++) {
            long value = 0;
            for (int i = 7; i >= 0; i--) {
                value = value << 8 | bytes[8 * half + i] & 0xFF;
            }
            cpu.floatingPoint.xmm[2 * register + half] = value;
        }
    }

    private void loadText(int register, String text) {
        byte[] bytes = Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), 16);
        load(register, HexFormat.of().formatHex(bytes));
    }

    private String stored(int register) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 16; i++) {
            text.append(String.format("%02x", cpu.floatingPoint.xmm[2 * register + i / 8] >>> 8 * (i & 7) & 0xFF));
        }
        return text.toString();
    }

    /** FIPS 197, appendix A.1 (key expansion) and B (cipher example), there and back. */
    @Test
    void cipherExampleOfFips197() {
        load(8, "3243f6a8885a308d313198a2e0370734");
        load(1, "2b7e151628aed2a6abf7158809cf4f3c");
        String[] keys = new String[11];
        keys[0] = stored(1);
        int constant = 1;
        for (int round = 1; round <= 10; round++) {
            vector(String.format("66 0F 3A DF D1 %02X", constant)); // AESKEYGENASSIST xmm2, xmm1
            vector("66 0F 70 D2 FF"); // PSHUFD xmm2, xmm2, 0xFF
            vector("66 0F 6F D9"); // MOVDQA xmm3, xmm1
            for (int shift = 0; shift < 3; shift++) {
                vector("66 0F 73 FB 04"); // PSLLDQ xmm3, 4
                vector("66 0F EF CB"); // PXOR xmm1, xmm3
            }
            vector("66 0F EF CA"); // PXOR xmm1, xmm2
            keys[round] = stored(1);
            constant = constant << 1 ^ (constant >= 0x80 ? 0x11B : 0);
        }
        assertThat(keys[1]).isEqualTo("a0fafe1788542cb123a339392a6c7605");
        assertThat(keys[10]).isEqualTo("d014f9a8c9ee2589e13f0cc8b6630ca6");
        load(1, keys[0]);
        vector("66 44 0F EF C1"); // PXOR xmm8, xmm1
        for (int round = 1; round <= 10; round++) {
            load(1, keys[round]);
            vector(round < 10 ? "66 44 0F 38 DC C1" : "66 44 0F 38 DD C1"); // AESENC, AESENCLAST xmm8, xmm1
        }
        assertThat(stored(8)).isEqualTo("3925841d02dc09fbdc118597196a0b32");
        vector("66 44 0F EF C1"); // PXOR xmm8, xmm1
        for (int round = 9; round >= 0; round--) {
            load(1, keys[round]);
            if (round > 0) {
                vector("66 0F 38 DB C9"); // AESIMC xmm1, xmm1
            }
            vector(round > 0 ? "66 44 0F 38 DE C1" : "66 44 0F 38 DF C1"); // AESDEC, AESDECLAST xmm8, xmm1
        }
        assertThat(stored(8)).isEqualTo("3243f6a8885a308d313198a2e0370734");
    }

    /** Intel's white paper on carry-less multiplication, section 2: the example of PCLMULQDQ. */
    @Test
    void carrylessProduct() {
        cpu.floatingPoint.xmm[2] = 0x63746F725D53475DL;
        cpu.floatingPoint.xmm[3] = 0x7B5B546573745665L;
        cpu.floatingPoint.xmm[4] = 0x5B477565726F6E5DL;
        cpu.floatingPoint.xmm[5] = 0x4869285368617929L;
        vector("66 0F 3A 44 CA 00"); // PCLMULQDQ xmm1, xmm2, 0
        assertThat(cpu.floatingPoint.xmm[3]).isEqualTo(0x1D4D84C85C3440C0L);
        assertThat(cpu.floatingPoint.xmm[2]).isEqualTo(0x929633D5D36F0451L);
    }

    /** The check value of CRC-32C, "123456789", in the parts that the instruction takes. */
    @Test
    void cyclicRedundancyCheck() {
        cpu.gpr[Cpu.RAX] = 0xFFFF_FFFFL;
        cpu.gpr[Cpu.RBX] = 0x3837_3635_3433_3231L;
        cpu.gpr[Cpu.RCX] = '9';
        machine.run("F2480F38F1C3 F20F38F0C1"); // CRC32 rax, rbx; CRC32 eax, cl
        assertThat(cpu.gpr[Cpu.RAX] ^ 0xFFFF_FFFFL).isEqualTo(0xE306_9283L);
        cpu.gpr[Cpu.RAX] = 0xFFFF_FFFFL;
        cpu.gpr[Cpu.RDX] = 0x38;
        machine.run("F20F38F1C3 48C1EB20 66F20F38F1C3 C1EB10 F20F38F0C3 F20F38F0C2 F20F38F0C1");
        assertThat(cpu.gpr[Cpu.RAX] ^ 0xFFFF_FFFFL).isEqualTo(0xE306_9283L);
    }

    /** Every aggregation, from the descriptions in SDM volume 2, section 4.1. */
    @ParameterizedTest
    @CsvSource({
        "aeiou, the quick fox, 0, 2", // equal any: the first vowel
        "az, THE quick fox, 4, 4", // ranges: the first lower-case letter
        "the quick, the quack, 24, 6", // equal each, negated: the first difference
        "qui, the quick fox, 12, 4", // equal ordered: a substring
        "xyz, the quick fo, 0, 16", // none
        "aeiou, the quick fox, 64, 11", // the last one
        "same, same, 24, 16" // no difference at all
    })
    void compareStrings(String first, String second, int control, int index) {
        loadText(1, first);
        loadText(2, second);
        vector(String.format("66 0F 3A 63 CA %02X", control)); // PCMPISTRI xmm1, xmm2
        assertThat(cpu.gpr[Cpu.RCX]).isEqualTo(index);
        assertThat(cpu.carry()).isEqualTo(index < 16);
        assertThat(cpu.sign()).isEqualTo(first.length() < 16);
        assertThat(cpu.zero()).isEqualTo(second.length() < 16);
    }

    @Test
    void compareStringsOfGivenLengthToMask() {
        loadText(1, "ab");
        loadText(2, "abababab");
        cpu.gpr[Cpu.RAX] = 2;
        cpu.gpr[Cpu.RDX] = -5;
        vector("66 0F 3A 60 CA 0C"); // PCMPESTRM xmm1, xmm2: equal ordered
        assertThat(stored(0)).isEqualTo("05000000000000000000000000000000");
        vector("66 0F 3A 60 CA 4C");
        assertThat(stored(0)).isEqualTo("ff00ff00000000000000000000000000");
        assertThat(cpu.overflow()).isTrue();
    }

    @Test
    void roundsToIntegers() {
        for (int mode = 0; mode < 4; mode++) {
            cpu.floatingPoint.xmm[2] = Double.doubleToRawLongBits(2.5);
            cpu.floatingPoint.xmm[3] = Double.doubleToRawLongBits(-0.25);
            cpu.floatingPoint.mxcsr = 0x1F80;
            vector(String.format("66 0F 3A 09 C1 %02X", mode)); // ROUNDPD xmm0, xmm1
            assertThat(Double.longBitsToDouble(cpu.floatingPoint.xmm[0])).isEqualTo(mode == 2 ? 3.0 : 2.0);
            assertThat(Double.longBitsToDouble(cpu.floatingPoint.xmm[1])).isEqualTo(mode == 1 ? -1.0 : -0.0);
            assertThat(cpu.floatingPoint.mxcsr).as("inexact").isEqualTo(0x1FA0);
            cpu.floatingPoint.mxcsr = 0x1F80;
            vector(String.format("66 0F 3A 09 C1 %02X", mode | 8));
            assertThat(cpu.floatingPoint.mxcsr).as("not reported").isEqualTo(0x1F80);
        }
    }

    @Test
    void bitManipulation() {
        cpu.gpr[Cpu.RBX] = 0x0000_0000_ABCD_1234L;
        cpu.gpr[Cpu.RCX] = 0x0F0F_00FF;
        machine.run("C4E262F5C1 C4E263F5D1"); // PEXT eax, ebx, ecx; PDEP edx, ebx, ecx
        assertThat(cpu.gpr[Cpu.RAX]).isEqualTo(0xBD34);
        assertThat(cpu.gpr[Cpu.RDX]).isEqualTo(0x0102_0034L);
        cpu.gpr[Cpu.RDX] = -1;
        cpu.gpr[Cpu.RBX] = -2;
        machine.run("C4E2FBF6C3"); // MULX rax, rax, rbx: both halves to one register
        assertThat(cpu.gpr[Cpu.RAX]).as("the high half").isEqualTo(-3);
        cpu.gpr[Cpu.RSI] = 0x3000;
        machine.poke(0x3000, 8, 0x0102_0304_0506_0708L);
        machine.run("480F38F006 660F38F14608 C4E3FBF0D804"); // MOVBE rax, [rsi]; MOVBE [rsi+8], ax; RORX rbx, rax, 4
        assertThat(cpu.gpr[Cpu.RAX]).isEqualTo(0x0807_0605_0403_0201L);
        assertThat(machine.peek(0x3008, 2)).isEqualTo(0x0102);
        assertThat(cpu.gpr[Cpu.RBX]).isEqualTo(0x1080_7060_5040_3020L);
        cpu.gpr[Cpu.RCX] = 0;
        machine.run("F30FBCC1 F30FBDD9"); // TZCNT eax, ecx; LZCNT ebx, ecx
        assertThat(cpu.gpr[Cpu.RAX]).isEqualTo(32);
        assertThat(cpu.gpr[Cpu.RBX]).isEqualTo(32);
        assertThat(cpu.carry()).isTrue();
    }

    @Test
    void vexIsNotForRealMode() {
        TestMachine real = TestMachine.bits16();
        real.run("C4E270F2C1");
        assertThat(real.faults).containsExactly("6");
        real.close();
    }

    @Test
    void randomNumbersDiffer() {
        machine.run("480FC7F0 480FC7FB"); // RDRAND rax; RDSEED rbx
        assertThat(cpu.gpr[Cpu.RAX]).isNotEqualTo(cpu.gpr[Cpu.RBX]).isNotZero();
        assertThat(cpu.arithmeticFlags()).isEqualTo(Cpu.FLAG_CF);
    }

    @Test
    void segmentBasesNeedTheirControlBit() {
        machine.run("F3480FAEC0"); // RDFSBASE rax
        assertThat(machine.faults).containsExactly("6");
        machine.faults.clear();
        cpu.cr4 |= Cpu.CR4_FSGSBASE;
        cpu.gpr[Cpu.RBX] = 0x7FFF_1234_5678L;
        machine.run("F3480FAED3 F30FAEC0 F3480FAEDB"); // WRFSBASE rbx; RDFSBASE eax; WRGSBASE rbx
        assertThat(cpu.segmentBase[Cpu.FS]).isEqualTo(0x7FFF_1234_5678L);
        assertThat(cpu.segmentBase[Cpu.GS]).isEqualTo(0x7FFF_1234_5678L);
        assertThat(cpu.gpr[Cpu.RAX]).isEqualTo(0x1234_5678L);
        cpu.gpr[Cpu.RBX] = 0x8000_0000_0000L;
        machine.run("F3480FAED3");
        assertThat(machine.faults).as("not canonical").containsExactly("13:0");
    }

    /** What the psABI's second level adds, and what "best" adds to that. */
    @ParameterizedTest
    @CsvSource({
        "DB0E, 2",
        "F20FF006, 2",
        "660F7CC1, 2",
        "F20F12C1, 2",
        "0F3800C1, 2",
        "660F3A0FC101, 2",
        "480FC70E, 2",
        "9F, 2",
        "660F3817C1, 2",
        "660F3A0EC101, 2",
        "660F3837C1, 2",
        "660F3A63C100, 2",
        "F20F38F0C1, 2",
        "F30FB8C1, 2",
        "0F38F006, 3",
        "C4E270F2C1, 3",
        "C4E271F7C1, 3",
        "660F38DCC1, 3",
        "660F3A44C100, 3",
        "0FC7F0, 3",
        "0FC7F8, 3",
        "F30FAEC0, 3"
    })
    void modelsHaveTheirInstructionsOnly(String hex, int level) {
        assertThat(decode(hex, FeatureSet.X86_64_V1, 8).op).isEqualTo(Op.INVALID);
        assertThat(decode(hex, FeatureSet.X86_64_V2, 8).op == Op.INVALID).isEqualTo(level > 2);
        assertThat(decode(hex, FeatureSet.BEST, 8).op).isNotEqualTo(Op.INVALID);
    }

    @Test
    void withoutTheirFeaturesCountsAreScans() {
        assertThat(decode("F30FBCC1", FeatureSet.X86_64_V2, 8).op).isEqualTo(Op.BSF);
        assertThat(decode("F30FBDC1", FeatureSet.X86_64_V2, 8).op).isEqualTo(Op.BSR);
        assertThat(decode("0FC70E", FeatureSet.X86_64_V1, 8).op).as("CMPXCHG8B").isEqualTo(Op.CMPXCHG_PAIR);
        assertThat(decode("9F", FeatureSet.X86_64_V1, 4).op)
                .as("LAHF in 32-bit code")
                .isEqualTo(Op.LAHF);
    }

    @Test
    void modelsAnnounceWhatTheyHave() {
        int sse2Only = new CpuIdentity(0, 1, new Cpu(FeatureSet.X86_64_V1)).leaf(1, 0)[2];
        assertThat(sse2Only).as("the hypervisor bit alone").isEqualTo(1 << 31);
        CpuIdentity second = new CpuIdentity(0, 1, new Cpu(FeatureSet.X86_64_V2));
        // SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT
        assertThat(second.leaf(1, 0)[2]).isEqualTo(1 << 31 | 1 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23);
        assertThat(second.leaf(7, 0)[1]).as("IA32_TSC_ADJUST alone").isEqualTo(1 << 1);
        assertThat(second.leaf(0x8000_0001, 0)[2] & 0x21).as("LAHF, LZCNT").isEqualTo(1);
        assertThat(new CpuIdentity(0, 1, new Cpu(FeatureSet.BEST)).leaf(7, 1)[1])
                .as("no subleaf 1")
                .isZero();
    }
}
