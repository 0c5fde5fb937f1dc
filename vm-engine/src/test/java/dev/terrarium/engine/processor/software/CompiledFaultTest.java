// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Exceptions in the middle of a compiled loop leave what they leave in the interpreter: every register, the flags, the
 * instruction pointer, the error code, CR2, and memory, in both privileges. Pages: 0x50000 plain, 0x51000 absent,
 * 0x52000 read-only, 0x53000 plain, 0x54000 read-only.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class CompiledFaultTest {
    private static final long[] BAD = {
        0x50FFD,
        0x51004,
        0x51100,
        0x52100,
        0x52004,
        0x53FFD,
        0x54004,
        0x7FFF_FFFF_FFFDL,
        0x8000_0000_0000L,
        0xFFFF_7FFF_FFFF_FFFCL
    };

    private static final long GOOD = 0x50900;

    private static final String BEFORE = """
            %macro tell 1
                mov rax, %1
                out PORT_REPORT, eax
                shr rax, 32
                out PORT_REPORT, eax
            %endmacro
                enter_protected
                enter_long
                mov byte [IDT + 0 * 16 + 4], 1
                mov byte [IDT + 12 * 16 + 4], 1
                mov byte [IDT + 13 * 16 + 4], 1
                mov byte [IDT + 14 * 16 + 4], 1
                mov rax, cr4
                or eax, 0x600
                mov cr4, rax
                mov dword [TABLES + 0x3000 + 0x51 * 8], 0
                mov dword [TABLES + 0x3000 + 0x52 * 8], 0x52005
                mov dword [TABLES + 0x3000 + 0x54 * 8], 0x54005
                mov rax, cr3
                mov cr3, rax
                resume_at after
                mov r15, [0x600]
                mov r14d, 0x50800
                mov ebx, 0x100
                mov edx, 0x1234
                mov r8d, 77
                mov r9, 0x1122334455667788
                mov r11d, 20
                cmp qword [0x608], 0
                je user
                to_user64 user
            user:
            again:
                inc rbx
                movq xmm0, rbx
                paddq xmm1, xmm0
                mov rdi, r14
                cmp r11d, 10
                cmove rdi, r15
                add r8d, 0x7FFFFFFF
            """;

    private static final String AFTER = """
                inc r10
                sub r8d, 5
                dec r11d
                jnz again
                resume_at after
                ud2
            after:
                mov rax, [frame_ip]
                sub rax, here
                out PORT_REPORT, eax
                tell rbx
                tell rcx
                tell rdx
                tell rsi
                tell rdi
                tell rbp
                tell r8
                tell r9
                tell r10
                tell r11
                tell r12
                tell r13
                tell [frame_sp]
                tell [frame_flags]
                movq rbx, xmm1
                tell rbx
                fnstsw ax
                movzx eax, ax
                out PORT_REPORT, eax
                xor ebx, ebx
                mov ecx, 0x50000
            sum:
                rol rbx, 5
                add rbx, [rcx]
                add ecx, 8
                cmp ecx, 0x51000
                jne skip
                mov ecx, 0x52000
            skip:
                cmp ecx, 0x55000
                jne sum
                tell rbx
                end_program
            """;

    private static byte[] program(String body) {
        return PrivilegedMachine.assemble(BEFORE + body + "\n" + AFTER);
    }

    /** Every bad address in ring 0 and in ring 3. */
    private static void everywhere(String body) {
        byte[] program = program(body);
        for (long bad : BAD) {
            for (int user = 0; user <= 1; user++) {
                List<String> log = CompiledExecutionTest.run(program, bad, user);
                assertThat(log).as("at %x", bad).hasSizeGreaterThan(20).doesNotContain("shutdown", "did not end");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mov r9, [rdi]",
                "add r9d, [rdi]",
                "movzx r9d, byte [rdi]",
                "movsx r9, word [rdi + 2]",
                "cmovc r9, [rdi]",
                "cmp r9, [rdi]",
                "imul r9, [rdi]",
                "mov [rdi], r9",
                "mov [rdi], r9b",
                "mov dword [rdi + 4], 7",
                "setc [rdi]",
                "add [rdi], r9",
                "adc [rdi], r9d",
                "sbb [rdi], r9w",
                "inc qword [rdi]",
                "neg dword [rdi]",
                "not byte [rdi]",
                "shl dword [rdi], 3",
                "shld [rdi], r9d, 5",
                "bts dword [rdi], 3",
                "xchg [rdi], r9",
                "xadd [rdi], r9",
                "lock xadd [rdi], r9d",
                "lock cmpxchg [rdi], r9",
                "cmpxchg [rdi], r9d",
                "lock inc dword [rdi]",
                "push qword [rdi]\n pop r9",
                "movdqu xmm1, [rdi]",
                "movdqu [rdi], xmm1",
                "movaps xmm1, [rdi]",
                "movaps [rdi], xmm1",
                "movq [rdi], xmm1",
                "movss xmm2, [rdi]",
                "addsd xmm1, [rdi]",
                "fld qword [rdi]\n fstp st0",
                "stosq",
                "movbe r9, [rdi]",
                "movbe [rdi], r9d",
                "popcnt r9, [rdi]",
                "bt [rdi], r10",
                "lock bts [rdi], r10d",
                "lock or [rdi], r9b",
                "lock sbb [rdi], r9",
                "lock cmpxchg8b [rdi]",
                "rcl qword [rdi], 1",
                "andn r9, r9, [rdi]",
                "mulx r9, r12, [rdi]",
                "mov [rdi], ds",
                "pextrq [rdi], xmm1, 1",
                "ptest xmm1, [rdi]"
            })
    void ofAMemoryOperand(String instruction) {
        everywhere("here: " + instruction);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "here: push r9",
                "here: pop r12",
                "here: push qword [r14]",
                "here: pop qword [r14 + 16]",
                "here: pushfq",
                "here: call f_\n jmp over_\n f_: ret\n over_:",
                "lea rcx, [rel f_]\n mov [r14 + 64], rcx\n here: call [r14 + 64]\n jmp over_\n f_: ret\n over_:",
                "lea rcx, [rel back_]\n mov [r14], rcx\n here: ret\n back_:"
            })
    void ofTheStack(String instructions) {
        everywhere("xchg rsp, rdi\n" + instructions + "\n xchg rsp, rdi");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "fldz\n here: fstp qword [rdi]",
                "mov r13, rsp\n mov rbp, rdi\n here: leave\n mov rsp, r13",
                "here: pop qword [rdi]\n push r9",
                "lea rcx, [rel f_]\n mov [r14], rcx\n here: call [rdi]\n jmp over_\n f_: ret\n over_:",
                "lea rcx, [rel over_]\n mov [r14], rcx\n here: jmp [rdi]\n over_:",
                "mov rsi, 0x53000\n mov ecx, 6\n here: rep movsb",
                "mov rsi, 0x53000\n mov ecx, 3\n here: rep movsq",
                "mov ecx, 5\n here: rep stosd",
                "mov rsi, rdi\n mov ecx, 5\n here: rep lodsd",
                "mov rsi, 0x53000\n mov ecx, 9\n here: repe cmpsb",
                "mov rbp, rdi\n here: mov [rbp], r9"
            })
    void ofSeveralAccesses(String instructions) {
        everywhere(instructions);
    }

    @ParameterizedTest
    @ValueSource(strings = {"here: div ecx", "here: idiv rcx", "here: div cl", "here: div rcx", "here: idiv ecx"})
    void ofADivision(String instruction) {
        String body = "mov eax, 9\n mov edx, 0\n mov ecx, 3\n xor r12d, r12d\n cmp r11d, 10\n cmove ecx, r12d\n"
                + " add r8d, 0x7FFFFFFF\n" + instruction;
        for (int user = 0; user <= 1; user++) {
            List<String> log = CompiledExecutionTest.run(program(body), GOOD, user);
            assertThat(log.subList(0, 4)).containsExactly("#0", "0", "10b", "0");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "here: jmp rcx\n over_:",
                "mov [r14], rcx\n here: jmp [r14]\n over_:",
                "push rcx\n here: ret\n over_:",
                "here: call rcx\n over_: lea rsp, [rsp + 0]"
            })
    void ofATargetThatIsNotCanonical(String instructions) {
        String body = "lea rcx, [rel over_]\n mov r12, 0x800000000000\n cmp r11d, 10\n cmove rcx, r12\n" + instructions;
        for (int user = 0; user <= 1; user++) {
            List<String> log = CompiledExecutionTest.run(program(body), GOOD, user);
            assertThat(log.subList(0, 4)).containsExactly("#13(0)", "0", "10b", "0");
        }
    }

    /** The figures here come from the manual, not from the interpreter. */
    @Test
    void exactlyAsTheManualSays() {
        byte[] program = program("""
                mov r12d, 0x7FFFFFFF
                add r12d, 1
            here: add [rdi], r9
            """);
        List<String> log = CompiledExecutionTest.run(program, 0x52100, 1);
        assertThat(log.getFirst())
                .as("a write by ring 3 to a page that is there")
                .isEqualTo("#14(7)@52100");
        assertThat(log.subList(1, 4))
                .as("the ADD's own address; RBX counted 11 rounds")
                .containsExactly("0", "10b", "0");
        assertThat(log.subList(10, 12)).as("RDI").containsExactly("52100", "0");
        assertThat(log.subList(18, 20)).as("R10 counted 10 rounds").containsExactly("a", "0");
        int flags = Integer.parseInt(log.get(28), 16);
        int expected = Cpu.FLAG_OF | Cpu.FLAG_SF | Cpu.FLAG_AF | Cpu.FLAG_PF;
        assertThat(flags & Cpu.ARITHMETIC_FLAGS).isEqualTo(expected);
    }
}
