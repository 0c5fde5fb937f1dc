; SPDX-License-Identifier: GPL-3.0-or-later
; The boot ROM that starts a kernel handed to the machine without a disk. Build: nasm -f bin -o boot-rom.bin boot-rom.asm
; BootRom.java fills in the checksums.
;
; The BIOS calls the boot entry vector. It finds the file PAYLOAD in the firmware configuration device, reads the plan at
; its start, lets the device copy every piece by DMA, and enters the kernel: Linux at its real-mode setup code, multiboot
; in 32-bit protected mode. The plan is laid out by BootPayload.java:
;    0 "TRMB"   4 word: kind   6 word: number of pieces   8 dword: entry   12 dword: multiboot information
;   16 word: code segment   18 word: data segment   20 word: stack pointer   32 on: one fw_cfg DMA request per piece

ROM_SIZE        equ 1024
FW_CFG          equ 0x510
FW_CFG_DMA      equ 0x514
FW_CFG_FILES    equ 0x19
DIRECTORY_ENTRY equ 64
KIND_LINUX      equ 1
KIND_MULTIBOOT  equ 2
STACK           equ 0x7C00
GDT             equ 0x7E00
GDTR            equ 0x7E20
FAR_POINTER     equ 0x7E28
PLAN            equ 0x8000
REQUESTS        equ PLAN + 32
MEMORY_MAP      equ 0xC000
MEMORY_MAP_END  equ 0xFF00
MB_MAGIC        equ 0x2BADB002
MB_LOWER        equ 4
MB_UPPER        equ 8
MB_MAP_LENGTH   equ 44
MB_MAP_ADDRESS  equ 48

        bits 16
        org 0
        db 0x55, 0xAA, ROM_SIZE / 512
        retf                            ; initialisation: nothing to do
        times 0x1A - ($ - $$) db 0
        dw pnp
        times 0x20 - ($ - $$) db 0
pnp:    db "$PnP", 1, 2
        dw 0
        db 0
        db 0                            ; checksum
        dd 0
        dw maker
        dw product
        db 0, 0, 0, 0x64
        dw 0, 0
        dw boot
        dw 0, 0

maker:  db "Terrarium", 0
product: db "Kernel without a disk", 0
file:   db "opt/dev.terrarium/boot", 0
FILE_LENGTH     equ $ - file

boot:   cli
        cld
        xor ax, ax
        mov ss, ax
        mov sp, STACK
        mov es, ax
        push cs
        pop ds

        mov dx, FW_CFG
        mov ax, FW_CFG_FILES
        out dx, ax
        inc dx
        mov di, PLAN
        mov cx, 4
        rep insb
        mov bx, [es:PLAN + 2]
        xchg bl, bh
find:   test bx, bx
        jz near missing
        dec bx
        mov di, PLAN
        mov cx, DIRECTORY_ENTRY
        rep insb
        mov si, file
        mov di, PLAN + 8
        mov cx, FILE_LENGTH
        repe cmpsb
        jne find

        mov ax, [es:PLAN + 4]
        xchg al, ah
        dec dx
        out dx, ax
        inc dx
        mov di, PLAN
        mov cx, REQUESTS - PLAN
        rep insb
        mov cx, [es:PLAN + 6]
        shl cx, 4
        rep insb

        mov bp, [es:PLAN + 6]
        mov edi, REQUESTS
load:   test bp, bp
        jz loaded
        dec bp
        mov dx, FW_CFG_DMA
        xor eax, eax
        out dx, eax
        mov dx, FW_CFG_DMA + 4
        mov eax, edi
        bswap eax
        out dx, eax
wait_dma:
        mov eax, [es:di]
        bswap eax
        test al, 1
        jnz near failed
        test eax, eax
        jnz wait_dma
        add di, 16
        jmp load

loaded: cmp word [es:PLAN + 4], KIND_MULTIBOOT
        je multiboot

        mov ax, [es:PLAN + 18]
        mov bx, [es:PLAN + 16]
        mov cx, [es:PLAN + 20]
        mov ss, ax
        movzx esp, cx
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        push bx
        push word 0
        retf

multiboot:
        int 0x12
        movzx eax, ax
        mov ebp, [es:PLAN + 12]         ; the information lies below 64 KiB
        mov [es:bp + MB_LOWER], eax
        xor ebx, ebx
        mov edi, MEMORY_MAP
map:    mov eax, 0xE820
        mov edx, 0x534D4150
        mov ecx, 20
        add di, 4
        int 0x15
        jc map_done
        cmp eax, 0x534D4150
        jne map_done
        mov dword [es:di - 4], 20
        cmp dword [es:di], 0x100000     ; RAM from 1 MiB on is the upper memory
        jne map_next
        cmp dword [es:di + 4], 0
        jne map_next
        cmp dword [es:di + 16], 1
        jne map_next
        mov eax, [es:di + 8]
        mov edx, [es:di + 12]
        shrd eax, edx, 10
        mov [es:bp + MB_UPPER], eax
map_next:
        add di, 20
        test ebx, ebx
        jz mapped
        cmp di, MEMORY_MAP_END
        jb map
        jmp mapped
map_done:
        sub di, 4
mapped: cli
        cld
        movzx eax, di
        sub eax, MEMORY_MAP
        mov [es:bp + MB_MAP_LENGTH], eax
        mov dword [es:bp + MB_MAP_ADDRESS], MEMORY_MAP

        mov si, gdt
        mov di, GDT
        mov cx, gdt_end - gdt
        rep movsb
        mov word [es:GDTR], gdt_end - gdt - 1
        mov dword [es:GDTR + 2], GDT
        xor eax, eax
        mov ax, cs
        shl eax, 4
        add eax, protected
        mov [es:FAR_POINTER], eax
        mov word [es:FAR_POINTER + 4], 8
        mov ebx, ebp
        mov esi, [es:PLAN + 8]
        o32 lgdt [es:GDTR]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp far dword [es:FAR_POINTER]

        bits 32
protected:
        mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov eax, MB_MAGIC
        jmp esi

        bits 16
missing: mov si, missing_text
        jmp say
failed: mov si, failed_text
say:    lodsb
        test al, al
        jz stop
        mov ah, 0x0E
        mov bx, 7
        int 0x10
        jmp say
stop:   int 0x18
        jmp $

missing_text: db "Terrarium: no kernel was handed over", 13, 10, 0
failed_text:  db "Terrarium: the kernel could not be copied", 13, 10, 0

        align 8
gdt:    dq 0
        dq 0x00CF9A000000FFFF
        dq 0x00CF92000000FFFF
gdt_end:

        times ROM_SIZE - ($ - $$) db 0
