// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two vCPUs on one memory: how they start and call each other, atomic operations (Intel SDM volume 3, section 8.1), the order
 * of accesses (8.2.2), code that one changes under the other (8.1.3), accessed and dirty bits (4.8). Interpreted, and
 * compiled as soon as code is warm.
 */
class SeveralProcessorsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static List<String> run(boolean compiled, String program) {
        return SharedMachine.run(2, compiled ? Compilation.EAGER : Compilation.OFF, LIMIT, program);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void initAndStartUpRestartAProcessorThatKeepsWhatInitLeaves(boolean compiled) {
        assertThat(run(compiled, """
                cpu0:
                    await count, 1
                    send 1, 0x4500
                    send 1, 0x4608
                    await count, 2
                    report [rememberd]
                    end_program
                cpu1:
                    mov ecx, 0x277
                    rdmsr
                    mov [rememberd], eax
                    mov eax, 0x06040700
                    xor edx, edx
                    wrmsr
                    lock inc dword [count]
                    hlt
                    jmp $
                    align 8
                count: dd 0
                rememberd: dd 0
                """)).containsExactly("6040700");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void interruptsAndNonMaskableOnesWakeAHaltedProcessor(boolean compiled) {
        assertThat(run(compiled, """
                cpu0:
                    gate 0x40, fixed
                    gate 2, unmaskable
                    mov byte [ready], 1
                    await count, 1
                    send 1, 0x4040
                    await count, 0x101
                    send 1, 0x4400
                    await count, 0x10101
                    report [count]
                    end_program
                cpu1:
                    cmp byte [ready], 0
                    je cpu1
                    lock inc dword [count]
                    sti
                .sleep:
                    hlt
                    jmp .sleep
                fixed:
                    push rax
                    lock add dword [count], 0x100
                    mov eax, EOI
                    mov dword [rax], 0
                    pop rax
                    iretq
                unmaskable:
                    lock add dword [count], 0x10000
                    iretq
                    align 8
                count: dd 0
                ready: db 0
                """)).containsExactly("10101");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTripleFaultOfTheSecondProcessorIsSeen(boolean compiled) {
        assertThat(run(compiled, """
                cpu0:
                    hlt
                    jmp cpu0
                cpu1:
                    ud2
                """)).containsExactly("shutdown");
    }

    /** The same work on both; the counters are exact at its end. */
    private static String counting(int times, String work, String report) {
        return """
                cpu0:
                cpu1:
                    mov esi, DATA
                    mov r8d, %d
                .work:
                %s
                    dec r8d
                    jnz .work
                    lock inc dword [done]
                    test ebx, ebx
                    jz .wait
                    hlt
                    jmp $
                .wait:
                    await done, 2
                    mov esi, DATA
                %s
                    end_program
                    align 8
                done: dd 0
                DATA equ 0x200000
                """.formatted(times, work, report);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void atomicArithmeticLosesNothing(boolean compiled) {
        assertThat(run(compiled, counting(200_000, """
                mov eax, 1
                lock xadd [rsi], eax
                lock inc qword [rsi + 8]
                lock add byte [rsi + 16 + rbx], 1
                lock sub word [rsi + 20], 1
                stc
                lock adc dword [rsi + 24], 0
                lock btc dword [rsi + 28], ebx
                lea ecx, [rbx + 8 * 99]
                lock btc [rsi], ecx
                lock dec dword [rsi + 32]
                lock neg dword [rsi + 36]
                """, """
                report [rsi]
                report [rsi + 8]
                report [rsi + 16]
                report [rsi + 20]
                report [rsi + 24]
                report [rsi + 28]
                report [rsi + 99]
                report [rsi + 32]
                """)))
                .containsExactly("61a80", "61a80", "4040", "e580", "61a80", "0", "0", "fff9e580");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void compareAndExchangeOfEverySize(boolean compiled) {
        assertThat(run(compiled, counting(50_000, """
                mov eax, [rsi]
            .four:
                lea edx, [rax + 3]
                lock cmpxchg [rsi], edx
                jne .four
                mov al, [rsi + 5]
            .one:
                lea edx, [rax + 1]
                lock cmpxchg [rsi + 5], dl
                jne .one
                mov r9, rbx
                mov eax, [rsi + 8]
                mov edx, [rsi + 12]
            .eight:
                lea ebx, [rax + 1]
                lea ecx, [rdx + 2]
                lock cmpxchg8b [rsi + 8]
                jne .eight
                mov rax, [rsi + 16]
                mov rdx, [rsi + 24]
            .sixteen:
                lea rbx, [rax + 1]
                lea rcx, [rdx + 2]
                lock cmpxchg16b [rsi + 16]
                jne .sixteen
                mov rbx, r9
                """, """
                report [rsi]
                report [rsi + 4]
                report [rsi + 8]
                report [rsi + 12]
                report [rsi + 16]
                report [rsi + 24]
                """)))
                .containsExactly("493e0", "a000", "186a0", "30d40", "186a0", "30d40");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void operandsAcrossABorderAreAtomicToo(boolean compiled) {
        assertThat(run(compiled, counting(5_000, """
                lock inc qword [rsi + 0x105]
                mov eax, 1
                lock xadd [rsi + 0xFFE], eax
                """, """
                report [rsi + 0x105]
                report [rsi + 0xFFE]
                """))).containsExactly("2710", "2710");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void spinLocksGuardPlainMemory(boolean compiled) {
        assertThat(run(compiled, counting(100_000, """
                mov eax, 1
            .lock:
                pause
                xchg [rsi], eax
                test eax, eax
                jnz .lock
                inc dword [rsi + 64]
                mov ecx, [rsi + 128]
                inc ecx
                mov [rsi + 128], ecx
                mov dword [rsi], 0
                """, """
                report [rsi + 64]
                report [rsi + 128]
                """))).containsExactly("30d40", "30d40");
    }

    /** A reader that sees the later store sees the earlier one: neither stores nor loads change places. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void storesAndLoadsKeepTheirOrder(boolean compiled) {
        assertThat(run(compiled, """
                ROUNDS equ %d
                DATA equ 0x200000
                cpu1:
                    mov esi, DATA
                    xor eax, eax
                .store:
                    inc eax
                    mov [rsi], eax
                    mov [rsi + 0x1040], eax
                    cmp eax, ROUNDS
                    jne .store
                    hlt
                    jmp $
                cpu0:
                    mov esi, DATA
                .load:
                    mov eax, [rsi + 0x1040]
                    mov ecx, [rsi]
                    cmp ecx, eax
                    jb .bad
                    cmp eax, ROUNDS
                    jne .load
                    report eax
                    end_program
                .bad:
                    report 0xBAD
                    end_program
                """.formatted(compiled ? 20_000_000 : 2_000_000)))
                .containsExactly(Integer.toHexString(compiled ? 20_000_000 : 2_000_000));
    }

    /** Each stores to its own and loads the other's; with a fence between, one at least sees the other's store. */
    @ParameterizedTest
    @ValueSource(strings = {"mfence", "lock or dword [rsp - 8], 0", "xchg [rsp - 8], rax", "cpuid"})
    void aFenceKeepsAStoreBeforeALaterLoad(String fence) {
        assertThat(run(true, """
                ROUNDS equ 100000
                DATA equ 0x200000
                cpu0:
                cpu1:
                    mov r15d, ebx
                    mov esi, DATA
                    xor r8d, r8d
                    mov r9d, r15d
                    shl r9d, 6
                    mov r10d, r9d
                    xor r10d, 64
                .round:
                    inc r8d
                    ; Both begin a round together.
                    mov [rsi + r9 + 0x400], r8d
                .meet:
                    cmp [rsi + r10 + 0x400], r8d
                    jb .meet
                    mov [rsi + r9], r8d
                    %s
                    mov eax, [rsi + r10]
                    mov [rsi + r9 + 0x800], eax
                    mov [rsi + r9 + 0xC00], r8d
                .end:
                    cmp [rsi + r10 + 0xC00], r8d
                    jb .end
                    ; What the two read: both older than this round is wrong.
                    cmp [rsi + r9 + 0x800], r8d
                    jae .good
                    cmp [rsi + r10 + 0x800], r8d
                    jae .good
                    lock inc dword [wrong]
                .good:
                    mov [rsi + r9 + 0x1000], r8d
                .leave:
                    cmp [rsi + r10 + 0x1000], r8d
                    jb .leave
                    cmp r8d, ROUNDS
                    jne .round
                    test r15d, r15d
                    jz .report
                    hlt
                    jmp $
                .report:
                    report [wrong]
                    end_program
                    align 64
                wrong: dd 0
                """.formatted(fence))).containsExactly("0");
    }

    /**
     * The second vCPU writes a function's constant, tells, and the first one serialises and calls it: it must get the new one.
     * Each round has another page, in which the second vCPU wrote the function just before, so that it can write there
     * directly when the first one begins to execute it.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void codeThatTheOtherOneChanged(boolean compiled) {
        assertThat(run(compiled, """
                ROUNDS equ 500
                PAGES equ 0x400000
                cpu1:
                    mov esi, PAGES
                    xor r8d, r8d
                .round:
                    inc r8d
                    ; MOV EAX, constant; RET
                    mov dword [rsi], 0xB8909090
                    mov [rsi + 4], r8d
                    mov dword [rsi + 8], 0xC3
                    mov [flag], r8d
                    ; At once another one, which the first one may or may not see
                    add r8d, 0x1000000
                    mov [rsi + 4], r8d
                    mov [flag + 64], r8d
                    sub r8d, 0x1000000
                .wait:
                    cmp [seen], r8d
                    jne .wait
                    add esi, 0x1000
                    and esi, 0x4FFFFF
                    cmp r8d, ROUNDS
                    jne .round
                    hlt
                    jmp $
                cpu0:
                    mov esi, PAGES
                    xor r8d, r8d
                    xor r14d, r14d
                .round:
                    inc r8d
                .first:
                    cmp [flag], r8d
                    jne .first
                    call rsi
                    and eax, 0xFFFFFF
                    cmp eax, r8d
                    setne al
                    movzx eax, al
                    add r14d, eax
                    lea r9d, [r8 + 0x1000000]
                .second:
                    cmp [flag + 64], r9d
                    jne .second
                    xor eax, eax
                    cpuid
                    call rsi
                    cmp eax, r9d
                    setne al
                    movzx eax, al
                    add r14d, eax
                    mov [seen], r8d
                    add esi, 0x1000
                    and esi, 0x4FFFFF
                    cmp r8d, ROUNDS
                    jne .round
                    report r14d
                    end_program
                    align 64
                flag: times 128 db 0
                seen: dd 0
                """)).containsExactly("0");
    }

    /** The loop that the first vCPU has compiled long since, with no way out but the change. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLoopThatTheOtherOneEnds(boolean compiled) {
        assertThat(run(compiled, """
                cpu0:
                    mov rsi, loop_code
                    mov rdi, 0x300000
                    mov ecx, loop_end - loop_code
                    rep movsb
                    mov eax, 0x300000
                    call rax
                    report 0x600D
                    end_program
                cpu1:
                    mov ecx, 10000000
                .delay:
                    dec ecx
                    jnz .delay
                    mov byte [0x300000 + loop_jump - loop_code], 0xC3
                    hlt
                    jmp $
                loop_code:
                    inc eax
                    lea edx, [rax + 7]
                loop_jump:
                    jmp loop_code
                loop_end:
                """)).containsExactly("600d");
    }

    /** What a page walk writes to an entry must not undo what another vCPU wrote to it meanwhile. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void accessedAndDirtyBitsAreSetAtomically(boolean compiled) {
        assertThat(run(compiled, """
                ENTRY equ DIRECTORY + 0x10
                cpu0:
                    mov r8d, 300000
                    mov esi, 0x80200000
                .touch:
                    lock and dword [ENTRY], ~0x60
                    invlpg [rsi]
                    mov [rsi], r8d
                    dec r8d
                    jnz .touch
                    mov byte [done], 1
                    await told, 1
                    report [wrong]
                    end_program
                cpu1:
                    lock bts dword [ENTRY], 9
                    jc .wrong
                    lock btr dword [ENTRY], 9
                    jc .next
                .wrong:
                    inc dword [wrong]
                    lock btr dword [ENTRY], 9
                .next:
                    cmp byte [done], 0
                    je cpu1
                    mov dword [told], 1
                    hlt
                    jmp $
                    align 8
                wrong: dd 0
                told: dd 0
                done: db 0
                """)).containsExactly("0");
    }
}
