// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.device.InvalidStateException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** XCR0, XSAVE, XRSTOR and what AVX needs of them (Intel SDM volume 1, chapter 13), and the saved state's form. */
final class ExtendedStateTest {
    private static final String ENTER = """
                enter_protected
                enter_long
                mov rax, cr4
                or eax, (1 << 9) | (1 << 10)
                mov cr4, rax
            """;

    /** CR4.OSXSAVE and all of XCR0. */
    private static final String ENABLE = ENTER + """
                mov rax, cr4
                or eax, 1 << 18
                mov cr4, rax
                xor ecx, ecx
                xor edx, edx
                mov eax, 7
                xsetbv
            """;

    @Test
    void extendedControlRegister() {
        assertThat(PrivilegedMachine.run(ENTER + """
                xor ecx, ecx
                faulting xgetbv
                mov eax, 1
                cpuid
                shr ecx, 26
                and ecx, 3
                report ecx
                mov rax, cr4
                or eax, 1 << 18
                mov cr4, rax
                mov eax, 1
                cpuid
                shr ecx, 26
                and ecx, 3
                report ecx
                xor ecx, ecx
                xgetbv
                out PORT_REPORT, eax
                mov eax, 7
                xsetbv
                xor eax, eax
                xgetbv
                out PORT_REPORT, eax
                mov eax, 6
                faulting xsetbv
                mov eax, 5
                faulting xsetbv
                mov eax, 0xF
                faulting xsetbv
                mov ecx, 1
                mov eax, 1
                faulting xsetbv
                faulting xgetbv
                end_program
            """))
                .containsExactly("#6", "1", "3", "1", "7", "#13(0)", "#13(0)", "#13(0)", "#13(0)", "#13(0)");
    }

    @Test
    void vectorsOf256BitsNeedTheOperatingSystemsConsent() {
        assertThat(PrivilegedMachine.run(ENTER + """
                faulting vpxor ymm0, ymm0, ymm0
                mov rax, cr4
                or eax, 1 << 18
                mov cr4, rax
                faulting vpxor ymm0, ymm0, ymm0
                xor ecx, ecx
                xor edx, edx
                mov eax, 7
                xsetbv
                vpxor ymm0, ymm0, ymm0
                andn eax, ecx, eax
                mov rax, cr0
                or eax, 8
                mov cr0, rax
                faulting vpxor ymm0, ymm0, ymm0
                faulting xsave [0x60000]
                clts
                end_program
            """)).containsExactly("#6", "#6", "#7", "#7");
    }

    @Test
    void savesAndRestores() {
        assertThat(PrivilegedMachine.run(ENABLE + """
                mov eax, 0x11223344
                vmovd xmm9, eax
                vpbroadcastd ymm9, xmm9
                mov edi, 0x60000
                mov ecx, 1024 / 4
                mov eax, 0xAAAAAAAA
                rep stosd
                mov dword [0x60000 + 512], 0
                mov dword [0x60000 + 516], 0
                or eax, -1
                or edx, -1
                xsave [0x60000]
                check 0x60000 + 512, 7
                check 0x60000 + 160 + 9 * 16, 0x11223344
                check 0x60000 + 576 + 9 * 16 + 12, 0x11223344
                check 0x60000 + 832, 0xAAAAAAAA
                check 0x60000 + 520, 0xAAAAAAAA
                mov edi, 0x60000 + 520
                mov ecx, 56 / 4
                xor eax, eax
                rep stosd
                vzeroall
                or eax, -1
                xrstor [0x60000]
                vmovdqu [0x61000], ymm9
                check 0x61000, 0x11223344
                check 0x6101C, 0x11223344
                vzeroupper
                or eax, -1
                xsave [0x60000]
                check 0x60000 + 512, 3
                vpcmpeqd ymm9, ymm9, ymm9
                or eax, -1
                xrstor [0x60000]
                vmovdqu [0x61000], ymm9
                check 0x61000, 0x11223344
                check 0x6101C, 0
                vpcmpeqd ymm9, ymm9, ymm9
                mov eax, 4
                xrstor [0x60000]
                vmovdqu [0x61000], ymm9
                check 0x61000, 0xFFFFFFFF
                check 0x6101C, 0
                or eax, -1
                faulting xsave [0x60020]
                mov dword [0x60000 + 512], 8
                faulting xrstor [0x60000]
                mov dword [0x60000 + 512], 3
                mov dword [0x60000 + 520], 1
                faulting xrstor [0x60000]
                mov dword [0x60000 + 520], 0
                mov dword [0x60000 + 24], 0x10000
                faulting xrstor [0x60000]
                end_program
            """)).containsExactly("#13(0)", "#13(0)", "#13(0)", "#13(0)");
    }

    @Test
    void leafOfTheExtendedState() {
        assertThat(PrivilegedMachine.run(ENABLE + """
                xor eax, eax
                cpuid
                out PORT_REPORT, eax
                mov eax, 0xD
                xor ecx, ecx
                cpuid
                out PORT_REPORT, eax
                report ebx
                report ecx
                mov eax, 0xD
                mov ecx, 2
                cpuid
                out PORT_REPORT, eax
                report ebx
                end_program
            """)).containsExactly("d", "7", "340", "340", "100", "240");
    }

    @Test
    void aProcessorWithoutItKnowsNothingOfIt() {
        assertThat(PrivilegedMachine.run(FeatureSet.X86_64_V2, ENTER + """
                mov rax, cr4
                or eax, 1 << 18
                faulting mov cr4, rax
                xor ecx, ecx
                faulting xgetbv
                faulting xsave [0x60000]
                faulting vzeroupper
                faulting andn eax, ecx, eax
                faulting rdrand eax
                xor eax, eax
                cpuid
                out PORT_REPORT, eax
                mov eax, 0xD
                xor ecx, ecx
                cpuid
                out PORT_REPORT, eax
                popcnt eax, eax
                end_program
            """))
                .containsExactly("#13(0)", "#6", "#6", "#6", "#6", "#6", "7", "0");
    }

    @Test
    void theSavedStateHasTheUpperHalves() {
        FloatingPointState state = new FloatingPointState();
        for (int i = 0; i < 32; i++) {
            state.xmm[i] = i + 1;
            state.upper[i] = -i - 1;
        }
        byte[] saved = FloatingPointImage.save(state);
        assertThat(saved).hasSize(832);
        assertThat(saved[512]).isEqualTo((byte) 7);
        FloatingPointState restored = new FloatingPointState();
        FloatingPointImage.restore(restored, saved);
        assertThat(restored.upper).isEqualTo(state.upper);
        assertThat(restored.xmm).isEqualTo(state.xmm);
        FloatingPointImage.restore(restored, Arrays.copyOf(saved, 512));
        assertThat(restored.upper).as("without AVX they are zero").containsOnly(0);
        assertThat(restored.xmm).isEqualTo(state.xmm);
        assertThatThrownBy(() -> FloatingPointImage.restore(restored, new byte[576]))
                .isInstanceOf(InvalidStateException.class);
    }
}
