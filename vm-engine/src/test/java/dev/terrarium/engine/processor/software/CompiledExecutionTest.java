// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What may surprise compiled code while it runs: its own code changes, its pages are mapped elsewhere, interrupts and
 * single-stepping come. Each program is run by the interpreter alone and with everything compiled the second time; faults
 * are in {@link CompiledFaultTest}.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class CompiledExecutionTest {
    private static final String ENTER = """
                enter_protected
                enter_long
            """;

    /** A loop of 20 rounds in ECX; in round 10 RDI is {@code patched} + 1, else a place that does not matter. */
    private static final String ROUNDS = """
                xor ebx, ebx
                mov ecx, 20
                mov esi, patched + 1
            again:
                mov edi, 0x50000
                cmp ecx, 10
                cmove edi, esi
            """;

    private static final String COUNTED = """
                movzx eax, al
                add ebx, eax
                dec ecx
                jnz again
                report ebx
                end_program
            """;

    private static final Compilation LOCK_STEP = new Compilation(Compilation.EAGER.threshold(), false, true);

    /** What a program told; the same with and without the compiler, which had its part in it, and in lock-step. */
    static List<String> run(byte[] program, long... parameters) {
        PrivilegedMachine.Outcome interpreted =
                PrivilegedMachine.run(FeatureSet.BEST, Compilation.OFF, program, parameters);
        PrivilegedMachine.Outcome compiled =
                PrivilegedMachine.run(FeatureSet.BEST, Compilation.EAGER, program, parameters);
        assertThat(compiled.log()).as("compiled").isEqualTo(interpreted.log());
        assertThat(compiled.compiledInstructions()).as("compiled instructions").isPositive();
        PrivilegedMachine.Outcome compared = PrivilegedMachine.run(FeatureSet.BEST, LOCK_STEP, program, parameters);
        assertThat(compared.log()).as("in lock-step").isEqualTo(interpreted.log());
        assertThat(compared.compiledInstructions()).as("compared instructions").isPositive();
        return compiled.log();
    }

    private static List<String> runLong(String program) {
        return run(PrivilegedMachine.assemble(ENTER + program));
    }

    @Test
    void aStoreIntoItsOwnNextInstruction() {
        assertThat(runLong(ROUNDS + """
                mov byte [rdi], 5
            patched:
                mov al, 1
            """ + COUNTED)).containsExactly("3c");
    }

    @Test
    void aStoreIntoALaterBlockOfTheRegion() {
        assertThat(runLong(ROUNDS + """
                mov byte [rdi], 5
                test ecx, ecx
                jz again
                nop
                test ecx, ecx
                jz again
            patched:
                mov al, 1
            """ + COUNTED)).containsExactly("3c");
    }

    @Test
    void aStoreIntoWhatTheRegionExecutedBefore() {
        assertThat(runLong("""
                xor ebx, ebx
                mov ecx, 20
                mov esi, patched + 1
            again:
            patched:
                mov al, 1
                movzx eax, al
                add ebx, eax
                mov edi, 0x50000
                cmp ecx, 10
                cmove edi, esi
                mov byte [rdi], 5
                dec ecx
                jnz again
                report ebx
                end_program
            """)).as("11 rounds of 1, 9 of 5").containsExactly("38");
    }

    @Test
    void aPushIntoTheRegion() {
        assertThat(runLong(ROUNDS + """
                add edi, 8
                mov r9, 0x9090909090909005
                xchg rsp, rdi
                push r9
                xchg rsp, rdi
            patched:
                mov al, 1
                nop
                nop
                nop
                nop
                nop
                nop
                nop
            """ + COUNTED)).containsExactly("3c");
    }

    /** The word before the page counts how often the addition was done; the carry-free upper half changes the code. */
    @Test
    void anAdditionThatCrossesIntoTheRegionsPage() {
        assertThat(runLong("""
                mov dword [page - 4], 0
                xor ebx, ebx
                mov ecx, 20
                mov esi, page - 2
                jmp page
                align 4096, db 0x90
            page:
                mov al, 1
                movzx eax, al
                add ebx, eax
                mov edi, 0x50FFE
                cmp ecx, 10
                cmove edi, esi
                add dword [rdi], 0x04000001
                dec ecx
                jnz page
                report ebx
                movzx eax, word [page - 2]
                out PORT_REPORT, eax
                mov eax, [0x50FFE]
                out PORT_REPORT, eax
                end_program
            """)).containsExactly("38", "1", "4c000013");
    }

    @Test
    void aDeviceChangesALoopWithoutEnd() {
        assertThat(runLong("""
                mov eax, patched + 1
                out PORT_PATCH_LATER, eax
                xor ecx, ecx
            spin:
                inc rcx
            patched:
                mov al, 0
                test al, al
                jz spin
                report 0x600D
                end_program
            """)).containsExactly("600d");
    }

    @Test
    void anInstructionAcrossTwoPagesIsChangedInTheSecond() {
        assertThat(runLong("""
                xor ebx, ebx
                mov ecx, 20
                mov esi, second
                jmp first
                align 4096, db 0x90
                times 4092 db 0x90
            first:
                inc r8d
                db 0xB0
            second:
                db 1
                movzx eax, al
                add ebx, eax
                mov edi, 0x50000
                cmp ecx, 10
                cmove edi, esi
                mov byte [rdi], 5
                dec ecx
                jnz first
                report ebx
                mov eax, second
                and eax, 4095
                out PORT_REPORT, eax
                end_program
            """)).containsExactly("38", "0");
    }

    @Test
    void theSecondPageOfAnInstructionGoesAway() {
        assertThat(runLong("""
                resume_at after
                mov dword [0x60FFA], 0x90909090
                mov word [0x60FFE], 0xB090
                mov word [0x61000], 0xC301
                xor ebx, ebx
                mov r11d, 20
            again:
                call 0x60FFA
                movzx eax, al
                add ebx, eax
                mov r10, [TABLES + 0x3000 + 0x61 * 8]
                xor r9d, r9d
                cmp r11d, 10
                cmove r10, r9
                mov [TABLES + 0x3000 + 0x61 * 8], r10
                invlpg [0x61000]
                dec r11d
                jnz again
                report 0xBAD
            after:
                check frame_ip, 0x60FFF
                report ebx
                end_program
            """)).containsExactly("#14(10)@61000", "b");
    }

    private static final String FUNCTIONS = """
                mov dword [0x61000], 0x90C301B0
                mov dword [0x62000], 0x90C302B0
                mov qword [TABLES + 0x3000 + 0x60 * 8], 0x61007
                mov r14d, 0x61007
                mov r15d, 0x62007
                invlpg [0x60000]
                xor ebx, ebx
                mov r11d, 20
            """;

    @Test
    void aPageOfTheRegionIsMappedElsewhereAndInvalidated() {
        assertThat(runLong(FUNCTIONS + """
                jmp again
            remap:
                mov [TABLES + 0x3000 + 0x60 * 8], r15
                invlpg [0x60000]
                jmp on
            again:
                cmp r11d, 10
                je remap
            on:
                call 0x60000
                movzx eax, al
                add ebx, eax
                dec r11d
                jnz again
                report ebx
                end_program
            """)).as("10 rounds of 1, 10 of 2").containsExactly("1e");
    }

    @Test
    void aPageOfTheRegionIsMappedElsewhereByAnotherAddressSpace() {
        assertThat(runLong(FUNCTIONS + """
                mov esi, TABLES
                mov edi, 0x110000
                mov ecx, 0x800
                rep movsq
                mov qword [0x110000], 0x111007
                mov qword [0x111000], 0x112007
                mov qword [0x112000], 0x113007
                mov [0x113000 + 0x60 * 8], r15
                mov r12d, TABLES
                mov r13d, 0x110000
                jmp again
            switch:
                mov cr3, r13
                xchg r12, r13
                jmp on
            again:
                test r11d, 3
                jz switch
            on:
                call 0x60000
                movzx eax, al
                add ebx, eax
                dec r11d
                jnz again
                report ebx
                end_program
            """))
                .as("4 of 2, 4 of 1, 4 of 2, 4 of 1, 4 of 2")
                .containsExactly("20");
    }

    @Test
    void aPageOfTheRegionGoesAway() {
        assertThat(runLong("""
                resume_at after
            """ + FUNCTIONS + """
                jmp again
            remove:
                mov qword [TABLES + 0x3000 + 0x60 * 8], 0
                invlpg [0x60000]
                jmp on
            again:
                cmp r11d, 10
                je remove
            on:
                call 0x60000
                movzx eax, al
                add ebx, eax
                dec r11d
                jnz again
                report 0xBAD
            after:
                check frame_ip, 0x60000
                report ebx
                end_program
            """)).containsExactly("#14(10)@60000", "a");
    }

    @Test
    void singleStepsGoThroughCodeThatWasCompiled() {
        assertThat(runLong("""
                mov byte [returning], 1
                xor ebx, ebx
                mov r8d, 20
                call work
                report ebx
                mov r8d, 2
                pushfq
                or dword [rsp], 0x100
                popfq
                call work
                pushfq
                and dword [rsp], 0xFFFFFEFF
                popfq
                report ebx
                end_program
            work:
                add ebx, 3
                dec r8d
                jnz work
                ret
            """))
                .as("CALL, 2 x 3, RET, PUSHF, AND, POPF")
                .containsExactly("3c", "#1", "#1", "#1", "#1", "#1", "#1", "#1", "#1", "#1", "#1", "#1", "42");
    }

    @Test
    void aCompiledLoopSwitchesSingleSteppingOn() {
        assertThat(runLong("""
                resume_at after
                xor ebx, ebx
                mov r8d, 20
                mov r9d, 2
                mov r10d, 0x102
            again:
                cmp r8d, 10
                mov eax, r9d
                cmove eax, r10d
                push rax
                popfq
                inc ebx
            next:
                inc ebx
                dec r8d
                jnz again
                report 0xBAD
            after:
                check frame_ip, next
                report ebx
                end_program
            """)).containsExactly("#1", "15");
    }

    @Test
    void anInterruptComesIntoALoopWithoutEndAndIntoHlt() {
        assertThat(runLong("""
                resume_at after
                xor ebx, ebx
                mov al, 0x25
                out PORT_RAISE_LATER, al
                sti
            spin:
                inc rbx
                jmp spin
            spun:
                report 0xBAD
            after:
                mov eax, [frame_ip]
                sub eax, spin
                cmp eax, spun - spin
                jae bad
                test dword [frame_flags], 0x200
                jz bad
                test rbx, rbx
                jz bad
                resume_at awake
                mov al, 0x26
                out PORT_RAISE_LATER, al
                sti
            sleeping:
                hlt
                jmp sleeping
            awake:
                check frame_ip, sleeping + 1
                end_program
            bad:
                report 0xBAD
                end_program
            """)).containsExactly("#37", "#38");
    }

    @Test
    void interruptInstructionsInALoop() {
        assertThat(runLong("""
                mov byte [returning], 1
                xor ebx, ebx
                mov r8d, 4
            again:
                add ebx, 1
                int3
            one:
                check frame_ip, one
                add ebx, 16
                int 0x28
            two:
                check frame_ip, two
                dec r8d
                jnz again
                report ebx
                end_program
            """)).containsExactly("#3", "#40", "#3", "#40", "#3", "#40", "#3", "#40", "44");
    }
}
