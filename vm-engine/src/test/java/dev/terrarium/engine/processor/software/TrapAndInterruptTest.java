// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Single-stepping, interrupts from outside, the shadows of STI and MOV SS, HLT, NMI. */
class TrapAndInterruptTest {
    @Test
    void singleStepTrapsAfterEachInstruction() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                resume_at after
                pushfd
                or dword [esp], 0x100
                popfd
                mov ebx, 1
            next:
                mov ebx, 2
            after:
                check frame_ip, next
                report ebx
                mov eax, dr6
                out PORT_REPORT, eax
                report [frame_flags]
                end_program
            """)).containsExactly("#1", "1", "ffff4ff0", "102");
    }

    @Test
    void steppingGoesThroughTheHandlerAndOn() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                mov byte [returning], 1
                mov edi, 0x50000
                mov ecx, 3
                pushfd
                or dword [esp], 0x100
                popfd
                rep stosb
                int 0x28
                nop
                pushfd
                and dword [esp], 0xFFFFFEFF
                popfd
                nop
                end_program
            """))
                .containsExactly("#1", "#1", "#1", "#40", "#1", "#1", "#1", "#1");
    }

    @Test
    void movToStackSegmentHoldsTheTrapOff() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                mov ecx, DATA0
                resume_at after
                pushfd
                or dword [esp], 0x100
                popfd
                mov ss, ecx
                mov ebx, 1
            next:
                mov ebx, 2
            after:
                check frame_ip, next
                end_program
            """)).containsExactly("#1");
    }

    @Test
    void interruptsWaitForOneInstructionAfterSti() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                resume_at after
                mov al, 0x25
                out PORT_RAISE, al
                xor ebx, ebx
                sti
                inc ebx
            next:
                inc ebx
            after:
                check frame_ip, next
                report ebx
                end_program
            """)).containsExactly("#37", "1");
    }

    @Test
    void clearingAtOnceLetsNothingIn() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                mov al, 0x25
                out PORT_RAISE, al
                sti
                cli
                nop
                nop
                end_program
            """)).isEmpty();
    }

    @Test
    void movToStackSegmentHoldsInterruptsOff() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                mov ecx, DATA0
                resume_at after
                mov al, 0x25
                out PORT_RAISE, al
                sti
                mov ss, ecx
                mov esp, 0x35000
            next:
                nop
            after:
                check frame_ip, next
                check handler_sp, 0x35000 - 12
                end_program
            """)).containsExactly("#37");
    }

    @Test
    void flagsPoppedLetInterruptsInAtOnce() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                resume_at after
                mov al, 0x25
                out PORT_RAISE, al
                pushfd
                or dword [esp], 0x200
                popfd
            next:
                nop
            after:
                check frame_ip, next
                mov eax, [frame_flags]
                and eax, 0x200
                out PORT_REPORT, eax
                pushfd
                pop eax
                and eax, 0x200
                out PORT_REPORT, eax
                end_program
            """)).containsExactly("#37", "200", "0");
    }

    @Test
    void haltEndsWithAnInterrupt() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                resume_at after
                mov al, 0x25
                out PORT_RAISE, al
                sti
                hlt
            next:
                nop
            after:
                check frame_ip, next
                resume_at later
                mov al, 0x26
                out PORT_RAISE_LATER, al
                sti
                hlt
            second:
                nop
            later:
                check frame_ip, second
                end_program
            """)).containsExactly("#37", "#38");
    }

    @Test
    void nonMaskableInterruptsAreBlockedUntilReturn() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                resume_at handler
                out PORT_RAISE_NMI, al
            next:
                nop
            handler:
                check frame_ip, next
                out PORT_RAISE_NMI, al
                nop
                report 1
                resume_at again
                pushfd
                push dword CODE0
                push dword free
                iretd
            free:
                nop
            again:
                report 2
                end_program
            """)).containsExactly("#2", "1", "#2", "2");
    }

    @Test
    void breakpointsAndOverflowReturnBehind() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                trapping int3
                mov al, 0x7F
                add al, 1
                trapping into
                trapping db 0xF1
                xor ebx, ebx
                faulting div ebx
                faulting bound ebx, [bounds]
                end_program
            bounds: dd 1, 2
            """)).containsExactly("#3", "#4", "#1", "#0", "#5");
    }

    @Test
    void faultsSaveTheResumeFlag() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                faulting ud2
                mov eax, [frame_flags]
                and eax, 0x10000
                out PORT_REPORT, eax
                trapping int3
                mov eax, [frame_flags]
                and eax, 0x10000
                out PORT_REPORT, eax
                end_program
            """)).containsExactly("#6", "10000", "#3", "0");
    }
}
