; SPDX-License-Identifier: GPL-3.0-or-later
; A multiboot kernel (specification 0.6.96) that greets on port 0xE9, looks at what the loader handed it, and ends the
; run through the debug-exit port: status 0x10 if everything is there, else the number of the first check that failed.

%define MAGIC 0x1BADB002
%define FLAGS 0x10003
%define RAM_IS_AVAILABLE 1

    bits 32
    org 0x100000
header:
    dd MAGIC, FLAGS, -(MAGIC + FLAGS), header, header, end, bss_end, start

start:
    mov esp, stack_top
    mov ebp, ebx
    mov edx, eax
    mov esi, hello
    call print
    mov bl, 1
    cmp edx, 0x2BADB002
    jne exit
    mov esi, ebp
    mov bl, 3
    test dword [esi], 1
    jz exit
    mov bl, 4
    test dword [esi], 0x40
    jz exit
    ; mem_lower is 639 KiB or so.
    mov bl, 5
    cmp dword [esi + 4], 600
    jb exit
    ; The memory map: find available RAM at 1 MiB, as long as mem_upper says.
    mov ecx, [esi + 44]
    mov edi, [esi + 48]
    add ecx, edi
    mov bl, 6
.entry:
    cmp edi, ecx
    jae exit
    cmp dword [edi + 4], 0x100000
    jne .next
    cmp dword [edi + 20], RAM_IS_AVAILABLE
    je .found
.next:
    add edi, [edi]
    add edi, 4
    jmp .entry
.found:
    mov bl, 7
    mov eax, [edi + 12]
    shr eax, 10
    cmp eax, [esi + 8]
    jne exit
    mov bl, 8
    cmp eax, 30 * 1024
    jb exit
    mov esi, done
    call print
    mov bl, 0x10
exit:
    mov al, bl
    out 0xF4, al
    hlt
    jmp exit

print:
    lodsb
    test al, al
    jz .end
    out 0xE9, al
    jmp print
.end:
    ret

hello: db "HELLO", 10, 0
done: db "MEMORY MAP OK", 10, 0
end:
    resb 4096
stack_top:
bss_end:
