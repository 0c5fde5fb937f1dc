// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.Inflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class RfbServerTest {
    private final TestScreen screen = TestScreen.picture(200, 120);
    private final RfbServer server = new RfbServer(screen);

    @AfterEach
    void stop() {
        server.close();
    }

    private int listen(String password) throws TerrariumException {
        return server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), password);
    }

    @Test
    void everyVersionIsGreeted() throws Exception {
        int port = listen(null);
        try (RfbTestClient client = RfbTestClient.connect(port)) {
            assertThat(client.hello("RFB 003.003\n")).isEqualTo("RFB 003.008\n");
            assertThat(client.in().readInt()).isEqualTo(1);
            client.out().write(1);
            client.init();
        }
        try (RfbTestClient client = RfbTestClient.connect(port)) {
            client.hello("RFB 003.007\n");
            assertThat(client.in().readNBytes(2)).containsExactly(1, 1);
            client.out().write(1);
            client.out().write(1);
            client.init();
        }
        try (RfbTestClient client = RfbTestClient.connect(port)) {
            client.open();
        }
    }

    @Test
    void thePasswordIsChecked() throws Exception {
        int port = listen("secret");
        for (String password : new String[] {"secret", "Secret"}) {
            try (RfbTestClient client = RfbTestClient.connect(port)) {
                client.hello("RFB 003.008\n");
                assertThat(client.in().readNBytes(2)).containsExactly(1, 2);
                client.out().write(2);
                client.out().write(Handshake.encrypt(client.in().readNBytes(16), password));
                assertThat(client.in().readInt()).isEqualTo(password.equals("secret") ? 0 : 1);
                if (!password.equals("secret")) {
                    assertThat(new String(client.in().readNBytes(client.in().readInt()), StandardCharsets.UTF_8))
                            .isEqualTo("the password is wrong");
                    assertThat(client.ended()).isTrue();
                }
            }
        }
        try (RfbTestClient client = RfbTestClient.connect(port)) {
            client.hello("RFB 003.008\n");
            client.in().readNBytes(2);
            client.out().write(1);
            assertThat(client.in().readInt()).isEqualTo(1);
        }
    }

    @Test
    void aRawPictureIsExact() throws Exception {
        Random random = new Random(Long.getLong("seed", 7));
        int[] noise = random.ints(200 * 120).map(i -> i & 0xFFFFFF).toArray();
        screen.show(200, 120, noise);
        try (RfbTestClient client = RfbTestClient.connect(listen(null))) {
            client.open();
            client.request(false);
            int[] got = rawUpdate(client, new int[200 * 120]);
            assertThat(got).isEqualTo(noise);
            int[] next = noise.clone();
            next[5 * 200 + 150] ^= 0xFF;
            next[119 * 200 + 199] ^= 0xFF00;
            client.request(true);
            screen.show(200, 120, next);
            assertThat(rawUpdate(client, got)).isEqualTo(next);
        }
    }

    private static int[] rawUpdate(RfbTestClient client, int[] picture) throws IOException {
        assertThat(client.in().readUnsignedShort()).isZero();
        int count = client.in().readUnsignedShort();
        for (int i = 0; i < count; i++) {
            int x = client.in().readUnsignedShort();
            int y = client.in().readUnsignedShort();
            int width = client.in().readUnsignedShort();
            int height = client.in().readUnsignedShort();
            assertThat(client.in().readInt()).isZero();
            for (int row = y; row < y + height; row++) {
                for (int column = x; column < x + width; column++) {
                    picture[row * 200 + column] =
                            Integer.reverseBytes(client.in().readInt());
                }
            }
        }
        return picture;
    }

    @Test
    void pixelsComeInTheFormatAskedFor() throws Exception {
        int port = listen(null);
        int[] pixels = new int[200 * 120];
        pixels[0] = 0xFF8000;
        screen.show(200, 120, pixels);
        try (RfbTestClient client = RfbTestClient.connect(port)) {
            client.open();
            client.out().write(new byte[] {0, 0, 0, 0, 16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0});
            client.request(false);
            client.in().skipNBytes(16);
            assertThat(client.in().readUnsignedShort()).isEqualTo(31 << 11 | 32 << 5);
        }
        try (RfbTestClient client = RfbTestClient.connect(port)) {
            client.open();
            client.out().write(new byte[] {0, 0, 0, 0, 16, 15, 0, 1, 0, 31, 0, 31, 0, 31, 0, 5, 10, 0, 0, 0});
            client.request(false);
            client.in().skipNBytes(16);
            assertThat(Short.reverseBytes(client.in().readShort())).isEqualTo((short) (31 | 16 << 5));
        }
        try (RfbTestClient client = RfbTestClient.connect(port)) {
            client.open();
            client.out().write(new byte[] {0, 0, 0, 0, 8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
            client.request(false);
            assertThat(client.in().readInt()).isEqualTo(0x01000000);
            assertThat(client.in().readUnsignedShort()).isEqualTo(256);
            byte[] colours = client.in().readNBytes(256 * 6);
            client.in().skipNBytes(16);
            int index = client.in().readUnsignedByte();
            assertThat(colours[index * 6] & 0xFF).as("red").isEqualTo(255);
            assertThat(colours[index * 6 + 2] & 0xFF).as("green").isBetween(0x60, 0xA0);
            assertThat(colours[index * 6 + 4] & 0xFF).as("blue").isZero();
        }
        try (RfbTestClient client = RfbTestClient.connect(port)) {
            client.open();
            client.out().write(new byte[] {0, 0, 0, 0, 24, 24, 0, 1, 0, -1, 0, -1, 0, -1, 0, 8, 16, 0, 0, 0});
            assertThat(client.ended()).isTrue();
        }
    }

    @Test
    void zrleTilesInflateToWhatTheyAnnounce() throws Exception {
        try (RfbTestClient client = RfbTestClient.connect(listen(null))) {
            client.open();
            client.encodings(Encoding.ZRLE);
            client.request(false);
            assertThat(client.in().readInt()).isEqualTo(1);
            client.in().skipNBytes(8);
            assertThat(client.in().readInt()).isEqualTo(Encoding.ZRLE);
            byte[] packed = client.in().readNBytes(client.in().readInt());
            Inflater inflater = new Inflater();
            inflater.setInput(packed);
            byte[] plain = new byte[100_000];
            assertThat(inflater.inflate(plain)).isPositive().isLessThan(plain.length);
            assertThat(inflater.getRemaining()).isZero();
            inflater.end();
        }
    }

    @Test
    void keysAndPointerArrive() throws Exception {
        try (RfbTestClient client = RfbTestClient.connect(listen(null))) {
            client.open();
            key(client, 'A', true);
            key(client, 0xFFE3, true);
            client.out().write(new byte[] {(byte) 255, 0, 0, 1});
            client.out().writeInt(0xFFFF);
            client.out().writeInt(0xD3);
            pointer(client, 0, 50, 50);
            pointer(client, 1, 60, 45);
            pointer(client, 1 | 8, 60, 45);
            pointer(client, 0, 0, 45);
            assertThat(screen.take(6))
                    .containsExactly(
                            "press 1e",
                            "press 1d",
                            "press d3",
                            "move 10 -5 wheel 0 buttons 1",
                            "move 0 0 wheel 1 buttons 1",
                            "move -160 0 wheel 0 buttons 0");
        }
        assertThat(screen.take(3)).containsExactlyInAnyOrder("release 1e", "release 1d", "release d3");
    }

    private static void key(RfbTestClient client, int keysym, boolean down) throws IOException {
        client.out().writeInt(0x04000000 | (down ? 1 << 16 : 0));
        client.out().writeInt(keysym);
    }

    private static void pointer(RfbTestClient client, int mask, int x, int y) throws IOException {
        client.out().write(5);
        client.out().write(mask);
        client.out().writeShort(x);
        client.out().writeShort(y);
    }

    @Test
    void theExtensionsAreAnnounced() throws Exception {
        try (RfbTestClient client = RfbTestClient.connect(listen(null))) {
            client.open();
            client.encodings(
                    Encoding.QEMU_EXTENDED_KEY, Encoding.EXTENDED_DESKTOP_SIZE, Encoding.QEMU_LED_STATE, Encoding.RAW);
            client.request(false);
            assertThat(client.in().readInt()).isEqualTo(4);
            client.in().skipNBytes(8);
            assertThat(client.in().readInt()).isEqualTo(Encoding.QEMU_EXTENDED_KEY);
            client.in().skipNBytes(8);
            assertThat(client.in().readInt()).isEqualTo(Encoding.EXTENDED_DESKTOP_SIZE);
            client.in().skipNBytes(20);
            client.in().skipNBytes(8);
            assertThat(client.in().readInt()).isEqualTo(Encoding.QEMU_LED_STATE);
            assertThat(client.in().read()).isEqualTo(2);
            client.in().skipNBytes(12 + 4 * 200 * 120);
            client.request(true);
            screen.show(64, 32, new int[64 * 32]);
            assertThat(client.in().readInt()).isEqualTo(1);
            client.in().skipNBytes(4);
            assertThat(client.in().readInt()).isEqualTo(64 << 16 | 32);
        }
    }

    @Test
    void anIdleClientCostsNoCaptures() throws Exception {
        try (RfbTestClient client = RfbTestClient.connect(listen(null))) {
            client.open();
            client.request(false);
            rawUpdate(client, new int[200 * 120]);
            int before = screen.captures.get();
            Thread.sleep(200);
            assertThat(screen.captures.get()).isEqualTo(before);
        }
    }

    @Test
    void nonsenseEndsOnlyItsSender() throws Exception {
        int port = listen(null);
        try (RfbTestClient good = RfbTestClient.connect(port)) {
            good.open();
            Random random = new Random(Long.getLong("seed", 11));
            for (int i = 0; i < 200; i++) {
                try (RfbTestClient bad = RfbTestClient.connect(port)) {
                    bad.hello(i % 4 == 0 ? "GET / HTTP/1" : "RFB 003.008\n");
                    bad.socket().setSoTimeout(1000);
                    byte[] noise = new byte[64];
                    random.nextBytes(noise);
                    if (i % 4 > 1) {
                        bad.out().write(new byte[] {1, 1});
                    }
                    bad.out().write(noise);
                    bad.socket().shutdownOutput();
                    bad.in().readAllBytes();
                } catch (java.net.SocketException e) {
                    assertThat(e).as("a reset ends it too").hasMessageContaining("e");
                }
            }
            good.request(false);
            assertThat(rawUpdate(good, new int[200 * 120])).contains(0xFF00FF);
        }
        try (RfbTestClient greedy = RfbTestClient.connect(port)) {
            greedy.open();
            greedy.out().writeInt(0x06000000);
            greedy.out().writeInt(0x7FFFFFFF);
            assertThat(greedy.ended()).isTrue();
        }
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        int port = listen(null);
        assertThatThrownBy(() -> server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), null))
                .isInstanceOf(TerrariumException.class)
                .hasMessage("port " + port + " is in use: choose another or 0 for any free one");
    }

    @Test
    void noThreadIsLeft() throws Exception {
        int port = listen(null);
        RfbTestClient client = RfbTestClient.connect(port);
        client.open();
        client.request(false);
        RfbTestClient silent = RfbTestClient.connect(port);
        silent.in().readNBytes(12);
        server.close();
        assertThat(silent.ended()).isTrue();
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("rfb-"));
        client.close();
        silent.close();
    }
}
