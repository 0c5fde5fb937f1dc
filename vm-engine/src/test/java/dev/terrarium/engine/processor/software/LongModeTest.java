// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** 64-bit mode: interrupt stacks, system calls, canonical addresses, NX, compatibility mode. */
class LongModeTest {
    private static final String ENTER = """
                enter_protected
                enter_long
            """;

    @Test
    void interruptStackTable() {
        assertThat(PrivilegedMachine.run(ENTER + """
                mov byte [IDT + 6 * 16 + 4], 1
                mov rsp, STACK0 - 4
                faulting ud2
                check handler_sp, 0x3C000 - 40
                check frame_sp, STACK0 - 4
                check frame_cs, CODE64
                check frame_ss, 0
                mov byte [IDT + 6 * 16 + 4], 0
                faulting ud2
                check handler_sp, STACK0 - 16 - 40
                end_program
            """)).containsExactly("#6", "#6");
    }

    @Test
    void interruptFromUserAndBack() {
        assertThat(PrivilegedMachine.run(ENTER + """
                mov byte [returning], 1
                to_user64 user
            user:
                int 0x28
            next:
                mov rcx, rsp
                mov ebx, ss
                mov byte [returning], 0
                faulting hlt
                cmp rcx, USER_STACK
                jne bad
                report ebx
                mov eax, ss
                out PORT_REPORT, eax
                check frame_cs, USER_CODE64
                check frame_ss, DATA3
                check handler_sp, INNER_STACK - 40
                end_program
            bad:
                report 0xBAD
                end_program
            """)).containsExactly("#40", "#13(0)", "23", "0");
    }

    @Test
    void systemCallAndReturn() {
        assertThat(PrivilegedMachine.run(ENTER + """
                mov ecx, 0xC0000081
                mov edx, 0x00A30078
                xor eax, eax
                wrmsr
                mov ecx, 0xC0000082
                mov eax, kernel
                xor edx, edx
                wrmsr
                mov ecx, 0xC0000084
                mov eax, 0x201
                wrmsr
                to_user64 user
            user:
                stc
                syscall
            next:
                mov ebx, cs
                mov esi, ss
                pushfq
                pop rdi
                faulting cli
                report ebx
                report esi
                and edi, 1
                report edi
                end_program
            kernel:
                pushfq
                pop rax
                and eax, 0x201
                out PORT_REPORT, eax
                mov eax, cs
                out PORT_REPORT, eax
                mov eax, ss
                out PORT_REPORT, eax
                mov eax, r11d
                and eax, 1
                out PORT_REPORT, eax
                lea rax, [rcx - next]
                out PORT_REPORT, eax
                o64 sysret
            """)).containsExactly("0", "78", "80", "1", "0", "#13(0)", "b3", "ab", "1");
    }

    @Test
    void stackAccessesToNonCanonicalAddressesAreStackFaults() {
        assertThat(PrivilegedMachine.run(ENTER + """
                mov byte [IDT + 12 * 16 + 4], 1
                mov byte [IDT + 13 * 16 + 4], 1
                mov rbx, 0x8000000000000000
                mov rbp, rbx
                mov rcx, cr4
                or ecx, 0x200
                mov cr4, rcx
                faulting mov rax, [rbx]
                faulting mov [rbx + 8], al
                faulting add [rbx], eax
                faulting mov rax, [rbp]
                faulting mov rax, [rbp + 0x40]
                faulting add [rbp], rax
                faulting movups xmm0, [rbx]
                mov r13, rsp
                mov r14, rbx
            %macro on_bad_stack 1+
                mov rsp, r14
                mov dword [resume], %%after
                mov [resume_stack], r13
            %%at:
                %1
                report 0x600D
            %%after:
                mov rsp, r13
                check frame_ip, %%at
            %endmacro
                on_bad_stack push rax
                on_bad_stack pop rax
                on_bad_stack call next
            next:
                on_bad_stack ret
                on_bad_stack call rax
                on_bad_stack pushfq
                on_bad_stack popfq
                on_bad_stack iretq
                on_bad_stack leave
                on_bad_stack push qword [next]
                on_bad_stack push qword [rbx + 8]
                on_bad_stack pop qword [next]
                on_bad_stack mov eax, [rsp + 8]
                on_bad_stack enter 16, 0
                mov rsi, rbx
                on_bad_stack lodsq
                mov rdi, rbx
                on_bad_stack stosq
                mov r14, 0x0000800000000000
                on_bad_stack pop rax
                mov r14, 0x0000800000000004
                on_bad_stack push rax
                end_program
            """))
                .containsExactly(
                        "#13(0)", "#13(0)", "#13(0)", "#12(0)", "#12(0)", "#12(0)", "#13(0)", "#12(0)", "#12(0)",
                        "#12(0)", "#12(0)", "#12(0)", "#12(0)", "#12(0)", "#12(0)", "#12(0)", "#12(0)", "#13(0)",
                        "#12(0)", "#12(0)", "#12(0)", "#13(0)", "#13(0)", "#12(0)", "#12(0)");
    }

    @Test
    void exceptionOnANonCanonicalStackIsADoubleFault() {
        assertThat(PrivilegedMachine.run(ENTER + """
                mov byte [IDT + 8 * 16 + 4], 1
                mov rbx, 0x8000000000000000
                resume_at after
                mov rsp, rbx
                mov eax, [1 << 30]
            after:
                faulting mov eax, [rbx]
                end_program
            """)).containsExactly("#8(0)", "#13(0)");
    }

    @Test
    void nonCanonicalTargets() {
        assertThat(PrivilegedMachine.run(ENTER + """
                mov rbx, 0x0000800000000000
                push rbx
                faulting ret
                mov rsp, STACK0
                mov [target], rbx
                mov word [target + 8], CODE64
                faulting o64 jmp far [target]
                mov word [pointer], 0xFFFF
                mov [pointer + 2], rbx
                faulting lgdt [pointer]
                faulting lidt [pointer]
                mov ecx, 0xC0000100
                mov edx, 0x8000
                xor eax, eax
                faulting wrmsr
                mov ecx, 0x176
                mov edx, 0x8000
                xor eax, eax
                faulting wrmsr
                mov ecx, 0xC0000082
                mov edx, 0x8000
                xor eax, eax
                faulting wrmsr
                end_program
            target: dq 0, 0
            pointer: dw 0
                dq 0
            """))
                .containsExactly("#13(0)", "#13(0)", "#13(0)", "#13(0)", "#13(0)", "#13(0)", "#13(0)");
    }

    @Test
    void compatibilityMode() {
        assertThat(PrivilegedMachine.run(ENTER + """
                push qword DATA3
                push qword USER_STACK
                push qword 0x3002
                push qword CODE3
                push qword compatible
                iretq
                bits 32
            compatible:
                mov eax, DATA3
                mov ds, eax
                mov eax, 0x12345678
                inc eax
                dec eax
                push eax
                report esp
                pop ebx
                report ebx
                resume_at back
                int 0x28
            next:
                bits 64
            back:
                mov rax, rsp
                check frame_ip, next
                check frame_cs, CODE3
                check frame_sp, USER_STACK
                end_program
            """)).containsExactly("37ffc", "12345678", "#40");
    }

    @Test
    void callGateToTheKernel() {
        assertThat(PrivilegedMachine.run(ENTER + """
                mov word [gdt + 0x90], target
                push qword 0x3002
                popfq
                to_user64 user
            user:
                call far [pointer]
                mov eax, cs
                out PORT_REPORT, eax
                end_program
            pointer: dq 0
                dw CALL_GATE64
            target:
                mov eax, cs
                out PORT_REPORT, eax
                mov eax, ss
                out PORT_REPORT, eax
                report esp
                o64 retf
            """)).containsExactly("78", "0", "33fe0", "b3");
    }

    @Test
    void controlRegistersGuardLongMode() {
        assertThat(PrivilegedMachine.run(ENTER + """
                mov rbx, cr4
                and bl, 0xDF
                faulting mov cr4, rbx
                mov rbx, cr0
                btr ebx, 31
                faulting mov cr0, rbx
                mov rbx, cr0
                bts rbx, 32
                faulting mov cr0, rbx
                mov ebx, 5
                mov cr8, rbx
                mov rbx, cr8
                report ebx
                mov ebx, 16
                faulting mov cr8, rbx
                mov ecx, 0xC0000080
                rdmsr
                out PORT_REPORT, eax
                mov ecx, 0xC0000101
                mov eax, 0x111
                xor edx, edx
                wrmsr
                mov ecx, 0xC0000102
                mov eax, 0x222
                wrmsr
                swapgs
                mov ecx, 0xC0000101
                rdmsr
                out PORT_REPORT, eax
                faulting db 0x06
                end_program
            """))
                .containsExactly(
                        "#13(0)", "#13(0)", "#13(0)", "cr8=5", "3", "#13(0)", "d01", "222", "#6");
    }

    @Test
    void noExecuteOfLargePagesAndErrorCodes() {
        assertThat(PrivilegedMachine.run(ENTER + """
                mov dword [TABLES + 0x200C], 0x80000000
                mov rax, cr3
                mov cr3, rax
                mov byte [0x212345], 0xC3
                mov ebx, 0x212345
                resume_at one
                call rbx
            one:
                resume_at two
                to_user64 0x212345
            two:
                end_program
            """)).containsExactly("#14(11)@212345", "#14(15)@212345");
        assertThat(PrivilegedMachine.run(ENTER + """
                mov qword [TABLES + 8], 0x1000080
                faulting mov eax, [abs qword 0x8000000000]
                mov qword [TABLES + 8], TABLES + 0x1087
                faulting mov eax, [abs qword 0x8000000000]
                mov dword [0x212340], 0xAA
                mov qword [TABLES + 0x3280], 0x212007
                invlpg [0x50000]
                report [0x50340]
                mov qword [TABLES + 0x2008], 0
                invlpg [0x3FF000]
                faulting mov eax, [0x212340]
                mov eax, [0x50340]
                out PORT_REPORT, eax
                end_program
            """))
                .containsExactly("#14(0)@0", "#14(9)@0", "aa", "#14(0)@212340", "aa");
    }
}
