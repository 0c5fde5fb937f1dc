// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** TigerVNC's own viewer, on a virtual X screen, shows the picture as it is. */
@Tag("desktop")
@Timeout(60)
class TigerVncViewerTest {
    private static final int WIDTH = 400;
    private static final int HEIGHT = 240;

    private static final String DISPLAY =
            ":" + (90 + (int) (ProcessHandle.current().pid() % 50));

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"raw,false", "Hextile,false", "ZRLE,false", "ZRLE,true"})
    void theViewerShowsThePicture(String encoding, boolean secret) throws Exception {
        Path keep = Path.of(System.getProperty("picture.folder", folder.toString()));
        TestScreen screen = TestScreen.picture(WIDTH, HEIGHT);
        Process x = start("Xvfb", DISPLAY, "-screen", "0", "800x600x24");
        Path socket = Path.of("/tmp/.X11-unix/X" + DISPLAY.substring(1));
        for (int i = 0; i < 100 && !Files.exists(socket); i++) {
            Thread.sleep(100);
        }
        try (RfbServer server = new RfbServer(screen)) {
            int port =
                    server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), secret ? "hidden" : null);
            Path password = folder.resolve("passwd");
            Files.write(password, passwordFile("hidden"));
            Process viewer = start(
                    "xtigervncviewer",
                    "-PreferredEncoding=" + encoding,
                    "-AutoSelect=0",
                    "-passwd",
                    password.toString(),
                    "127.0.0.1::" + port);
            try {
                Path picture = keep.resolve("viewer-" + encoding + "-" + secret + ".ppm");
                boolean shown = false;
                for (int i = 0; i < 40 && !shown; i++) {
                    Thread.sleep(500);
                    run("import", "-window", "root", "-depth", "8", "ppm:" + picture);
                    shown = Files.exists(picture) && shows(picture, screen);
                }
                assertThat(shown).as("the picture is on the viewer's screen").isTrue();
                run(
                        "xdotool",
                        "search",
                        "--name",
                        "test picture",
                        "windowfocus",
                        "--sync",
                        "mousemove",
                        "100",
                        "100",
                        "click",
                        "1",
                        "key",
                        "a",
                        "key",
                        "Right");
                assertThat(screen.take(6)).contains("press 1e", "release 1e", "press cd", "release cd");
            } finally {
                viewer.destroy();
                viewer.waitFor();
            }
        } finally {
            x.destroy();
            x.waitFor();
        }
    }

    /** vncpasswd's file: DES with a key everybody knows. */
    private static byte[] passwordFile(String password) {
        byte[] plain = java.util.Arrays.copyOf(password.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1), 8);
        byte[] key = {23, 82, 107, 6, 35, 78, 88, 7};
        return Handshake.encrypt(plain, new String(key, java.nio.charset.StandardCharsets.ISO_8859_1));
    }

    private Process start(String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("DISPLAY", DISPLAY);
        return builder.redirectErrorStream(true)
                .redirectOutput(folder.resolve(command[0] + ".log").toFile())
                .start();
    }

    private void run(String... command) throws Exception {
        start(command).waitFor(20, TimeUnit.SECONDS);
    }

    /** Is the whole picture somewhere on the X screen, pixel by pixel? */
    private static boolean shows(Path ppm, TestScreen screen) throws IOException {
        dev.terrarium.engine.device.ScreenSource.Frame frame = new dev.terrarium.engine.device.ScreenSource.Frame();
        screen.capture(frame);
        try (InputStream file = Files.newInputStream(ppm);
                DataInputStream in = new DataInputStream(new java.io.BufferedInputStream(file))) {
            List<Integer> header = List.of(number(in), number(in), number(in));
            int width = header.get(0);
            int height = header.get(1);
            int[] pixels = new int[width * height];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = in.readUnsignedByte() << 16 | in.readUnsignedByte() << 8 | in.readUnsignedByte();
            }
            for (int top = 0; top + HEIGHT <= height; top++) {
                for (int left = 0; left + WIDTH <= width; left++) {
                    if (isAt(pixels, width, left, top, frame.pixels())) {
                        return true;
                    }
                }
            }
            return false;
        }
    }

    private static boolean isAt(int[] pixels, int width, int left, int top, int[] picture) {
        for (int y = 0; y < HEIGHT; y++) {
            int at = (top + y) * width + left;
            if (java.util.Arrays.mismatch(pixels, at, at + WIDTH, picture, y * WIDTH, y * WIDTH + WIDTH) >= 0) {
                return false;
            }
        }
        return true;
    }

    /** A number of a P6 header. */
    private static int number(DataInputStream in) throws IOException {
        int value = 0;
        int c = in.read();
        while (c == 'P' || c <= ' ') {
            if (c == 'P') {
                in.read();
            }
            c = in.read();
        }
        while (c > ' ') {
            value = value * 10 + c - '0';
            c = in.read();
        }
        return value;
    }
}
