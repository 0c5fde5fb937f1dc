// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.clipboard.ClipboardMessage;
import dev.terrarium.engine.clipboard.ClipboardMessage.Notify;
import dev.terrarium.engine.clipboard.ClipboardMessage.Provide;
import dev.terrarium.engine.clipboard.ClipboardMessage.Request;
import dev.terrarium.engine.device.CursorShape;
import dev.terrarium.engine.device.ScreenSource;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** TigerVNC's own viewer, on a virtual X screen, shows the picture as it is and takes what else the server says. */
@Tag("desktop")
@Timeout(60)
class TigerVncViewerTest {
    private static final int WIDTH = 200;
    private static final int HEIGHT = 120;

    @TempDir
    Path folder;

    private final TestScreen screen = TestScreen.picture(WIDTH, HEIGHT);
    private final RfbServer server = new RfbServer(screen);
    private VirtualDisplay display;
    private Path keep;

    @BeforeEach
    void openDisplay() throws Exception {
        keep = Path.of(System.getProperty("picture.folder", folder.toString()));
        display = new VirtualDisplay(keep);
    }

    @AfterEach
    void closeDisplay() throws Exception {
        display.close();
        server.close();
    }

    private int listen(String password) throws Exception {
        return server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), password);
    }

    private static void eventually(String what, Callable<Boolean> condition) throws Exception {
        boolean met = false;
        for (int i = 0; i < 80 && !met; i++) {
            Thread.sleep(250);
            met = condition.call();
        }
        assertThat(met).as(what).isTrue();
    }

    private void awaitPicture(String name) throws Exception {
        ScreenSource.Frame frame = new ScreenSource.Frame();
        screen.capture(frame);
        eventually("the picture is on the viewer's screen", () -> display.picture(name)
                .holds(frame.pixels(), WIDTH, HEIGHT));
    }

    private void focus() throws Exception {
        display.run("xdotool", "search", "--name", "test picture", "windowfocus", "--sync", "mousemove", "100", "60");
    }

    @ParameterizedTest
    @CsvSource({"raw,false", "Hextile,false", "ZRLE,false", "ZRLE,true"})
    void theViewerShowsThePicture(String encoding, boolean secret) throws Exception {
        Path password = folder.resolve("passwd");
        Files.write(password, passwordFile("hidden"));
        display.viewer(
                listen(secret ? "hidden" : null), "-PreferredEncoding=" + encoding, "-passwd", password.toString());
        awaitPicture("viewer-" + encoding + "-" + secret);
        focus();
        display.run("xdotool", "click", "1", "key", "a", "key", "Right");
        assertThat(screen.take(6)).contains("press 1e", "release 1e", "press cd", "release cd");
    }

    /** vncpasswd's file: DES with a key everybody knows. */
    private static byte[] passwordFile(String password) {
        byte[] plain = Arrays.copyOf(password.getBytes(StandardCharsets.ISO_8859_1), 8);
        byte[] key = {23, 82, 107, 6, 35, 78, 88, 7};
        return Handshake.encrypt(plain, new String(key, StandardCharsets.ISO_8859_1));
    }

    private CursorShape pointer() {
        try {
            return display.pointer();
        } catch (Throwable e) {
            throw new AssertionError("the pointer cannot be looked at", e);
        }
    }

    @Test
    void theViewerShowsNoSecondPointer() throws Exception {
        display.viewer(listen(null));
        awaitPicture("pointer");
        focus();
        eventually(
                "a pointer that cannot be seen",
                () -> Arrays.stream(pointer().argb()).allMatch(pixel -> pixel >>> 24 == 0));
        int[] red = new int[64];
        Arrays.fill(red, 0xFFFF0000);
        screen.cursor = new CursorShape(8, 8, 3, 5, red);
        eventually("the adapter's pointer", () -> pointer().equals(screen.cursor));
        screen.cursor = CursorShape.NONE;
        eventually("none again", () -> Arrays.stream(pointer().argb()).allMatch(pixel -> pixel >>> 24 == 0));
    }

    @Test
    void theViewerLivesWithARefusedSize() throws Exception {
        Process viewer = display.viewer(listen(null), "-Log=*:stderr:30");
        awaitPicture("before-resize");
        Path log = keep.resolve("xtigervncviewer.log");
        int[] looks = {0};
        eventually("the refusal is noticed", () -> {
            // it asks half a second after the last change of its window
            if (looks[0]++ % 8 == 0) {
                String width = Integer.toString(500 + looks[0]);
                display.run("xdotool", "search", "--name", "test picture", "windowsize", width, "400");
            }
            return Files.readString(log).contains("SetDesktopSize failed: 1");
        });
        awaitPicture("after-resize");
        focus();
        display.run("xdotool", "key", "a");
        assertThat(screen.take(2)).contains("press 1e");
        assertThat(viewer.isAlive()).isTrue();
    }

    @Test
    void theViewerSharesItsClipboard() throws Exception {
        int port = listen(null);
        display.viewer(port);
        awaitPicture("clipboard");
        focus();
        try (RfbTestClient peer = RfbTestClient.connect(port)) {
            peer.open();
            peer.encodings(ClipboardMessage.ENCODING);
            peer.receive();
            String copied = "zkop\u00edrov\u00e1no \u2713\nna dva \u0159\u00e1dky";
            display.holdClipboard(copied);
            List<ClipboardMessage> offers = new java.util.ArrayList<>();
            while (!offers.contains(new Notify(true))) {
                offers.add(peer.receive());
            }
            peer.send(new Request(true));
            assertThat(peer.receive()).isEqualTo(new Provide(Optional.of(copied)));
            peer.send(new Notify(true));
            assertThat(peer.receive()).isEqualTo(new Request(true));
            peer.send(new Provide(Optional.of("\u2190 back\nagain")));
            eventually(
                    "the text is on the X clipboard", () -> display.clipboard().equals("\u2190 back\nagain"));
        }
    }
}
