// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Real mode: interrupts through the vector table, segment limits, the A20 gate. */
class RealModeTest {
    @Test
    void interruptAndReturn() {
        assertThat(PrivilegedMachine.run("""
                mov word [0x40 * 4], handler
                mov word [0x40 * 4 + 2], 0
                sti
                stc
                mov bx, sp
                int 0x40
                pushf
                pop ax
                and eax, 0x201
                out PORT_REPORT, eax
                sub bx, sp
                movzx eax, bx
                out PORT_REPORT, eax
                end_program
            handler:
                pushf
                pop ax
                and eax, 0x201
                out PORT_REPORT, eax
                mov bp, sp
                movzx eax, word [bp + 4]
                and eax, 0x201
                out PORT_REPORT, eax
                clc
                iret
            """)).containsExactly("1", "201", "201", "0");
    }

    @Test
    void exceptionsReturnToTheInstruction() {
        assertThat(PrivilegedMachine.run("""
            %macro handle 1
                mov word [%1 * 4], handler
                mov word [%1 * 4 + 2], 0
            %endmacro
                handle 0
                handle 6
                handle 12
                handle 13
                mov si, one
                mov di, two
                xor bx, bx
            one: div bx
            two: mov si, three
                mov di, four
            three: mov ax, [0xFFFF]
            four: mov si, five
                mov di, six
                mov bp, 0xFFFF
            five: mov ax, [bp]
            six: mov si, seven
                mov di, eight
            seven: ud2
            eight: mov si, nine
                mov di, ten
            nine: sldt ax
            ten: end_program
            handler:
                mov bp, sp
                movzx eax, word [bp]
                sub ax, si
                out PORT_REPORT, eax
                mov [bp], di
                iret
            """)).containsExactly("0", "0", "0", "0", "0");
    }

    @Test
    void interruptsBeyondTheTableAreATripleFault() {
        assertThat(PrivilegedMachine.run("""
                lidt [none]
                int 3
            none: dw 0
                dd 0
            """)).containsExactly("shutdown");
    }

    @Test
    void closedGateClearsAddressLine20() {
        assertThat(PrivilegedMachine.run("""
                mov dword [0x500], 0x1234
                mov ax, 0xFFFF
                mov es, ax
                mov dword [es:0x510], 0x5678
                report [0x500]
                report [es:0x510]
                xor al, al
                out PORT_A20, al
                report [es:0x510]
                mov dword [es:0x510], 0x9ABC
                report [0x500]
                mov al, 1
                out PORT_A20, al
                report [es:0x510]
                end_program
            """)).containsExactly("1234", "5678", "1234", "9abc", "5678");
    }

    @Test
    void limitsOfProtectedModeStayInRealMode() {
        assertThat(PrivilegedMachine.run("""
                enter_protected
                mov ax, DATA0
                mov gs, ax
                jmp CODE16:sixteen
                bits 16
            sixteen:
                mov eax, cr0
                and al, 0xFE
                mov cr0, eax
                jmp 0:real
            real:
                xor ax, ax
                mov ds, ax
                mov gs, ax
                mov ss, ax
                mov dword [gs:dword 0x300000], 0xFACE
                mov ebx, 0x300000
                mov eax, [gs:ebx]
                out PORT_REPORT, eax
                mov eax, cr0
                and eax, 1
                out PORT_REPORT, eax
                end_program
            """)).containsExactly("face", "0");
    }

    @Test
    void wordAtStackPointerZeroWrapsToTheTop() {
        assertThat(PrivilegedMachine.run("""
                mov ax, 0x1000
                mov ss, ax
                xor sp, sp
                push word 0x77
                movzx eax, sp
                out PORT_REPORT, eax
                movzx eax, word [ss:0xFFFE]
                out PORT_REPORT, eax
                end_program
            """)).containsExactly("fffe", "77");
    }
}
