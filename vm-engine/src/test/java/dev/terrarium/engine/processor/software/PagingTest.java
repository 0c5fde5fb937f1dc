// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Page tables of two levels and PAE: error codes, large pages, NX, write protection, accessed and dirty bits, INVLPG. */
class PagingTest {
    /** Sets the two-level entry of a page below 4 MiB and forgets its translation. */
    private static final String ENTRY = """
            %macro entry 2
                mov dword [TABLES + 0x1000 + (%1) / 0x1000 * 4], %2
                invlpg [%1]
            %endmacro
            %macro entry_pae 3
                mov dword [TABLES + 0x2000 + (%1) / 0x1000 * 8], %2
                mov dword [TABLES + 0x2000 + (%1) / 0x1000 * 8 + 4], %3
                invlpg [%1]
            %endmacro
            %macro user_faulting 1+
                to_user %%user
            %%user:
                mov eax, DATA3
                mov ds, eax
                faulting %1
            %endmacro
            """;

    @Test
    void errorCodesOfTwoLevelTables() {
        assertThat(PrivilegedMachine.run(ENTRY + """
                enter_protected
                page_two_level
                entry 0x50000, 0
                faulting mov ebx, [0x50004]
                faulting mov [0x50008], ebx
                user_faulting mov ebx, [0x5000C]
                user_faulting mov [0x50010], ebx
                entry 0x50000, 0x50003
                mov [0x50000], ebx
                user_faulting mov ebx, [0x50014]
                user_faulting mov [0x50018], ebx
                user_faulting add [0x5001C], ebx
                entry 0x50000, 0x50005
                mov [0x50000], ebx
                user_faulting mov [0x50020], ebx
                mov eax, cr0
                or eax, 0x10000
                mov cr0, eax
                faulting mov [0x50024], ebx
                mov ebx, [0x50024]
                entry 0x51000, 0
                faulting mov ebx, [0x50FFD]
                entry 0x50000, 0x50007
                mov dword [0x50FFC], 0x11111111
                faulting mov dword [0x50FFD], 0x22222222
                report [0x50FFC]
                resume_at after
                jmp 0x51000
            after:
                check frame_ip, 0x51000
                end_program
            """))
                .containsExactly(
                        "#14(0)@50004", "#14(2)@50008", "#14(4)@5000c", "#14(6)@50010", "#14(5)@50014",
                        "#14(7)@50018", "#14(7)@5001c", "#14(7)@50020", "#14(3)@50024", "#14(0)@51000",
                        "#14(2)@51000", "11111111", "#14(0)@51000");
    }

    @Test
    void fourMebibytePages() {
        assertThat(PrivilegedMachine.run(ENTRY + """
                enter_protected
                page_two_level
                mov eax, cr4
                or eax, 0x10
                mov cr4, eax
                mov dword [TABLES + 4 * 4], 0x400083
                mov dword [TABLES + 4 * 5], 0x400083
                mov dword [TABLES + 4 * 6], 0x600083
                mov dword [0x1012344], 0xCAFE
                report [0x1412344]
                report [TABLES + 4 * 4]
                report [TABLES + 4 * 5]
                faulting mov eax, [0x1800000]
                mov dword [TABLES + 4 * 5], 0x800083
                invlpg [0x1400000]
                mov eax, [0x1412344]
                out PORT_REPORT, eax
                mov dword [TABLES + 4 * 5], 0x400080
                invlpg [0x17FF000]
                faulting mov eax, [0x1412344]
                user_faulting mov eax, [0x1000000]
                end_program
            """))
                .containsExactly(
                        "cafe", "4000e3", "4000a3", "#14(9)@1800000", "0", "#14(0)@1412344", "#14(5)@1000000");
    }

    @Test
    void accessedAndDirtyBits() {
        assertThat(PrivilegedMachine.run(ENTRY + """
                enter_protected
                page_two_level
                mov dword [TABLES], TABLES + 0x1007
                entry 0x50000, 0x50007
                report [TABLES + 0x1140]
                mov ebx, [0x50000]
                report [TABLES + 0x1140]
                mov [0x50000], ebx
                report [TABLES + 0x1140]
                mov eax, [TABLES]
                and eax, 0x60
                out PORT_REPORT, eax
                end_program
            """)).containsExactly("50007", "50027", "50067", "20");
    }

