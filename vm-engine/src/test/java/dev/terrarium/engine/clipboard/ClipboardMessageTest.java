// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.clipboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.clipboard.ClipboardMessage.Action;
import dev.terrarium.engine.clipboard.ClipboardMessage.Capabilities;
import dev.terrarium.engine.clipboard.ClipboardMessage.Notify;
import dev.terrarium.engine.clipboard.ClipboardMessage.Peek;
import dev.terrarium.engine.clipboard.ClipboardMessage.Provide;
import dev.terrarium.engine.clipboard.ClipboardMessage.Request;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes laid out by hand after rfbproto's tables, and those that TigerVNC's viewer sent to a test. */
class ClipboardMessageTest {
    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }

    private static byte[] provide(int flags, byte[] plain) {
        byte[] packed = new byte[plain.length + 100];
        try (Deflater deflater = new Deflater()) {
            deflater.setInput(plain);
            deflater.finish();
            int count = deflater.deflate(packed);
            return ByteBuffer.allocate(4 + count)
                    .putInt(flags)
                    .put(packed, 0, count)
                    .array();
        }
    }

    @Test
    void capabilitiesNameActionsAndAnUnsolicitedSize() throws Exception {
        assertThat(ClipboardMessage.read(hex("1f000001 00a00000")))
                .isEqualTo(new Capabilities(EnumSet.allOf(Action.class), true, 10 << 20));
        assertThat(ClipboardMessage.read(hex("11000007 ffffffff 00000000 00000001")))
                .isEqualTo(new Capabilities(EnumSet.of(Action.PROVIDE), true, 0xFFFFFFFFL));
        assertThat(ClipboardMessage.read(hex("1b000004 00000000")))
                .isEqualTo(new Capabilities(EnumSet.of(Action.REQUEST, Action.NOTIFY, Action.PROVIDE), false, 0));
        assertThat(Capabilities.OURS.bytes()).isEqualTo(hex("1f000001 00000000"));
    }

    @Test
    void actionsAreOneBitEach() throws Exception {
        Object[][] known = {
            {"02000001", new Request(true)},
            {"04000000", new Peek()},
            {"08000001", new Notify(true)},
            {"08000000", new Notify(false)},
            {"10000000", new Provide(Optional.empty())},
        };
        for (Object[] each : known) {
            assertThat(ClipboardMessage.read(hex((String) each[0]))).isEqualTo(each[1]);
            assertThat(((ClipboardMessage) each[1]).bytes()).isEqualTo(hex((String) each[0]));
        }
        assertThat(ClipboardMessage.read(hex("0800000e")))
                .as("HTML, RTF, a picture")
                .isEqualTo(new Notify(false));
    }

    /** "a\r\nb\0" in a stored zlib block: 78 01, 01, length 9, its complement, size, text, Adler-32. */
    @Test
    void textIsReadFromAZlibStream() throws Exception {
        byte[] recorded = hex("10000001 7801 01 0900 f6ff 00000005 610d0a6200 05190101");
        recorded = withAdler(recorded);
        assertThat(ClipboardMessage.read(recorded)).isEqualTo(new Provide(Optional.of("a\nb")));
    }

    private static byte[] withAdler(byte[] message) {
        java.util.zip.Adler32 sum = new java.util.zip.Adler32();
        sum.update(message, 11, 9);
        return ByteBuffer.wrap(message)
                .putInt(message.length - 4, (int) sum.getValue())
                .array();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "plain", "two\nlines\n", "\u017dlu\u0165ou\u010dk\u00fd k\u016f\u0148 \ud83d\udc34"})
    void textComesBackAsItWent(String text) throws Exception {
        Provide sent = new Provide(Optional.of(text));
        assertThat(ClipboardMessage.read(sent.bytes())).isEqualTo(sent);
    }

    @Test
    void linesEndWithCarriageReturnsOnTheWireOnly() throws Exception {
        Provide sent = new Provide(Optional.of("1\r\n2\r3\n4"));
        assertThat(ClipboardMessage.read(sent.bytes())).isEqualTo(new Provide(Optional.of("1\n2\n3\n4")));
    }

    @Test
    void whatFollowsTheTextIsLeftAlone() throws Exception {
        byte[] plain = hex("00000003 686900 00000004 7b5c727d");
        assertThat(ClipboardMessage.read(provide(0x10000003, plain))).isEqualTo(new Provide(Optional.of("hi")));
    }

    @Test
    void textThatIsTooLongIsNone() throws Exception {
        byte[] plain = new byte[4 + ClipboardMessage.MAX_TEXT + 1];
        ByteBuffer.wrap(plain).putInt(plain.length - 4);
        assertThat(ClipboardMessage.read(provide(0x10000001, plain))).isEqualTo(new Provide(Optional.empty()));
        assertThat(ClipboardMessage.read(provide(0x10000001, hex("ffffffff 41"))))
                .isEqualTo(new Provide(Optional.empty()));
    }

    /** A size within bounds must not be allocated before its bytes have come. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "010000",
                "00000001",
                "0a000001",
                "1f000001",
                "11000007 00000000",
                "10000001",
                "10000001 7801",
                "10000001 6162636465",
                "40000001"
            })
    void nonsenseIsRefused(String message) {
        assertThatThrownBy(() -> ClipboardMessage.read(hex(message))).isInstanceOf(ClipboardException.class);
        assertThatThrownBy(() -> ClipboardMessage.read(provide(0x10000001, hex("000fffff 41"))))
                .isInstanceOf(ClipboardException.class);
    }

    @Test
    void noiseIsReadOrRefused() {
        long seed = Long.getLong("seed", 5);
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] message = new Provide(Optional.of("some text, " + i)).bytes();
            for (int flips = random.nextInt(3); flips >= 0; flips--) {
                message[random.nextInt(message.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                ClipboardMessage read = ClipboardMessage.read(message);
                assertThat(read).as("seed %d", seed).isNotNull();
            } catch (ClipboardException e) {
                assertThat(e).as("seed %d", seed).hasMessageContaining("clipboard");
            }
        }
    }
}
