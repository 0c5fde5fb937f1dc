// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.display;

import java.nio.charset.StandardCharsets;

/** What the monitor says about itself: one EDID 1.4 block that prefers 1280x800 (VESA E-EDID standard A2). */
final class Edid {
    static final int SIZE = 128;

    private static final int VENDOR = 8;
    private static final int VERSION = 18;
    private static final int BASIC = 20;
    private static final int CHROMATICITY = 25;
    private static final int ESTABLISHED = 35;
    private static final int STANDARD = 38;
    private static final int DESCRIPTORS = 54;
    private static final int DESCRIPTOR_SIZE = 18;
    private static final int CHECKSUM = 127;

    private static final int TAG_NAME = 0xFC;
    private static final int TAG_RANGE = 0xFD;
    private static final int TAG_UNUSED = 0x10;

    private Edid() {}

    static byte[] block() {
        byte[] edid = new byte[SIZE];
        put(edid, 0, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00);
        int vendor = ('T' - '@') << 10 | ('R' - '@') << 5 | 'R' - '@';
        put(edid, VENDOR, vendor >> 8, vendor & 0xFF, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 1, 36);
        put(edid, VERSION, 1, 4);
        // Digital, 8 bits a colour; 34 cm by 21 cm; gamma 2.2; sRGB, first timing preferred.
        put(edid, BASIC, 0xA0, 34, 21, 120, 0x06);
        put(edid, CHROMATICITY, 0xEE, 0x91, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54);
        // 640x480, 800x600 and 1024x768, all at 60 Hz.
        put(edid, ESTABLISHED, 0x21, 0x08, 0x00);
        standard(edid, 0, 1280, 2);
        standard(edid, 1, 1440, 0);
        standard(edid, 2, 1680, 0);
        standard(edid, 3, 1600, 1);
        standard(edid, 4, 1920, 3);
        for (int i = 5; i < 8; i++) {
            put(edid, STANDARD + 2 * i, 1, 1);
        }
        // CVT with reduced blanking: 71 MHz, 1280 + 160 by 800 + 23.
        detailed(edid, 7100, 1280, 160, 48, 32, 800, 23, 3, 6);
        int range = DESCRIPTORS + DESCRIPTOR_SIZE;
        put(edid, range, 0, 0, 0, TAG_RANGE, 0, 50, 75, 30, 100, 20, 0x01, 0x0A, 32, 32, 32, 32, 32, 32);
        int name = range + DESCRIPTOR_SIZE;
        put(edid, name, 0, 0, 0, TAG_NAME, 0);
        byte[] text = "Terrarium\n   ".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, edid, name + 5, text.length);
        put(edid, name + DESCRIPTOR_SIZE, 0, 0, 0, TAG_UNUSED);
        int sum = 0;
        for (byte b : edid) {
            sum += b;
        }
        edid[CHECKSUM] = (byte) -sum;
        return edid;
    }

    private static void put(byte[] edid, int at, int... values) {
        for (int i = 0; i < values.length; i++) {
            edid[at + i] = (byte) values[i];
        }
    }

    /** {@code aspect} 0 is 16:10, 1 is 4:3, 2 is 5:4, 3 is 16:9. */
    private static void standard(byte[] edid, int index, int width, int aspect) {
        put(edid, STANDARD + 2 * index, width / 8 - 31, aspect << 6);
    }

    private static void detailed(
            byte[] edid,
            int clock,
            int w,
            int hBlank,
            int hFront,
            int hSync,
            int h,
            int vBlank,
            int vFront,
            int vSync) {
        put(
                edid,
                DESCRIPTORS,
                clock & 0xFF,
                clock >> 8,
                w & 0xFF,
                hBlank & 0xFF,
                (w >> 8) << 4 | hBlank >> 8,
                h & 0xFF,
                vBlank & 0xFF,
                (h >> 8) << 4 | vBlank >> 8,
                hFront & 0xFF,
                hSync & 0xFF,
                (vFront & 0xF) << 4 | vSync & 0xF,
                0,
                340 & 0xFF,
                212,
                (340 >> 8) << 4,
                0,
                0,
                0x1A);
    }
}