    @Test
    void staleTranslationsLiveUntilInvalidated() {
        assertThat(PrivilegedMachine.run(ENTRY + """
                enter_protected
                page_two_level
                mov dword [0x50000], 0x50
                mov dword [0x51000], 0x51
                mov dword [TABLES + 0x1140], 0x51007
                invlpg [0x50FFF]
                report [0x50000]
                mov dword [TABLES + 0x1140], 0x50007
                mov eax, cr3
                mov cr3, eax
                report [0x50000]
                end_program
            """)).containsExactly("51", "50");
    }

    @Test
    void codeIsFetchedThroughTheNewTranslation() {
        assertThat(PrivilegedMachine.run(ENTRY + """
                enter_protected
                page_two_level
                mov dword [0x50000], 0xC3C301B0
                mov dword [0x51000], 0xC3C302B0
                call 0x50000
                movzx eax, al
                out PORT_REPORT, eax
                entry 0x50000, 0x51007
                call 0x50000
                movzx eax, al
                out PORT_REPORT, eax
                mov dword [0x51000], 0xC3C303B0
                call 0x50000
                movzx eax, al
                out PORT_REPORT, eax
                end_program
            """)).containsExactly("1", "2", "3");
    }

    @Test
    void noExecuteAndReservedBitsOfPae() {
        assertThat(PrivilegedMachine.run(ENTRY + """
                enter_protected
                page_pae
                entry_pae 0x50000, 0x50007, 0x80000000
                mov byte [0x50000], 0xC3
                resume_at one
                call 0x50000
            one:
                resume_at two
                to_user 0x50000
            two:
                entry_pae 0x50000, 0x50007, 0x00080000
                faulting mov eax, [0x50000]
                faulting mov [0x50000], eax
                entry_pae 0x50000, 0, 0x00080000
                faulting mov eax, [0x50000]
                resume_at three
                call 0x50000
            three:
                entry_pae 0x50000, 0x50003, 0
                resume_at four
                to_user 0x50000
            four:
                mov dword [0x212340], 0xFEED
                report [0x212340]
                mov dword [TABLES + 0x1008], 0x202087
                invlpg [0x3FF000]
                faulting mov eax, [0x212340]
                mov dword [TABLES + 0x1008], 0x200087
                mov dword [TABLES + 0x100C], 0x80000000
                mov ecx, 0xC0000080
                xor eax, eax
                xor edx, edx
                wrmsr
                faulting mov eax, [0x212340]
                mov dword [TABLES + 0x100C], 0
                report [0x212340]
                entry_pae 0x50000, 0, 0
                resume_at five
                call 0x50000
            five:
                end_program
            """))
                .containsExactly(
                        "#14(11)@50000", "#14(15)@50000", "#14(9)@50000", "#14(b)@50000", "#14(0)@50000",
                        "#14(10)@50000", "#14(15)@50000", "feed", "#14(9)@212340", "#14(9)@212340", "feed",
                        "#14(0)@50000");
    }

    @Test
    void faultInTheHandlersStackIsADoubleFault() {
        assertThat(PrivilegedMachine.run(ENTRY + """
                enter_protected
                page_two_level
                mov dword [OTHER_TASK_STATE + 0x1C], TABLES
                mov dword [OTHER_TASK_STATE + 0x20], task
                mov dword [OTHER_TASK_STATE + 0x24], 2
                mov dword [OTHER_TASK_STATE + 0x38], 0x36000
                mov dword [OTHER_TASK_STATE + 0x48], DATA0
                mov dword [OTHER_TASK_STATE + 0x4C], CODE0
                mov dword [OTHER_TASK_STATE + 0x50], DATA0
                mov dword [OTHER_TASK_STATE + 0x54], DATA0
                mov word [IDT + 8 * 8 + 2], FAULT_TASK
                mov byte [IDT + 8 * 8 + 5], 0x85
                entry 0x50000, 0
                mov esp, 0x51000
            there:
                push ebx
            task:
                check TASK_STATE + 0x20, there
                check TASK_STATE + 0x38, 0x51000
                mov eax, cr2
                out PORT_REPORT, eax
                pop eax
                out PORT_REPORT, eax
                end_program
            """)).containsExactly("50ffc", "0");
    }

    @Test
    void localApicAnswersAtItsPage() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                report [0xFEE00020]
                mov dword [0xFEE000B0], 0x12
                end_program
            """)).containsExactly("a91c0020", "apic b0=12");
    }
}
