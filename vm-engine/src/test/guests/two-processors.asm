; SPDX-License-Identifier: GPL-3.0-or-later
; Two vCPUs in flat 32-bit mode. The first one starts the second, and sums up a sequence of numbers while it is interrupted by its
; local APIC's timer, by the PIT through the I/O APIC, by a level-triggered wire and by the second vCPU, with which it exchanges
; interrupts without end. Interrupts on both also look whether the time-stamp counter went backwards. KvmExchangeTest reads the
; counters at 0x6000.

%define ROUNDS 0x6000
%define SUM 0x6004
%define LAST 0x6008
%define TIMER_TICKS 0x600C
%define PIT_TICKS 0x6010
%define LEVELS 0x6014
%define PINGS 0x6018          ; a doubleword a vCPU
%define READY 0x6020
%define BACKWARDS 0x6024
%define NEWEST 0x6028         ; the highest time-stamp counter that was seen
%define LOCK 0x6034
%define IDT 0x5000
%define LAPIC 0xFEE00000
%define IOAPIC 0xFEC00000
%define PORT_END 0x90
%define PORT_LEVEL 0x91

    org 0x7C00
    bits 16
    cli
    xor ax, ax
    mov ds, ax
    lgdt [gdt_pointer]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp dword 8:start

    align 8
gdt:
    dq 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF
gdt_pointer:
    dw 23
    dd gdt
idt_pointer:
    dw 0x1FF
    dd IDT

    bits 32
%macro gate 2
    mov dword [IDT + 8 * %1], 8 << 16 | (%2 - $$ + 0x7C00)
    mov dword [IDT + 8 * %1 + 4], 0x8E00
%endmacro
%macro redirect 2
    mov dword [IOAPIC], 0x10 + 2 * %1
    mov dword [IOAPIC + 16], %2
    mov dword [IOAPIC], 0x11 + 2 * %1
    mov dword [IOAPIC + 16], 0
%endmacro

start:
    mov ax, 16
    mov ds, ax
    mov es, ax
    mov ss, ax
    lidt [idt_pointer]
    mov dword [LAPIC + 0xF0], 0x1FF
    mov eax, [LAPIC + 0x20]
    shr eax, 24
    mov esp, 0x70000
    jz first
    mov esp, 0x78000
    mov dword [READY], 1
    sti
.sleep:
    hlt
    jmp .sleep

first:
    gate 0x22, pit
    gate 0x30, timer
    gate 0x31, ping
    gate 0x33, level
    ; The second vCPU starts at 0x8000.
    mov dword [0x8000], 0x007C00EA
    mov byte [0x8004], 0
    mov dword [LAPIC + 0x310], 1 << 24
    mov dword [LAPIC + 0x300], 0x4500
    mov dword [LAPIC + 0x300], 0x4608
    redirect 2, 0x22
    redirect 16, 0x8033
    mov al, 0x34
    out 0x43, al
    mov al, 0xA9
    out 0x40, al
    mov al, 0x04
    out 0x40, al
    mov dword [LAPIC + 0x3E0], 0xB
    mov dword [LAPIC + 0x320], 0x20030
    mov dword [LAPIC + 0x380], 1000000
    sti
.wait:
    cmp dword [READY], 1
    jne .wait
    mov dword [LAPIC + 0x300], 0x4031
    xor eax, eax
    mov ecx, [ROUNDS]
.sum:
    imul eax, eax, 0x5DEECE6D
    add eax, 11
    mov edx, eax
    shr edx, 7
    add [SUM], edx
    dec ecx
    jnz .sum
    mov [LAST], eax
    out PORT_END, al
.stay:
    hlt
    jmp .stay

; Compares the time-stamp counter with the newest that either vCPU has seen.
see_time:
    push ecx
    push ebx
.spin:
    lock bts dword [LOCK], 0
    jc .spin
    mov ebx, [NEWEST]
    mov ecx, [NEWEST + 4]
    rdtsc
    sub eax, ebx
    sbb edx, ecx
    js .back
    add eax, ebx
    adc edx, ecx
    mov [NEWEST], eax
    mov [NEWEST + 4], edx
    jmp .done
.back:
    inc dword [BACKWARDS]
    mov [BACKWARDS + 12], eax
.done:
    mov dword [LOCK], 0
    pop ebx
    pop ecx
    ret

pit:
    inc dword [PIT_TICKS]
    mov dword [LAPIC + 0xB0], 0
    iretd
timer:
    push eax
    push edx
    inc dword [TIMER_TICKS]
    call see_time
    pop edx
    pop eax
    mov dword [LAPIC + 0xB0], 0
    iretd
level:
    inc dword [LEVELS]
    out PORT_LEVEL, al
    mov dword [LAPIC + 0xB0], 0
    iretd
ping:
    push eax
    push edx
    call see_time
    pop edx
    mov eax, [LAPIC + 0x20]
    shr eax, 24
    inc dword [PINGS + 4 * eax]
    xor eax, 1
    shl eax, 24
    mov [LAPIC + 0x310], eax
    mov dword [LAPIC + 0x300], 0x4031
    mov dword [LAPIC + 0xB0], 0
    pop eax
    iretd
