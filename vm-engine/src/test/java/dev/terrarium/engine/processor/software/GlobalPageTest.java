// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Global pages and what makes the processor forget translations (Intel SDM volume 3, sections 4.10.2.4 and 4.10.4.1). */
class GlobalPageTest {
    /** What changes an entry forgets nothing. Calls come from places of their own, so that what is called is compiled. */
    private static final String MACROS = """
            %macro entry 2
            %if __BITS__ == 64
                mov dword [TABLES + 0x3000 + (%1) / 0x1000 * 8], %2
            %else
                mov dword [TABLES + 0x1000 + (%1) / 0x1000 * 4], %2
            %endif
            %endmacro
            %macro toggle 2
            %if __BITS__ == 64
                mov rax, %1
                xor rax, %2
                mov %1, rax
            %else
                mov eax, %1
                xor eax, %2
                mov %1, eax
            %endif
            %endmacro
            %macro load_cr3 0
                toggle cr3, 0
            %endmacro
            %macro call_often 1
            %rep 6
                call %1
            %endrep
                out PORT_REPORT, eax
            %endmacro
            """;

    private static final String LONG = MACROS + "enter_protected\nenter_long\n";
    private static final String GLOBAL_ENABLED = "toggle cr4, 0x80\n";
    private static final String LONG_GLOBAL = LONG + GLOBAL_ENABLED;
    private static final String TWO_LEVEL_GLOBAL = MACROS + "enter_protected\npage_two_level\n" + GLOBAL_ENABLED;

    /** 0x50000 is made global and 0x60000 is not; then both are mapped elsewhere. */
    private static final String DATA = """
                mov dword [0x50000], 0x50
                mov dword [0x51000], 0x51
                mov dword [0x60000], 0x60
                mov dword [0x61000], 0x61
                entry 0x50000, 0x50107
                entry 0x60000, 0x60007
                invlpg [0x50000]
                invlpg [0x60000]
                mov ebx, [0x50000]
                mov [0x50000], ebx
                mov ebx, [0x60000]
                mov [0x60000], ebx
                entry 0x50000, 0x51107
                entry 0x60000, 0x61007
            """;

    /** Reports whether reads and writes go to the old pages or to the new ones. */
    private static final String REPORT_DATA = """
                inc dword [0x50000]
                inc dword [0x60000]
                report [0x50000]
                report [0x60000]
                end_program
            """;

    /** A routine at 0x50000 that says which page it is in. */
    private static final String CODE = """
                mov dword [0x50000], 0x000001B8
                mov dword [0x50004], 0xC3C3C300
                mov dword [0x51000], 0x000002B8
                mov dword [0x51004], 0xC3C3C300
            """;

    private static List<String> run(String compilation, String program) {
        return PrivilegedMachine.run("eager".equals(compilation) ? Compilation.EAGER : Compilation.OFF, program);
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "eager"})
    void loadsOfCr3KeepGlobalPagesOnly(String compilation) {
        assertThat(run(compilation, LONG_GLOBAL + DATA + "load_cr3\n" + REPORT_DATA))
                .containsExactly("51", "62");
        assertThat(run(compilation, TWO_LEVEL_GLOBAL + DATA + "load_cr3\n" + REPORT_DATA))
                .containsExactly("51", "62");
    }

    @ParameterizedTest
    @ValueSource(strings = {"toggle cr4, 0x80", "toggle cr4, 0x10", "invlpg [0x50FFF]\nload_cr3"})
    void whatForgetsGlobalPages(String how) {
        assertThat(run("off", TWO_LEVEL_GLOBAL + DATA + how + "\n" + REPORT_DATA))
                .containsExactly("52", "62");
        assertThat(run("eager", LONG_GLOBAL + DATA + how + "\n" + REPORT_DATA)).containsExactly("52", "62");
    }

    @Test
    void pagingOffAndOnForgetsGlobalPages() {
        String how = "toggle cr0, 0x80000000\ntoggle cr0, 0x80000000\n";
        assertThat(run("off", TWO_LEVEL_GLOBAL + DATA + how + REPORT_DATA)).containsExactly("52", "62");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "eager"})
    void theGlobalBitMeansNothingWithoutPge(String compilation) {
        assertThat(run(compilation, LONG + DATA + "load_cr3\n" + REPORT_DATA)).containsExactly("52", "62");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "eager"})
    void localAndGlobalPagesThatShareASlot(String compilation) {
        // 0x450000 is what 0x50000 is, and in the same slot of the TLB.
        assertThat(run(compilation, LONG_GLOBAL + DATA + """
                mov dword [TABLES + 0x2010], TABLES + 0x3007
                entry 0x50000, 0x50007
                mov ebx, [0x450000]
                entry 0x50000, 0x51007
                report [0x450000]
                load_cr3
                report [0x450000]
                entry 0x50000, 0x50107
                invlpg [0x450000]
                mov ebx, [0x450000]
                entry 0x50000, 0x51107
                load_cr3
                report [0x450000]
                end_program
            """)).containsExactly("50", "51", "50");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "eager"})
    void invlpgForgetsTheWholeOfALargePageAndNoOther(String compilation) {
        assertThat(run(compilation, LONG_GLOBAL + """
                mov dword [TABLES + 0x2020], 0x800083
                mov dword [TABLES + 0x2028], 0xC00083
                mov dword [0x812340], 0x8
                mov dword [0xA12340], 0xC
                mov dword [0x813340], 0x8
                mov dword [TABLES + 0x2050], 0x800183
                mov dword [TABLES + 0x2058], 0x800183
                mov dword [TABLES + 0x2060], 0x800183
                mov ebx, [0x1412340]
                mov ebx, [0x1613000]
                mov ebx, [0x1813340]
                mov ebx, [0x50000]
                mov dword [TABLES + 0x2050], 0xC00183
                mov dword [TABLES + 0x2060], 0xC00183
                mov dword [0x50000], 0x50
                mov dword [0x51000], 0x51
                entry 0x50000, 0x51007
                load_cr3
                report [0x1412340]
                report [0x50000]
                invlpg [0x15FF000]
                report [0x1412340]
                report [0x1813340]
                end_program
            """)).containsExactly("8", "51", "c", "8");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "eager"})
    void globalCodeOutlivesLoadsOfCr3(String compilation) {
        assertThat(run(compilation, LONG_GLOBAL + CODE + """
                entry 0x50000, 0x50107
                invlpg [0x50000]
                call_often 0x50000
                entry 0x50000, 0x51107
                load_cr3
                call_often 0x50000
                invlpg [0x60000]
                call_often 0x50000
                invlpg [0x50000]
                call_often 0x50000
                entry 0x50000, 0x50107
                toggle cr4, 0x80
                call_often 0x50000
                entry 0x50000, 0x51107
                load_cr3
                call_often 0x50000
                end_program
            """)).containsExactly("1", "1", "1", "2", "1", "2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "eager"})
    void codeInAGlobalLargePage(String compilation) {
        assertThat(run(compilation, LONG_GLOBAL + """
                mov dword [TABLES + 0x2020], 0x800083
                mov dword [TABLES + 0x2028], 0xC00083
                mov dword [0x812340], 0x000001B8
                mov dword [0x812344], 0xC3C3C300
                mov dword [0xA12340], 0x000002B8
                mov dword [0xA12344], 0xC3C3C300
                mov dword [TABLES + 0x2050], 0x800183
                call_often 0x1412340
                mov dword [TABLES + 0x2050], 0xC00183
                load_cr3
                call_often 0x1412340
                invlpg [0x15FF000]
                call_often 0x1412340
                end_program
            """)).containsExactly("1", "1", "2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "eager"})
    void addressSpacesHaveCodeOfTheirOwn(String compilation) {
        assertThat(run(compilation, LONG_GLOBAL + CODE + """
                mov esi, TABLES
                mov edi, TABLES + 0x4000
                mov ecx, 0x1000
                rep movsd
                mov dword [TABLES + 0x4000], TABLES + 0x5007
                mov dword [TABLES + 0x5000], TABLES + 0x6007
                mov dword [TABLES + 0x6000], TABLES + 0x7007
                mov dword [TABLES + 0x7000 + 0x50 * 8], 0x51007
                mov ebx, 3
            switch:
                mov eax, TABLES
                mov cr3, rax
                call_often 0x50000
                mov eax, TABLES + 0x4000
                mov cr3, rax
                call_often 0x50000
                dec ebx
                jnz switch
                end_program
            """)).containsExactly("1", "2", "1", "2", "1", "2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "eager"})
    void codeInTwoPagesOfWhichOneIsGlobal(String compilation) {
        // NOP, NOP, NOP and a jump to the next page.
        String program = """
                mov dword [0x4FFF0], 0xE9909090
                mov dword [0x4FFF4], 0x00000008
                entry 0x4F000, 0x4F%1$s
                entry 0x50000, 0x50%2$s
                invlpg [0x4F000]
                invlpg [0x50000]
                call_often 0x4FFF0
                entry 0x50000, 0x51%2$s
                load_cr3
                call_often 0x4FFF0
                invlpg [0x50000]
                call_often 0x4FFF0
                entry 0x50000, 0x50%2$s
                invlpg [0x50000]
                call_often 0x4FFF0
                end_program
            """;
        assertThat(run(compilation, LONG_GLOBAL + CODE + program.formatted("107", "007")))
                .containsExactly("1", "2", "2", "1");
        assertThat(run(compilation, LONG_GLOBAL + CODE + program.formatted("007", "107")))
                .containsExactly("1", "1", "2", "1");
        assertThat(run(compilation, LONG_GLOBAL + CODE + program.formatted("107", "107")))
                .containsExactly("1", "1", "2", "1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "eager"})
    void anInstructionInTwoPagesOfWhichTheSecondIsLocal(String compilation) {
        // MOV EAX, imm32 at 0x4FFFE: its value's last three bytes are in the second page.
        assertThat(run(compilation, LONG_GLOBAL + """
                mov word [0x4FFFE], 0x01B8
                mov dword [0x50000], 0xC3000000
                mov dword [0x51000], 0xC3000001
                entry 0x4F000, 0x4F107
                invlpg [0x4F000]
                call_often 0x4FFFE
                entry 0x50000, 0x51007
                load_cr3
                call_often 0x4FFFE
                entry 0x50000, 0x50007
                invlpg [0x50000]
                call_often 0x4FFFE
                end_program
            """)).containsExactly("1", "101", "1");
    }
}
