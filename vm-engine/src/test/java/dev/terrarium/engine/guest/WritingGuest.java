// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * A boot sector that writes its disk with the BIOS's driver (INT 13h, function 43h), 64 sectors at a time from sector 64 on:
 * each double word is the number of the first of the 64 sectors plus a seed. Then it leaves by the debug exit port.
 */
public final class WritingGuest {
    /** What the machine ends with when all is written, and when the BIOS reported an error. */
    public static final int DONE = 0x10 << 1 | 1;

    public static final int FAILED = 0x20 << 1 | 1;

    static final int SECTOR = 512;
    private static final int STEP = 64;
    private static final int SEED = 0x1A0;

    /*
     *       xor ax, ax; mov ds, ax; mov es, ax; mov ss, ax; mov sp, 7C00h
     * next: mov di, 8000h; mov eax, [lba]; add eax, [seed]; mov cx, 2000h; rep stosd
     *       mov word [dap], 10h; mov word [dap+2], 64; mov word [dap+4], 8000h; mov word [dap+6], 0
     *       mov eax, [lba]; mov [dap+8], eax; mov dword [dap+12], 0
     *       mov si, dap; mov dl, 80h; mov ax, 4300h; int 13h; jc failed
     *       add dword [lba], 64; mov eax, [lba]; cmp eax, [limit]; jb next
     *       mov al, 10h; out F4h, al; hlt
     * failed: mov al, 20h; out F4h, al; hlt
     */
    private static final String CODE =
            "31c08ed88ec08ed0bc007cbf008066a1a47d660306a07db90020f366abc706707c1000c706727c4000c70674"
                    + "7c0080c706767c000066a1a47d66a3787c66c7067c7c00000000be707cb280b80043cd137216668306a47d40"
                    + "66a1a47d663b06a87d72a8b010e6f4f4b020e6f4f4";

    private WritingGuest() {}

    /** The boot sector for a disk of {@code size} bytes, a multiple of 32 KiB. */
    public static byte[] bootSector(long size, int seed) {
        ByteBuffer sector = ByteBuffer.allocate(SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        sector.put(HexFormat.of().parseHex(CODE));
        sector.putInt(SEED, seed);
        sector.putInt(SEED + 4, STEP);
        sector.putInt(SEED + 8, (int) (size / SECTOR));
        sector.putShort(510, (short) 0xAA55);
        return sector.array();
    }

    /** What the sectors from {@code 64 * group} on hold when the guest is done. */
    public static byte[] group(int group, int seed) {
        ByteBuffer bytes = ByteBuffer.allocate(STEP * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            bytes.putInt(group * STEP + seed);
        }
        return bytes.array();
    }
}
