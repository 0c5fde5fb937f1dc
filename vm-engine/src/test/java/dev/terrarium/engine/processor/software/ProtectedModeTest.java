// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** 32-bit protected mode: privilege changes, gates, task switches, virtual-8086 mode, double and triple faults. */
class ProtectedModeTest {
    private static final String USER = """
            %macro user_faulting 1+
                to_user %%user
            %%user:
                mov eax, DATA3
                mov ds, eax
                faulting %1
            %endmacro
            """;

    @Test
    void interruptFromUserSwitchesStacks() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                mov byte [returning], 1
                to_user user
            user:
                mov eax, DATA3
                mov ds, eax
                int 0x28
            next:
                mov eax, DATA3
                mov ds, eax
                mov byte [returning], 0
                mov [seen], esp
                mov ebx, cs
                mov [seen + 4], ebx
                faulting in al, 0x80
                check seen, USER_STACK
                check seen + 4, CODE3
                check frame_cs, CODE3
                check frame_ss, DATA3
                check frame_sp, USER_STACK
                check handler_sp, INNER_STACK - 20
                end_program
            seen: dd 0, 0
            """)).containsExactly("#40", "#13(0)");
    }

    @Test
    void userMayNotTouchTheSystem() {
        assertThat(PrivilegedMachine.run(USER + """
                enter_protected
                user_faulting cli
                user_faulting hlt
                user_faulting mov eax, cr0
                user_faulting lgdt [gdt_pointer]
                user_faulting int 5
                user_faulting invlpg [0]
                user_faulting wrmsr
                user_faulting out 0x80, al
                user_faulting jmp CODE0:0
                user_faulting call OTHER_TASK:0
                user_faulting lss esp, [stack]
                user_faulting mov dr0, eax
                user_faulting clts
                user_faulting lmsw ax
                user_faulting wbinvd
                mov ebx, DATA0
                user_faulting mov fs, bx
                end_program
            stack: dd 0x1000, DATA0
            """))
                .containsExactly(
                        "#13(0)", "#13(0)", "#13(0)", "#13(0)", "#13(2a)", "#13(0)", "#13(0)",
                        "#13(0)", "#13(8)", "#13(30)", "#13(10)", "#13(0)", "#13(0)", "#13(0)", "#13(0)", "#13(10)");
    }

    @Test
    void segmentRegistersAreChecked() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                mov ebx, NOT_PRESENT
                faulting mov fs, bx
                faulting mov ss, bx
                mov ebx, 0x1000
                faulting mov ds, bx
                mov ebx, READ_ONLY
                faulting mov ss, bx
                mov fs, bx
                faulting mov [fs:0], eax
                faulting mov [cs:0], eax
                xor ebx, ebx
                mov fs, bx
                faulting mov eax, [fs:0]
                mov ebx, SMALL_STACK
                mov fs, bx
                faulting mov eax, [fs:0xFFD]
                mov eax, [fs:0xFFC]
                faulting mov ss, [zero]
                mov ebx, TASK
                faulting mov ds, bx
                faulting jmp NOT_PRESENT:0
                faulting jmp 0:0
                faulting ltr bx
                mov ebx, CODE0
                faulting lldt bx
                mov ebx, LOCAL_TABLE
                lldt bx
                mov ebx, 12
                mov fs, bx
                mov ebx, 20
                faulting mov fs, bx
                end_program
            zero: dd 0
            """))
                .containsExactly(
                        "#11(70)", "#12(70)", "#13(1000)", "#13(68)", "#13(0)", "#13(0)", "#13(0)", "#13(0)",
                        "#13(0)", "#13(28)", "#13(70)", "#13(0)", "#13(28)", "#13(8)", "#13(14)");
    }

    @Test
    void callGateCopiesParameters() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                mov word [gdt + 0x38], target
                push dword 0x3002
                popfd
                to_user user
            user:
                mov eax, DATA3
                mov ds, eax
                push dword 0x111
                push dword 0x222
                call CALL_GATE:0
                report esp
                mov eax, cs
                out PORT_REPORT, eax
                end_program
            target:
                report esp
                report [esp + 8]
                report [esp + 12]
                report [esp + 16]
                report [esp + 20]
                mov eax, cs
                out PORT_REPORT, eax
                retf 8
            """))
                .containsExactly("33fe8", "222", "111", "37ff8", "23", "8", "38000", "1b");
    }

    @Test
    void conformingCodeKeepsThePrivilege() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                push dword 0x3002
                popfd
                to_user user
            user:
                call CONFORMING:target
                mov eax, cs
                out PORT_REPORT, eax
                end_program
            target:
                mov eax, cs
                out PORT_REPORT, eax
                retf
            """)).containsExactly("53", "1b");
    }

    private static final String VIRTUAL = """
            %macro virtual 2+
                mov dword [resume_stack], STACK0
                mov dword [resume], %%after
                push dword 0x1004
                push dword 0x1003
                push dword 0
                push dword 0x1001
                push dword 0x600
                push dword 0x800
                push dword 0x20002 | %1
                push dword 0
                push dword %%at
                iretd
                bits 16
            %%at:
                %2
                hlt
                bits 32
            %%after:
                mov eax, [frame_ip]
                sub eax, %%at
                out PORT_REPORT, eax
            %endmacro
            """;

    @Test
    void virtual8086ModeTrapsWhatIsSensitive() {
        assertThat(PrivilegedMachine.run(VIRTUAL + """
                enter_protected
                virtual 0, int 0x28
                check handler_sp, INNER_STACK - 36
                check frame_cs, 0
                check frame_sp, 0x800
                check frame_ss, 0x600
                virtual 0, cli
                virtual 0, pushf
                virtual 0, popf
                virtual 0, iret
                virtual 0, in al, 0x80
                virtual 0, int3
                virtual 0, mov eax, cr0
                virtual 0, sldt ax
                virtual 0x3000, int 0x28
                virtual 0x3000, int 0x2A
                virtual 0x3000, cli
                virtual 0x3000, in al, 0x80
                end_program
            """))
                .containsExactly(
                        "#13(0)", "0", "#13(0)", "0", "#13(0)", "0", "#13(0)", "0", "#13(0)", "0", "#13(0)", "0",
                        "#3", "1", "#13(0)", "0", "#6", "0", "#40", "2", "#13(152)", "0", "#13(0)", "1", "#13(0)",
                        "0");
    }

    @Test
    void interruptFromVirtual8086ModeSavesAndClearsSegments() {
        assertThat(PrivilegedMachine.run(VIRTUAL + """
                enter_protected
                virtual 0, hlt
                report [INNER_STACK - 16]
                report [INNER_STACK - 12]
                report [INNER_STACK - 8]
                report [INNER_STACK - 4]
                mov eax, fs
                out PORT_REPORT, eax
                report [frame_flags]
                pushfd
                pop eax
                and eax, 0x30200
                out PORT_REPORT, eax
                end_program
            """)).containsExactly("#13(0)", "0", "1001", "0", "1003", "1004", "0", "30002", "0");
    }

    private static final String OTHER = """
            %macro other_task 1
                mov dword [OTHER_TASK_STATE + 0x20], %1
                mov dword [OTHER_TASK_STATE + 0x24], 2
                mov dword [OTHER_TASK_STATE + 0x38], 0x36000
                mov dword [OTHER_TASK_STATE + 0x48], DATA0
                mov dword [OTHER_TASK_STATE + 0x4C], CODE0
                mov dword [OTHER_TASK_STATE + 0x50], DATA0
                mov dword [OTHER_TASK_STATE + 0x54], DATA0
            %endmacro
            """;

    @Test
    void callToATaskAndBack() {
        assertThat(PrivilegedMachine.run(OTHER + """
                enter_protected
                other_task task
                mov ebx, 0x1234
                clts
                call OTHER_TASK:0
                report ebx
                movzx eax, byte [gdt + OTHER_TASK + 5]
                out PORT_REPORT, eax
                str ax
                movzx eax, ax
                out PORT_REPORT, eax
                call TASK_GATE & 0xFFF8:0
                report ebx
                report esp
                end_program
            task:
                mov ebx, 0x4321
                pushfd
                pop eax
                and eax, 0x4000
                out PORT_REPORT, eax
                movzx eax, word [OTHER_TASK_STATE]
                out PORT_REPORT, eax
                movzx eax, byte [gdt + OTHER_TASK + 5]
                out PORT_REPORT, eax
                movzx eax, byte [gdt + TASK + 5]
                out PORT_REPORT, eax
                mov eax, cr0
                and eax, 8
                out PORT_REPORT, eax
                str ax
                movzx eax, ax
                out PORT_REPORT, eax
                iretd
                report ebx
                iretd
            """))
                .containsExactly(
                        "4000", "28", "8b", "8b", "8", "30", "1234", "89", "28", "4321", "1234", "30000");
    }

    @Test
    void doubleFaultThroughATaskGate() {
        assertThat(PrivilegedMachine.run(OTHER + """
                enter_protected
                other_task task
                mov word [IDT + 8 * 8 + 2], FAULT_TASK
                mov byte [IDT + 8 * 8 + 5], 0x85
                mov byte [IDT + 13 * 8 + 5], 0x0E
                mov ebx, 0x1000
            there:
                mov ds, bx
            task:
                pop eax
                out PORT_REPORT, eax
                check TASK_STATE + 0x20, there
                check TASK_STATE + 0x34, 0x1000
                report esp
                end_program
            """)).containsExactly("0", "36000");
    }

    @Test
    void faultsWhileDeliveringFaults() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                mov byte [IDT + 6 * 8 + 5], 0x0E
                faulting ud2
                faulting int 6
                mov byte [IDT + 13 * 8 + 5], 0x0E
                mov ebx, 0x1000
                faulting mov ds, bx
                mov byte [IDT + 8 * 8 + 5], 0x0E
                mov ds, bx
            """)).containsExactly("#11(33)", "#11(32)", "#8(0)", "shutdown");
    }

    @Test
    void tripleFaultShutsDown() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                lidt [none]
                ud2
            none: dw 0
                dd 0
            """)).containsExactly("shutdown");
    }

    @Test
    void fastSystemCalls() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                mov ecx, 0x174
                xor edx, edx
                faulting sysenter
                mov ecx, 0x174
                xor edx, edx
                mov eax, CODE0
                wrmsr
                mov ecx, 0x175
                mov eax, 0x35000
                wrmsr
                mov ecx, 0x176
                mov eax, kernel
                wrmsr
                to_user user
            user:
                sysenter
            kernel:
                mov eax, cs
                out PORT_REPORT, eax
                mov eax, ss
                out PORT_REPORT, eax
                report esp
                mov edx, back
                mov ecx, 0x37000
                sysexit
            back:
                mov ebx, cs
                mov esi, esp
                mov eax, DATA3
                mov ds, eax
                faulting cli
                report ebx
                report esi
                check frame_ss, DATA3
                end_program
            """)).containsExactly("#13(0)", "8", "10", "35000", "#13(0)", "1b", "37000");
    }

    @Test
    void ioBitmapOpensPorts() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                mov eax, -1
                mov ebx, TASK_STATE + 0x68
            fill:
                mov [ebx], eax
                add ebx, 4
                cmp ebx, TASK_STATE + 0x100
                jb fill
                mov byte [TASK_STATE + 0x68 + 0xE8 / 8], 0
                mov word [gdt + TASK], 0xFF
                mov byte [gdt + TASK + 5], 0x89
                mov ebx, TASK
                ltr bx
                to_user user
            user:
                mov eax, 0x77
                out PORT_REPORT, eax
                mov eax, DATA3
                mov ds, eax
                faulting out 0xEE, eax
                end_program
            """)).containsExactly("77", "#13(0)");
    }
}
