// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DecoderTest {
    private static Instruction decode(int codeSize, String hex) {
        byte[] code = HexFormat.of().parseHex(hex);
        byte[] bytes = new byte[code.length + Decoder.PADDING];
        java.util.Arrays.fill(bytes, (byte) 0x90);
        System.arraycopy(code, 0, bytes, 0, code.length);
        return new Decoder(bytes, FeatureSet.BEST).decode(0, codeSize, 0);
    }

    @ParameterizedTest
    @CsvSource({
        "8, 90, 1",
        "8, 488D0510000000, 7",
        "8, 64488B142510000000, 9",
        "8, 48B88877665544332211, 10",
        "8, A08877665544332211, 9",
        "8, 67A044332211, 6",
        "8, 66B83412, 4",
        "8, C8200002, 4",
        "8, 66E900000000, 6",
        "4, 66E90000, 4",
        "2, E90000, 3",
        "2, 66E900000000, 6",
        "8, 0F8400000000, 6",
        "8, F6C001, 3",
        "8, F6D0, 2",
        "8, F7C001000000, 6",
        "8, 66F7C00100, 5",
        "8, F7D8, 2",
        "4, 678B4202, 4",
        "4, 8B448C08, 4",
        "4, 8B0544332211, 6",
        "8, 8B042544332211, 7",
        "8, 418B450044, 4",
        "2, 8B460244, 3",
        "2, 8B1E3412, 4",
        "2, 66678B849E45230100, 9",
        "4, EA443322116655, 7",
        "2, EA33226655, 5",
        "4, 9A443322116655, 7",
        "8, 0F01F8, 3",
        "8, 0F20C0, 3",
        "8, 0F2200, 3",
        "8, 0F77, 2",
        "8, 660F3A0FC108, 6",
        "8, 660F3800C1, 5",
        "8, 660F70C1E4, 5",
        "8, 0FC2C100, 4",
        "8, 660FC5C001, 5",
        "8, F30F1EFA, 4",
        "8, 0F1F840000000000, 8",
        "8, 0FAEF0, 3",
        "8, 0FAE4610, 4",
        "8, D9EE, 2",
        "8, DD4508, 3",
        "8, 9B, 1",
        "4, D50A, 2",
        "8, E464, 2",
        "8, CD80, 2",
        "8, C20800, 3",
        "8, CA0800, 3",
        "8, 0FBAE003, 4",
        "8, 0FA4C105, 4",
        "8, 2666660F1F840000000000, 11",
        "4, 82C001, 3",
        "4, C50410, 3",
        "4, 621410, 3"
    })
    void lengths(int codeSize, String hex, int length) {
        Instruction instruction = decode(codeSize, hex);
        assertThat(instruction.length).isEqualTo(length);
        assertThat(instruction.op).isNotEqualTo(Op.INVALID);
    }

    @ParameterizedTest
    @CsvSource({
        "8, 06",
        "8, 27",
        "8, 60",
        "8, 82C001",
        "8, 9A",
        "8, C4E17977",
        "8, D40A",
        "8, CE",
        "8, EA",
        "4, C5C0",
        "8, 0F0B",
        "8, 0FB9C0",
        "8, 0FFFC0",
        "8, 0F380CC1",
        "8, 660F3A10C100",
        "8, 66C4E270F2C1",
        "8, 48C4E270F2C1",
        "8, C4E274F2C1",
        "8, C4E071F2C1",
        "8, C4E278F3C1",
        "8, F04801C8",
        "8, F08B06",
        "8, F03906",
        "8, F0E800000000",
        "8, 8EC8",
        "8, 8CF0",
        "8, 8DC0",
        "8, FFF8",
        "8, FFD8",
        "8, C6C801",
        "8, 8FC8",
        "8, F30FC7F0",
        "8, 660FAE26",
        "8, 0F0DC0",
        "4, 62C0",
        "4, F090",
        "4, F30FAEC0",
        "8, 0F04",
        "8, 0FBAC001",
        "4, 0FB2C0"
    })
    void undefined(int codeSize, String hex) {
        assertThat(decode(codeSize, hex).op).isEqualTo(Op.INVALID);
    }

    @ParameterizedTest
    @CsvSource({
        "8, 0F05",
        "8, 0F01D0",
        "8, 48CF",
        "8, FF1E",
        "8, FF2E",
        "8, 8ED8",
        "4, 1F",
        "4, C406",
        "4, 63C0",
        "8, 0FA1"
    })
    void systemInstructions(int codeSize, String hex) {
        assertThat(decode(codeSize, hex).op).isEqualTo(Op.SYSTEM);
    }

    @Test
    void moreThanFifteenBytesAreRefused() {
        assertThat(decode(8, "66".repeat(14) + "90").length).isEqualTo(15);
        assertThat(decode(8, "66".repeat(14) + "90").op).isEqualTo(Op.NOP);
        assertThat(decode(8, "66".repeat(15) + "90").op).isEqualTo(Op.TOO_LONG);
        assertThat(decode(4, "2E".repeat(10) + "81052211223344556677").op).isEqualTo(Op.TOO_LONG);
    }

    @Test
    void prefixesAndSizes() {
        Instruction movsq = decode(8, "F348A5");
        assertThat(movsq.repeat).isEqualTo(0xF3);
        assertThat(movsq.operandSize).isEqualTo(8);
        Instruction last = decode(8, "F2F3A4");
        assertThat(last.repeat).isEqualTo(0xF3);
        assertThat(decode(8, "4166890B").rex)
                .as("a REX before another prefix does not count")
                .isFalse();
        assertThat(decode(8, "66489D").operandSize).as("POPFQ").isEqualTo(8);
        assertThat(decode(8, "9D").operandSize).isEqualTo(8);
        assertThat(decode(8, "669D").operandSize).isEqualTo(2);
        assertThat(decode(8, "CF").operandSize).isEqualTo(4);
        assertThat(decode(2, "669C").operandSize).isEqualTo(4);
        assertThat(decode(8, "ED").operandSize).isEqualTo(4);
        assertThat(decode(8, "EC").operandSize).isEqualTo(1);
    }

    @Test
    void addresses() {
        Instruction rip = decode(8, "488B0510000000");
        assertThat(rip.ripRelative).isTrue();
        assertThat(rip.displacement).isEqualTo(0x10);
        assertThat(rip.addressOffset).isEqualTo(0x17);
        Instruction scaled = decode(8, "4A8B44A4F8");
        assertThat(new int[] {scaled.base, scaled.index, scaled.scale, scaled.segment})
                .containsExactly(Cpu.RSP, 12, 2, Cpu.SS);
        assertThat(scaled.displacement).isEqualTo(-8);
        assertThat(decode(8, "418B4500").segment).as("R13 is not RBP").isEqualTo(Cpu.DS);
        assertThat(decode(8, "368B00").segment)
                .as("no SS override in 64-bit mode")
                .isEqualTo(Cpu.DS);
        assertThat(decode(4, "368B00").segment).isEqualTo(Cpu.SS);
        assertThat(decode(8, "658B00").segment).isEqualTo(Cpu.GS);
        Instruction sixteen = decode(2, "8B4202");
        assertThat(new int[] {sixteen.base, sixteen.index, sixteen.segment}).containsExactly(Cpu.RBP, Cpu.RSI, Cpu.SS);
    }
}
