// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.clipboard.ClipboardMessage;
import dev.terrarium.engine.clipboard.ClipboardMessage.Capabilities;
import dev.terrarium.engine.clipboard.ClipboardMessage.Notify;
import dev.terrarium.engine.clipboard.ClipboardMessage.Peek;
import dev.terrarium.engine.clipboard.ClipboardMessage.Provide;
import dev.terrarium.engine.clipboard.ClipboardMessage.Request;
import dev.terrarium.engine.device.CursorShape;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pointer shape, name, refused sizes and the clipboard between viewers. */
@Timeout(20)
class RfbExtensionsTest {
    private final TestScreen screen = TestScreen.picture(200, 120);
    private final RfbServer server = new RfbServer(screen);
    private int port;

    @BeforeEach
    void listen() throws Exception {
        port = server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), null);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private RfbTestClient open(int... encodings) throws IOException {
        RfbTestClient client = RfbTestClient.connect(port);
        client.open();
        client.encodings(encodings);
        return client;
    }

    /** Reads an update's head and the head of its first rectangle; returns that rectangle's place. */
    private static int[] update(RfbTestClient client, int rectangles, int encoding) throws IOException {
        assertThat(client.in().readInt()).as("rectangles").isEqualTo(rectangles);
        return rectangle(client, encoding);
    }

    private static int[] rectangle(RfbTestClient client, int encoding) throws IOException {
        int[] place = new int[4];
        for (int i = 0; i < 4; i++) {
            place[i] = client.in().readUnsignedShort();
        }
        assertThat(client.in().readInt()).as("encoding").isEqualTo(encoding);
        return place;
    }

    @Test
    void whoeverAsksForTheCursorIsToldOnceThatTheGuestDrawsIt() throws Exception {
        try (RfbTestClient client = open(Encoding.CURSOR)) {
            client.request(false);
            assertThat(update(client, 2, Encoding.CURSOR)).containsExactly(0, 0, 0, 0);
            rectangle(client, Encoding.RAW);
            client.in().skipNBytes(4 * 200 * 120);
            client.encodings(Encoding.CURSOR);
            client.request(true);
            screen.cursor = new CursorShape(2, 1, 1, 0, new int[] {0xFF00FF00, 0x00FFFFFF});
            assertThat(update(client, 1, Encoding.CURSOR)).containsExactly(1, 0, 2, 1);
            assertThat(client.in().readNBytes(9)).containsExactly(0, 0xFF, 0, 0, 0xFF, 0xFF, 0xFF, 0, 0x80);
        }
    }

    @Test
    void alphaIsPreferred() throws Exception {
        screen.cursor = new CursorShape(1, 1, 0, 0, new int[] {0x80FF0000});
        try (RfbTestClient client = open(Encoding.CURSOR, Encoding.CURSOR_WITH_ALPHA)) {
            client.request(false);
            update(client, 2, Encoding.CURSOR_WITH_ALPHA);
            assertThat(client.in().readNBytes(8)).containsExactly(0, 0, 0, 0, 0x80, 0, 0, 0x80);
        }
    }

    @Test
    void aNewNameIsTold() throws Exception {
        try (RfbTestClient client = open(Encoding.DESKTOP_NAME)) {
            client.request(false);
            update(client, 1, Encoding.RAW);
            client.in().skipNBytes(4 * 200 * 120);
            client.request(true);
            screen.name = "renamed";
            update(client, 1, Encoding.DESKTOP_NAME);
            assertThat(new String(client.in().readNBytes(client.in().readInt()), StandardCharsets.UTF_8))
                    .isEqualTo("renamed");
        }
    }

    @Test
    void aSizeIsRefused() throws Exception {
        try (RfbTestClient client = open(Encoding.EXTENDED_DESKTOP_SIZE)) {
            client.request(false);
            update(client, 2, Encoding.EXTENDED_DESKTOP_SIZE);
            client.in().skipNBytes(20);
            rectangle(client, Encoding.RAW);
            client.in().skipNBytes(4 * 200 * 120);
            client.out().write(new byte[] {(byte) 251, 0, 3, 0, 2, 88, 1, 0});
            client.out().write(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 2, 88, 0, 0, 0, 0});
            client.request(true);
            assertThat(update(client, 1, Encoding.EXTENDED_DESKTOP_SIZE)).containsExactly(1, 1, 200, 120);
        }
    }

    private static String plain(RfbTestClient client) throws IOException {
        assertThat(client.in().readInt()).isEqualTo(0x03000000);
        return new String(client.in().readNBytes(client.in().readInt()), StandardCharsets.ISO_8859_1);
    }

    private static void plain(RfbTestClient client, String text) throws IOException {
        client.out().writeInt(0x06000000);
        client.out().writeInt(text.length());
        client.out().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private RfbTestClient extended() throws IOException {
        RfbTestClient client = open(ClipboardMessage.ENCODING);
        assertThat(client.receive()).isEqualTo(Capabilities.OURS);
        return client;
    }

    @Test
    void textIsFetchedOnlyWhenAnotherViewerWantsIt() throws Exception {
        try (RfbTestClient one = extended();
                RfbTestClient two = extended()) {
            one.send(new Notify(true));
            assertThat(two.receive()).isEqualTo(new Notify(true));
            for (int i = 0; i < 2; i++) {
                one.send(new Peek());
                assertThat(one.receive()).as("nothing is asked of the owner").isEqualTo(new Notify(false));
            }
            two.send(new Request(true));
            assertThat(one.receive()).isEqualTo(new Request(true));
            Provide text = new Provide(Optional.of("p\u0159\u00edklad\n\u2713"));
            one.send(text);
            assertThat(two.receive()).isEqualTo(text);
            two.send(new Request(true));
            assertThat(two.receive()).as("kept").isEqualTo(text);
            try (RfbTestClient late = extended()) {
                assertThat(late.receive()).isEqualTo(new Notify(true));
            }
            one.send(new Notify(false));
            assertThat(two.receive()).isEqualTo(new Notify(false));
            two.send(new Request(true));
            assertThat(two.receive()).as("gone").isEqualTo(new Notify(false));
        }
    }

    @Test
    void plainViewersTakePart() throws Exception {
        try (RfbTestClient plain = open(Encoding.RAW);
                RfbTestClient two = extended()) {
            plain(plain, "caf\u00e9\r\n");
            assertThat(two.receive()).isEqualTo(new Notify(true));
            two.send(new Request(true));
            assertThat(two.receive()).isEqualTo(new Provide(Optional.of("caf\u00e9\n")));
            two.send(new Notify(true));
            assertThat(two.receive()).as("for the viewer that cannot ask").isEqualTo(new Request(true));
            two.send(new Provide(Optional.of("\u20ac 5")));
            assertThat(plain(plain)).isEqualTo("? 5");
        }
    }

    @Test
    void anOwnerThatLeavesTakesItsUnreadTextAlong() throws Exception {
        try (RfbTestClient two = extended()) {
            try (RfbTestClient one = extended()) {
                one.send(new Notify(true));
                assertThat(two.receive()).isEqualTo(new Notify(true));
            }
            assertThat(two.receive()).isEqualTo(new Notify(false));
        }
    }

    @Test
    void aViewerThatCannotBeAskedOwnsNothing() throws Exception {
        try (RfbTestClient one = extended();
                RfbTestClient two = extended()) {
            one.send(new Capabilities(java.util.Set.of(), true, 0));
            one.send(new Notify(true));
            two.send(new Request(true));
            assertThat(two.receive()).isEqualTo(new Notify(false));
        }
    }

    @Test
    void longTextIsSkippedAndNonsenseEndsItsSender() throws Exception {
        try (RfbTestClient one = extended();
                RfbTestClient two = extended()) {
            plain(one, "x".repeat(ClipboardMessage.MAX_TEXT + 1));
            one.out().writeInt(0x06000000);
            one.out().writeInt(-(ClipboardMessage.MAX_LENGTH + 1));
            one.out().write(new byte[ClipboardMessage.MAX_LENGTH + 1]);
            one.send(new Peek());
            assertThat(one.receive()).as("still there").isEqualTo(new Notify(false));
            two.send(new Request(true));
            assertThat(two.receive()).isEqualTo(new Notify(false));
            one.out().writeInt(0x06000000);
            one.out().writeInt(Integer.MIN_VALUE);
            assertThat(one.ended()).isTrue();
            try (RfbTestClient three = open(Encoding.RAW)) {
                three.send(new Peek());
                assertThat(three.ended()).as("not agreed on").isTrue();
            }
            two.send(new Peek());
            assertThat(two.receive()).isEqualTo(new Notify(false));
        }
    }
}
