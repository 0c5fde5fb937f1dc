// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Known answers for AVX, AVX2, FMA and F16C where they differ from SSE; {@link HostOracleTest} has the rest. */
final class AvxTest {
    private static final long DATA = 0x3000;

    private final TestMachine machine = TestMachine.bits64();
    private final Cpu cpu = machine.cpu;
    private final long[] xmm = cpu.floatingPoint.xmm;
    private final long[] upper = cpu.floatingPoint.upper;
    private final SimdUnit simd = new SimdUnit(cpu, machine.mmu, machine.segmentation, () -> {});

    AvxTest() {
        cpu.cr4 = Cpu.CR4_OSFXSR | Cpu.CR4_OSXMMEXCPT | Cpu.CR4_OSXSAVE;
        cpu.xcr0 = 7;
        cpu.gpr[Cpu.RSI] = DATA;
        for (int i = 0; i < 32; i++) {
            xmm[i] = 0x1111_1111_1111_1111L * (i / 2);
            upper[i] = 0x0101_0101_0101_0101L * (i / 2 + 16);
        }
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private static Instruction decode(String hex, FeatureSet features) {
        byte[] bytes = Arrays.copyOf(HexFormat.of().parseHex(hex.replace(" ", "")), 15 + Decoder.PADDING);
        return new Decoder(bytes, features).decode(0, 8, 0);
    }

    /** Executes one instruction; returns the vector of its exception, or -1. */
    private int execute(String hex) {
        Instruction instruction = decode(hex, FeatureSet.BEST);
        assertThat(instruction.op).isIn(Op.AVX, Op.SIMD);
        try {
            simd.execute(instruction, 0x1000);
            return -1;
        } catch (GuestFault fault) {
            return fault.vector;
        }
    }

    @Test
    void results128BitsLongClearTheRest() {
        assertThat(execute("C5E9 EFCB")).isEqualTo(-1); // VPXOR xmm1, xmm2, xmm3
        assertThat(xmm[2]).isEqualTo(0x1111_1111_1111_1111L);
        assertThat(upper[2]).isZero();
        assertThat(upper[4]).as("a source").isNotZero();
        assertThat(execute("C5ED EFCB")).isEqualTo(-1); // VPXOR ymm1, ymm2, ymm3
        assertThat(upper[2]).isEqualTo(0x0101_0101_0101_0101L);
        assertThat(execute("660F EFCB")).isEqualTo(-1); // PXOR xmm1, xmm3
        assertThat(upper[2]).as("SSE leaves it").isEqualTo(0x0101_0101_0101_0101L);
    }

    @Test
    void memoryNeedsNoAlignmentButWhereItIsSaid() {
        cpu.gpr[Cpu.RSI] = DATA + 1;
        machine.poke(DATA + 25, 8, 0x55);
        assertThat(execute("C5ED EF0E")).isEqualTo(-1); // VPXOR ymm1, ymm2, [rsi]
        assertThat(upper[3]).isEqualTo(upper[5] ^ 0x55);
        assertThat(execute("C5FD 6F0E")).as("VMOVDQA ymm1, [rsi]").isEqualTo(GuestFault.GENERAL_PROTECTION);
        cpu.gpr[Cpu.RSI] = DATA + 16;
        assertThat(execute("C5FD 6F0E")).as("of 32 bytes").isEqualTo(GuestFault.GENERAL_PROTECTION);
        assertThat(execute("C5F9 6F0E")).as("VMOVDQA xmm1, [rsi]").isEqualTo(-1);
        assertThat(execute("C5FC 2B0E")).as("VMOVNTPS [rsi], ymm1").isEqualTo(GuestFault.GENERAL_PROTECTION);
    }

    @Test
    void aStoreAcrossAMissingPageWritesNothing() {
        cpu.gpr[Cpu.RSI] = DATA + 4096 - 16;
        machine.absent.add(DATA + 4096);
        assertThat(execute("C5FE 7F1E")).as("VMOVDQU [rsi], ymm3").isEqualTo(GuestFault.PAGE_FAULT);
        assertThat(machine.peek(DATA + 4096 - 16, 8)).isZero();
    }

    @Test
    void maskedMovesTouchOnlyWhatIsChosen() {
        cpu.gpr[Cpu.RSI] = DATA + 4096 - 16;
        machine.absent.add(DATA + 4096);
        xmm[4] = 0x8000_0000L;
        xmm[5] = -1;
        upper[4] = 0;
        upper[5] = 0;
        machine.poke(DATA + 4096 - 16, 8, 0x2222_2222_1111_1111L);
        machine.poke(DATA + 4096 - 8, 8, 0x4444_4444_3333_3333L);
        assertThat(execute("C4E26D 8C0E")).isEqualTo(-1); // VPMASKMOVD ymm1, ymm2, [rsi]
        assertThat(xmm[2]).isEqualTo(0x1111_1111L);
        assertThat(xmm[3]).isEqualTo(0x4444_4444_3333_3333L);
        assertThat(upper[2]).isZero();
        xmm[6] = 0xAAAA_AAAA_BBBB_BBBBL;
        xmm[7] = -2;
        assertThat(execute("C4E26D 8E1E")).isEqualTo(-1); // VPMASKMOVD [rsi], ymm2, ymm3
        assertThat(machine.peek(DATA + 4096 - 16, 8)).isEqualTo(0x2222_2222_BBBB_BBBBL);
        assertThat(machine.peek(DATA + 4096 - 8, 8)).isEqualTo(-2);
        upper[5] = Long.MIN_VALUE;
        xmm[6] = 0;
        assertThat(execute("C4E26D 8E1E")).isEqualTo(GuestFault.PAGE_FAULT);
        assertThat(machine.peek(DATA + 4096 - 16, 8)).as("all or nothing").isEqualTo(0x2222_2222_BBBB_BBBBL);
    }

    @Test
    void aGatherThatFaultsKeepsWhatItHas() {
        machine.absent.add(DATA + 4096);
        machine.poke(DATA, 8, 0x77);
        xmm[4] = -1; // mask
        xmm[5] = -1;
        xmm[6] = 0; // indices
        xmm[7] = 4096;
        xmm[2] = 5;
        xmm[3] = 6;
        assertThat(execute("C4E2E9 910C1E"))
                .as("VPGATHERQQ xmm1, [rsi+xmm3], xmm2")
                .isEqualTo(GuestFault.PAGE_FAULT);
        assertThat(xmm[2]).isEqualTo(0x77);
        assertThat(xmm[3]).isEqualTo(6);
        assertThat(xmm[4]).isZero();
        assertThat(xmm[5]).isEqualTo(-1);
        xmm[7] = 8;
        machine.poke(DATA + 8, 8, 0x88);
        assertThat(execute("C4E2E9 910C1E")).isEqualTo(-1);
        assertThat(xmm[2]).as("done before").isEqualTo(0x77);
        assertThat(xmm[3]).isEqualTo(0x88);
        assertThat(xmm[5]).isZero();
        assertThat(upper[2]).isZero();
        assertThat(upper[4]).isZero();
    }

    @Test
    void anUnmaskedExceptionInTheUpperLaneChangesNothing() {
        cpu.floatingPoint.mxcsr = 0x1F80 & ~(1 << 9);
        for (int i = 4; i < 8; i++) {
            xmm[i] = Double.doubleToRawLongBits(1);
            upper[i] = i < 6 ? Double.doubleToRawLongBits(1) : 0;
        }
        long before = xmm[2];
        assertThat(execute("C5ED 5ECB")).as("VDIVPD ymm1, ymm2, ymm3").isEqualTo(GuestFault.SIMD_FLOATING_POINT);
        assertThat(xmm[2]).isEqualTo(before);
        assertThat(cpu.floatingPoint.mxcsr & 0x3F).isEqualTo(1 << 2);
        cpu.floatingPoint.mxcsr = 0x1F80 & ~(1 << 9);
        xmm[6] = 0;
        upper[4] = 0;
        assertThat(execute("C5ED 5ECB")).isEqualTo(GuestFault.SIMD_FLOATING_POINT);
        assertThat(cpu.floatingPoint.mxcsr & 0x3F)
                .as("of both lanes: 1/0 and 0/0")
                .isEqualTo(1 << 2 | 1);
        xmm[6] = Double.doubleToRawLongBits(1);
        upper[4] = Double.doubleToRawLongBits(1);
        cpu.floatingPoint.mxcsr = 0x1F80;
        assertThat(execute("C5ED 5ECB")).isEqualTo(-1);
        assertThat(Double.longBitsToDouble(xmm[2])).isEqualTo(1);
        assertThat(Double.longBitsToDouble(upper[2])).isInfinite();
    }

    @Test
    void multipliesAndAddsWithOneRounding() {
        double almostOne = 1 - 0x1p-30;
        xmm[2] = Double.doubleToRawLongBits(almostOne);
        xmm[4] = Double.doubleToRawLongBits(1 + 0x1p-30);
        xmm[6] = Double.doubleToRawLongBits(-1);
        assertThat(execute("C4E2E9 A9CB")).isEqualTo(-1); // VFMADD213SD xmm1, xmm2, xmm3
        assertThat(Double.longBitsToDouble(xmm[2])).isEqualTo(-0x1p-60);
        assertThat(cpu.floatingPoint.mxcsr & 0x20).as("exact").isZero();
        xmm[2] = Double.doubleToRawLongBits(almostOne);
        assertThat(execute("C4E2E9 BFCB")).isEqualTo(-1); // VFNMSUB231SD xmm1, xmm2, xmm3
        assertThat(Double.longBitsToDouble(xmm[2])).isEqualTo(0x1p-29);
    }

    @Test
    void halves() {
        xmm[4] = 0x7C00_0001_C000_3C00L; // infinity, the smallest denormal, -2, 1
        assertThat(execute("C4E279 13CA")).isEqualTo(-1); // VCVTPH2PS xmm1, xmm2
        assertThat(Float.intBitsToFloat((int) xmm[2])).isEqualTo(1);
        assertThat(Float.intBitsToFloat((int) (xmm[2] >>> 32))).isEqualTo(-2);
        assertThat(Float.intBitsToFloat((int) xmm[3])).isEqualTo(0x1p-24f);
        assertThat(Float.intBitsToFloat((int) (xmm[3] >>> 32))).isInfinite();
        assertThat(execute("C4E379 1DCE 00")).isEqualTo(-1); // VCVTPS2PH xmm6, xmm1, 0
        assertThat(xmm[12]).isEqualTo(xmm[4]);
        assertThat(xmm[13]).isZero();
    }

    @Test
    void sseMayBeOff() {
        cpu.cr4 &= ~Cpu.CR4_OSFXSR;
        assertThat(execute("C5ED EFCB")).as("VPXOR ymm1, ymm2, ymm3").isEqualTo(-1);
        assertThat(execute("C5F8 AE1E")).as("VSTMXCSR [rsi]").isEqualTo(-1);
        assertThat(execute("660F EFCB")).as("PXOR xmm1, xmm3").isEqualTo(GuestFault.INVALID_OPCODE);
    }

    @Test
    void zeroUpper() {
        execute("C5F8 77");
        assertThat(upper).containsOnly(0);
        assertThat(xmm[30]).isNotZero();
        execute("C5FC 77");
        assertThat(Arrays.copyOf(xmm, 32)).containsOnly(0);
    }

    /** All 32 predicates of VCMPSD against the table of SDM volume 2 (3-1): less, equal, greater, unordered. */
    @ParameterizedTest
    @CsvSource({
        "0, 0100",
        "1, 1000",
        "2, 1100",
        "3, 0001",
        "4, 1011",
        "5, 0111",
        "6, 0011",
        "7, 1110",
        "8, 0101",
        "9, 1001",
        "10, 1101",
        "11, 0000",
        "12, 1010",
        "13, 0110",
        "14, 0010",
        "15, 1111"
    })
    void predicates(int predicate, String holds) {
        double[] second = {2, 1, 0, Double.NaN};
        boolean quiet = predicate % 4 == 0 || predicate % 4 == 3;
        for (int upperBit = 0; upperBit <= 16; upperBit += 16) {
            for (int order = 0; order < 4; order++) {
                cpu.floatingPoint.mxcsr = 0x1F80;
                xmm[4] = Double.doubleToRawLongBits(1);
                xmm[6] = Double.doubleToRawLongBits(second[order]);
                execute(String.format("C5EB C2CB %02X", predicate + upperBit)); // VCMPSD xmm1, xmm2, xmm3
                assertThat(xmm[2]).isEqualTo(holds.charAt(order) == '1' ? -1 : 0);
                boolean invalid = order == 3 && quiet == (upperBit != 0);
                assertThat(cpu.floatingPoint.mxcsr & 1).isEqualTo(invalid ? 1 : 0);
            }
        }
    }

    /** What is not there: lengths, VEX.vvvv that must be unused, prefixes, and AVX2 and FMA on a second-level processor. */
    @ParameterizedTest
    @CsvSource({
        "C5F5 6ECA", // VMOVD of 256 bits
        "C5F1 6FCA", // VMOVDQA with VEX.vvvv
        "C5F8 EFCB", // no mandatory prefix
        "C4E279 16CA", // VPERMPS of 128 bits
        "C4E2F9 18CA", // VBROADCASTSS with W1
        "C4E26D DCCB", // VAESENC of 256 bits
        "C4E269 900B", // VPGATHERDD without SIB
        "C4E269 900C0E", // VPGATHERDD with the destination as index
        "C4E27D 2ACA", // VMOVNTDQA from a register
        "C5F8 AEC0"
    })
    void undefined(String hex) {
        assertThat(decode(hex, FeatureSet.BEST).op).isEqualTo(Op.INVALID);
    }

    /** Outside 64-bit mode C4 and C5 are LES and LDS if a memory operand follows, and registers have three bits. */
    @Test
    void vexIn32BitCode() {
        byte[] bytes = Arrays.copyOf(HexFormat.of().parseHex("C506"), 15 + Decoder.PADDING);
        Instruction loadPointer = new Decoder(bytes, FeatureSet.BEST).decode(0, 4, 0);
        assertThat(loadPointer.op).isEqualTo(Op.SYSTEM);
        assertThat(loadPointer.length).isEqualTo(2);
        bytes = Arrays.copyOf(HexFormat.of().parseHex("C4C1B16EC8"), 15 + Decoder.PADDING);
        assertThat(new Decoder(bytes, FeatureSet.BEST).decode(0, 8, 0).op)
                .as("VEX.vvvv")
                .isEqualTo(Op.INVALID);
        bytes = Arrays.copyOf(HexFormat.of().parseHex("C4C1F96EC8"), 15 + Decoder.PADDING);
        Instruction move = new Decoder(bytes, FeatureSet.BEST).decode(0, 4, 0);
        assertThat(move.op).as("VMOVD, whatever W and B").isEqualTo(Op.AVX);
        assertThat(move.rexW).isFalse();
        assertThat(move.rm).isZero();
        move = new Decoder(bytes, FeatureSet.BEST).decode(0, 8, 0);
        assertThat(move.rexW).isTrue();
        assertThat(move.rm).isEqualTo(8);
    }

    @ParameterizedTest
    @CsvSource({"C5ED EFCB", "C5EC 57CB", "C4E2E9 A9CB", "C4E279 13CA", "C4E279 58CA", "C5F8 77", "C4E270 F2C1"})
    void thirdLevel(String hex) {
        assertThat(decode(hex, FeatureSet.X86_64_V2).op).isEqualTo(Op.INVALID);
        assertThat(decode(hex, FeatureSet.X86_64_V3).op).isNotEqualTo(Op.INVALID);
        assertThat(decode("C4E269 DCCB", FeatureSet.X86_64_V3).op).as("VAESENC").isEqualTo(Op.INVALID);
    }
}
