// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.clipboard.ClipboardMessage;
import dev.terrarium.engine.clipboard.ClipboardMessage.Notify;
import dev.terrarium.engine.clipboard.ClipboardMessage.Provide;
import dev.terrarium.engine.clipboard.ClipboardMessage.Request;
import java.io.IOException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the client makes of a server's bytes, laid out by hand after the tables of RFC 6143 and rfbproto. */
@Timeout(20)
class RfbRepliesTest implements RfbConnection.Listener {
    private static final String LAYOUT = "01 000000 00000000 0000 0000 0008 0004 00000000";

    private final BlockingQueue<String> news = new LinkedBlockingQueue<>();
    private final CompletableFuture<String> end = new CompletableFuture<>();
    private final ScriptedServer server = new ScriptedServer();
    private final RfbConnection client = new RfbConnection(server.console(), this);

    @BeforeEach
    void open() throws Exception {
        Thread.ofPlatform().start(() -> {
            try {
                client.run();
                end.complete("closed");
            } catch (IOException e) {
                end.complete(String.valueOf(e.getMessage()));
            } catch (RuntimeException e) {
                end.completeExceptionally(e);
            }
        });
        try {
            server.open();
        } catch (AssertionError | IOException e) {
            throw new AssertionError("the console ended: " + end.getNow("not yet"), e);
        }
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        server.close();
    }

    @Override
    public void opened() {}

    @Override
    public void changed() {}

    @Override
    public void bell() {}

    @Override
    public void clipboardOffered(boolean available) {
        news.add("offered " + available);
    }

    @Override
    public void clipboardWanted() {
        news.add("wanted");
    }

    @Override
    public void clipboardText(String text) {
        news.add(text);
    }

    private String nextNews() throws InterruptedException {
        return String.valueOf(news.poll(10, TimeUnit.SECONDS));
    }

    private void offerSizes() throws IOException {
        server.update("0000 0000 0008 0004 fffffecc" + LAYOUT);
    }

    @Test
    void theExtensionsAreAskedFor() {
        assertThat(server.encodings).contains(-239, -314, -307, -308, -224, -258, -261, 0xC0A1E5CE);
    }

    @ParameterizedTest
    @CsvSource({"0,DONE", "1,PROHIBITED", "2,OUT_OF_RESOURCES", "3,INVALID_LAYOUT", "4,FORWARDED", "5,REFUSED"})
    void everyAnswerToASizeIsUnderstood(int status, SizeAnswer expected) throws Exception {
        offerSizes();
        CompletableFuture<SizeAnswer> answer = client.requestSize(1024, 768);
        assertThat(server.receive(24))
                .isEqualTo("fb00040003000100" + "00000000" + "0000" + "0000" + "0400" + "0300" + "00000000");
        server.update(String.format("0001 %04x 0400 0300 fffffecc", status) + LAYOUT);
        assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo(expected);
        assertThat(client.picture().width()).isEqualTo(status == 0 ? 1024 : 8);
        assertThat(end).as("the connection goes on").isNotDone();
    }

    @Test
    void anotherViewersSizeAnswersNothing() throws Exception {
        assertThat(client.requestSize(640, 480)).isCompletedWithValue(SizeAnswer.UNSUPPORTED);
        offerSizes();
        CompletableFuture<SizeAnswer> answer = client.requestSize(640, 480);
        server.receive(24);
        server.update("0002 0000 0320 0258 fffffecc" + LAYOUT);
        assertThat(client.picture().width()).isEqualTo(800);
        assertThat(answer).isNotDone();
        assertThat(client.requestSize(0, 480)).isCompletedWithValue(SizeAnswer.INVALID_LAYOUT);
        server.close();
        assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo(SizeAnswer.DISCONNECTED);
        assertThat(client.requestSize(640, 480)).isCompletedWithValue(SizeAnswer.DISCONNECTED);
    }

    @Test
    void pointersAreRead() throws Exception {
        assertThat(client.pointerShape()).isNull();
        server.update("0001 0000 0009 0001 ffffff11" + "30201000" + "ffffff00".repeat(7) + "4080ff00" + "8080");
        PointerShape masked = client.pointerShape();
        assertThat(masked.hotX()).isEqualTo(1);
        assertThat(masked.argb()).containsExactly(0xFF102030, 0, 0, 0, 0, 0, 0, 0, 0xFFFF8040);
        server.update("0000 0001 0001 0002 fffffec6 00000000" + "80402080" + "102030ff");
        PointerShape blended = client.pointerShape();
        assertThat(blended.hotY()).isEqualTo(1);
        assertThat(blended.argb()).containsExactly(0x80804020, 0xFF102030);
        server.update("0000 0000 0000 0000 ffffff11");
        assertThat(client.pointerShape().width()).isZero();
    }

    @Test
    void aNewNameIsTaken() throws Exception {
        server.update("0000 0000 0000 0000 fffffecd 00000005 6bc5afc588");
        assertThat(client.cp.name()).isEqualTo("k\u016f\u0148");
    }

    private void send(ClipboardMessage message) throws IOException {
        byte[] payload = message.bytes();
        server.send("03000000" + String.format("%08x", -payload.length)
                + HexFormat.of().formatHex(payload));
    }

    private ClipboardMessage receive() throws IOException {
        assertThat(server.receive(4)).isEqualTo("06000000");
        return ClipboardMessage.read(server.in.readNBytes(-server.in.readInt()));
    }

    @Test
    void theExtendedClipboardIsSpoken() throws Exception {
        client.clipboard(new Notify(true));
        server.send("03000000 fffffff8 1f000001 00000000");
        assertThat(server.receive(16))
                .as("nothing before, then what it can")
                .isEqualTo("06000000fffffff81f00000100000000");
        client.clipboard(new Notify(true));
        assertThat(receive()).isEqualTo(new Notify(true));
        send(new Request(true));
        assertThat(nextNews()).isEqualTo("wanted");
        client.clipboard(new Provide(Optional.of("\u2713")));
        assertThat(receive()).isEqualTo(new Provide(Optional.of("\u2713")));
        send(new Notify(true));
        assertThat(nextNews()).isEqualTo("offered true");
        client.clipboard(new Request(true));
        assertThat(receive()).isEqualTo(new Request(true));
        send(new Provide(Optional.of("theirs\nhere")));
        assertThat(nextNews()).isEqualTo("theirs\nhere");
    }

    @Test
    void aPlainClipboardIsLatin1AndALongOneIsLeftOut() throws Exception {
        server.send("03000000 00100001" + "41".repeat(ClipboardMessage.MAX_TEXT + 1));
        server.send("03000000 00000004 636166e9");
        assertThat(nextNews()).isEqualTo("caf\u00e9");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "03000000 80000000",
                "03000000 7fffffff",
                "03000000 fffffffc 40000000",
                "03000000 fffffff8 10000001 01020304",
                "00000001 0000 0000 0201 0001 ffffff11",
                "00000001 0000 0000 0001 ffff fffffec6 00000000",
                "00000001 0000 0000 0001 0001 fffffec6 00000007",
                "00000001 0000 0000 0000 0000 fffffecd ffffffff",
                "00000001 0000 0000 0000 0000 fffffecd 7fffffff",
                "00000001 0000 0000 ffff ffff fffffecc 00 000000"
            })
    void nonsenseEndsTheConnectionInAnOrderlyWay(String bytes) throws Exception {
        server.send(bytes);
        assertThat(end.get(10, TimeUnit.SECONDS)).isNotEqualTo("closed").isNotEqualTo("null");
    }
}
