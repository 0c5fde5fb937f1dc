// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.device.CursorShape;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Bytes laid out by hand after the tables of RFC 6143 and rfbproto. */
class PseudoRectanglesTest {
    private final PseudoRectangles extras = new PseudoRectangles();

    private String written() {
        WireOutput out = new WireOutput();
        extras.moveTo(out);
        assertThat(extras.count()).isZero();
        return HexFormat.of().formatHex(Arrays.copyOf(out.bytes(), out.size()));
    }

    private static String hex(String digits) {
        return digits.replace(" ", "");
    }

    /** Nine columns, so that a mask row has a second byte. */
    private static CursorShape shape() {
        int[] argb = new int[18];
        argb[0] = 0xFF102030;
        argb[8] = 0x80FF8040;
        argb[9] = 0x7FFFFFFF;
        return new CursorShape(9, 2, 1, 0, argb);
    }

    @Test
    void aCursorIsPixelsAndAMask() {
        extras.cursor(shape(), PixelFormat.NATIVE);
        assertThat(extras.count()).isEqualTo(1);
        assertThat(written())
                .isEqualTo(hex("0001 0000 0009 0002 ffffff11" + "30201000" + "00000000".repeat(7) + "4080ff00"
                        + "ffffff00" + "00000000".repeat(8) + "8080 0000"));
    }

    @Test
    void aCursorComesInTheClientsFormat() throws Exception {
        byte[] rgb565 = HexFormat.of().parseHex(hex("10 10 01 01 001f 003f 001f 0b 05 00 000000"));
        PixelFormat format = PixelFormat.read(new DataInputStream(new ByteArrayInputStream(rgb565)));
        extras.cursor(new CursorShape(1, 1, 0, 0, new int[] {0xFFFF0000}), format);
        assertThat(written()).isEqualTo(hex("0000 0000 0001 0001 ffffff11 f800 80"));
    }

    @Test
    void aCursorWithAlphaIsMultipliedByIt() {
        extras.cursorWithAlpha(shape());
        assertThat(written())
                .isEqualTo(hex("0001 0000 0009 0002 fffffec6 00000000" + "102030ff" + "00000000".repeat(7) + "80402080"
                        + "7f7f7f7f" + "00000000".repeat(8)));
    }

    @Test
    void noCursorIsAnEmptyOne() {
        extras.cursor(CursorShape.NONE, PixelFormat.NATIVE);
        extras.cursorWithAlpha(CursorShape.NONE);
        assertThat(extras.count()).isEqualTo(2);
        assertThat(written()).isEqualTo(hex("0000 0000 0000 0000 ffffff11 0000 0000 0000 0000 fffffec6 00000000"));
    }

    @Test
    void aNameIsUtf8() {
        extras.name("k\u016f\u0148");
        assertThat(written()).isEqualTo(hex("0000 0000 0000 0000 fffffecd 00000005 6bc5afc588"));
    }

    @Test
    void aRefusedSizeSaysWhy() {
        extras.layout(PseudoRectangles.BY_THIS_CLIENT, PseudoRectangles.PROHIBITED, 640, 480);
        assertThat(written())
                .isEqualTo(hex("0001 0001 0280 01e0 fffffecc 01 000000 00000000 0000 0000 0280 01e0 00000000"));
    }

    @Test
    void aShapeIsBounded() {
        assertThatThrownBy(() -> new CursorShape(257, 1, 0, 0, new int[257]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CursorShape(2, 2, 0, 0, new int[3])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CursorShape(2, 2, 3, 0, new int[4])).isInstanceOf(IllegalArgumentException.class);
    }
}
