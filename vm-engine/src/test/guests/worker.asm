; SPDX-License-Identifier: GPL-3.0-or-later
; A multiboot kernel that works on: rounds of additions at random places of a 16 MiB table. After each round it waits for 25
; ticks of the PIT (IRQ 0, 1 ms each), and if there is a disk, writes a sector with what it has so far to it (PIO), flushes, and reads it back. Each
; round is a dot on the serial line; after the last one come the sum in hexadecimal and the end of the run by the debug-exit port:
; status 0x10, or 0x11 if the disk gave back something else. The command line ends in two numbers of four digits:
; MiB to fill from 32 MiB on before the work begins, and the number of rounds.

%define MAGIC 0x1BADB002
%define FLAGS 0x10003
%define TABLE 0x200000
%define TABLE_MASK 0x3FFFFF
%define STEPS 0x8000
%define TICKS 25
%define COM1 0x3F8

    bits 32
    org 0x100000
header:
    dd MAGIC, FLAGS, -(MAGIC + FLAGS), header, header, end, bss_end, start

start:
    mov esp, stack_top
    ; The command line's last four characters are the number of rounds.
    mov esi, [ebx + 16]
.to_end:
    cmp byte [esi], 0
    je .digits
    inc esi
    jmp .to_end
.digits:
    sub esi, 9
    call number
    shl eax, 18
    mov ecx, eax
    mov edi, 0x2000000
    mov eax, 0x5A5A5A5A
    rep stosd
    inc esi
    call number
    mov [rounds], eax

    lgdt [gdt_register]
    jmp 8:.flat
.flat:
    mov ax, 16
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov eax, tick
    mov [idt + 0x20 * 8], ax
    mov word [idt + 0x20 * 8 + 2], 8
    mov word [idt + 0x20 * 8 + 4], 0x8E00
    shr eax, 16
    mov [idt + 0x20 * 8 + 6], ax
    lidt [idt_register]
    mov al, 0x11
    out 0x20, al
    out 0xA0, al
    mov al, 0x20
    out 0x21, al
    mov al, 0x28
    out 0xA1, al
    mov al, 4
    out 0x21, al
    mov al, 2
    out 0xA1, al
    mov al, 1
    out 0x21, al
    out 0xA1, al
    mov al, 0xFE
    out 0x21, al
    mov al, 0xFF
    out 0xA1, al
    ; 1000 Hz
    mov al, 0x34
    out 0x43, al
    mov al, 1193 & 0xFF
    out 0x40, al
    mov al, 1193 >> 8
    out 0x40, al
    ; Does a disk answer? Its interrupt is not wanted.
    mov dx, 0x3F6
    mov al, 2
    out dx, al
    mov dx, 0x1F6
    mov al, 0xE0
    out dx, al
    mov dx, 0x1F7
    in al, dx
    test al, 0x40
    setnz [disk]
    sti

    xor ebx, ebx            ; the generator
    xor ebp, ebp            ; the sum
round:
    mov ecx, STEPS
.step:
    imul ebx, ebx, 0x5DEECE6D
    add ebx, 11
    mov edx, ebx
    shr edx, 9
    and edx, TABLE_MASK
    add [TABLE + edx * 4], ebx
    add ebp, [TABLE + edx * 4]
    loop .step
    mov eax, [ticks]
.wait:
    hlt
    mov edx, [ticks]
    sub edx, eax
    cmp edx, TICKS
    jb .wait
    cmp byte [disk], 0
    je .no_disk
    call write_sector
.no_disk:
    inc dword [round_number]
    mov al, '.'
    call put
    dec dword [rounds]
    jnz round

    mov ecx, 8
.hex:
    rol ebp, 4
    mov eax, ebp
    and eax, 15
    mov al, [hex_digits + eax]
    call put
    loop .hex
    mov al, 10
    call put
    mov bl, 0x10
exit:
    mov al, bl
    out 0xF4, al
    hlt
    jmp exit

number:
    xor eax, eax
    mov ecx, 4
.digit:
    imul eax, 10
    movzx edx, byte [esi]
    lea eax, [eax + edx - '0']
    inc esi
    loop .digit
    ret

put:
    push eax
    mov dx, COM1 + 5
.busy:
    in al, dx
    test al, 0x20
    jz .busy
    pop eax
    mov dx, COM1
    out dx, al
    ret

tick:
    push eax
    inc dword [ticks]
    mov al, 0x20
    out 0x20, al
    pop eax
    iretd

idle:
    mov dx, 0x1F7
.busy:
    in al, dx
    test al, 0x80
    jnz .busy
    ret

; Sector round_number is filled with the sum.
address:
    call idle
    mov dx, 0x1F2
    mov al, 1
    out dx, al
    mov eax, [round_number]
    mov dx, 0x1F3
    out dx, al
    inc dx
    mov al, ah
    out dx, al
    inc dx
    xor al, al
    out dx, al
    inc dx
    mov al, 0xE0
    out dx, al
    inc dx
    ret

write_sector:
    mov edi, sector
    mov eax, ebp
    mov ecx, 128
    rep stosd
    call address
    mov al, 0x30
    out dx, al
    call idle
    mov esi, sector
    mov ecx, 256
    mov dx, 0x1F0
    rep outsw
    call idle
    mov al, 0xE7
    out dx, al
    call address
    mov al, 0x20
    out dx, al
    call idle
    mov edi, sector
    mov ecx, 256
    mov dx, 0x1F0
    rep insw
    mov edi, sector
    mov eax, ebp
    mov ecx, 128
    repe scasd
    je .same
    mov bl, 0x11
    jmp exit
.same:
    ret

    align 8
gdt: dq 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF
gdt_register: dw 23
    dd gdt
idt_register: dw 0x21 * 8 - 1
    dd idt
hex_digits: db "0123456789abcdef"
    align 8
idt: times 0x21 dq 0
rounds: dd 0
round_number: dd 0
ticks: dd 0
disk: db 0
    align 4
end:
sector: resb 512
    resb 4096
stack_top:
bss_end:
