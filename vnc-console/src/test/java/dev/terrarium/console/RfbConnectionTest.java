// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.tigervnc.rfb.Encodings;
import dev.terrarium.engine.clipboard.ClipboardMessage.Notify;
import dev.terrarium.engine.clipboard.ClipboardMessage.Provide;
import dev.terrarium.engine.clipboard.ClipboardMessage.Request;
import java.io.IOException;
import java.nio.IntBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine's RFB server and TigerVNC's decoders agree on every pixel. */
@Timeout(30)
class RfbConnectionTest {
    private static final int OPAQUE = 0xFF000000;

    static final class Peer implements RfbConnection.Listener, AutoCloseable {
        final CountDownLatch open = new CountDownLatch(1);
        final BlockingQueue<String> clipboard = new LinkedBlockingQueue<>();
        final RfbConnection connection;
        private final Thread reader;
        private IntBuffer buffer = IntBuffer.allocate(0);

        Peer(TestMachine machine, int encoding) throws Exception {
            connection = new RfbConnection(machine.openConsole(), this, encoding);
            reader = Thread.ofPlatform().start(() -> {
                try {
                    connection.run();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            assertThat(open.await(5, TimeUnit.SECONDS)).isTrue();
        }

        @Override
        public void opened() {
            open.countDown();
        }

        @Override
        public void changed() {}

        @Override
        public void bell() {}

        @Override
        public void clipboardOffered(boolean available) {
            clipboard.add(available ? "offered" : "gone");
        }

        @Override
        public void clipboardWanted() {
            clipboard.add("wanted");
        }

        @Override
        public void clipboardText(String text) {
            clipboard.add("text " + text);
        }

        /** Waits until the client shows this picture. */
        boolean shows(int width, int height, int[] expected) throws InterruptedException {
            if (buffer.capacity() != width * height) {
                buffer = IntBuffer.allocate(width * height);
            }
            int[] opaque =
                    java.util.Arrays.stream(expected).map(i -> i | OPAQUE).toArray();
            for (int i = 0; i < 300; i++) {
                connection.picture().takeInto(buffer, width, height);
                if (java.util.Arrays.equals(buffer.array(), opaque)) {
                    return true;
                }
                Thread.sleep(10);
            }
            return false;
        }

        @Override
        public void close() throws InterruptedException {
            connection.close();
            reader.join();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Encodings.encodingRaw, Encodings.encodingHextile, Encodings.encodingZRLE})
    void everyPictureArrivesExactly(int encoding) throws Exception {
        long seed = Long.getLong("seed", 20261120);
        Random random = new Random(seed);
        int[] start = TestMachine.picture(203, 131);
        try (TestMachine machine = new TestMachine(203, 131, start);
                Peer peer = new Peer(machine, encoding)) {
            assertThat(peer.shows(203, 131, start)).isTrue();
            int[] picture = start.clone();
            for (int round = 0; round < 40; round++) {
                int colours = 1 << random.nextInt(10);
                int x = random.nextInt(203);
                int y = random.nextInt(131);
                int w = 1 + random.nextInt(203 - x);
                int h = 1 + random.nextInt(131 - y);
                int run = 1 + random.nextInt(300);
                int colour = 0;
                for (int i = 0; i < w * h; i++) {
                    if (i % run == 0) {
                        colour = random.nextInt(colours) * 0x01F3A7 & 0xFFFFFF;
                    }
                    picture[(y + i / w) * 203 + x + i % w] = colour;
                }
                machine.show(203, 131, picture.clone());
                assertThat(peer.shows(203, 131, picture))
                        .as("round %d, seed %d", round, seed)
                        .isTrue();
            }
            int[] other = TestMachine.picture(640, 350);
            machine.show(640, 350, other);
            assertThat(peer.shows(640, 350, other)).isTrue();
        }
    }

    @Test
    void keysLightsAndPointerCross() throws Exception {
        int[] picture = TestMachine.picture(64, 64);
        try (TestMachine machine = new TestMachine(64, 64, picture);
                Peer peer = new Peer(machine, Encodings.encodingRaw)) {
            assertThat(peer.shows(64, 64, picture)).isTrue();
            assertThat(peer.connection.takesScanCodes()).isTrue();
            assertThat(peer.connection.lights()).isEqualTo(4);
            peer.connection.key(0xD3, true);
            peer.connection.key(0xD3, false);
            peer.connection.pointer(10, 10, 0);
            peer.connection.pointer(12, 9, 1);
            assertThat(machine.take(3)).containsExactly("press d3", "release d3", "move 2 -1 wheel 0 buttons 1");
        }
    }

    @Test
    void ourServerRefusesSizesAndShowsNoPointer() throws Exception {
        int[] picture = TestMachine.picture(64, 64);
        try (TestMachine machine = new TestMachine(64, 64, picture);
                Peer peer = new Peer(machine, Encodings.encodingRaw)) {
            assertThat(peer.shows(64, 64, picture)).isTrue();
            assertThat(peer.connection.pointerShape().width()).isZero();
            List<CompletableFuture<SizeAnswer>> answers = List.of(
                    peer.connection.requestSize(800, 600),
                    peer.connection.requestSize(1024, 768),
                    peer.connection.requestSize(1, 1));
            for (CompletableFuture<SizeAnswer> answer : answers) {
                assertThat(answer.get(5, TimeUnit.SECONDS)).isEqualTo(SizeAnswer.PROHIBITED);
            }
            assertThat(peer.shows(64, 64, picture)).isTrue();
        }
    }

    @Test
    void textPassesBetweenTwoConsoles() throws Exception {
        try (TestMachine machine = new TestMachine(64, 64, TestMachine.picture(64, 64));
                Peer one = new Peer(machine, Encodings.encodingRaw);
                Peer two = new Peer(machine, Encodings.encodingZRLE)) {
            assertThat(one.shows(64, 64, TestMachine.picture(64, 64))).isTrue();
            assertThat(two.shows(64, 64, TestMachine.picture(64, 64))).isTrue();
            one.connection.clipboard(new Notify(true));
            assertThat(two.clipboard.poll(5, TimeUnit.SECONDS)).isEqualTo("offered");
            two.connection.clipboard(new Request(true));
            assertThat(one.clipboard.poll(5, TimeUnit.SECONDS)).isEqualTo("wanted");
            String text = "\u0159\u00e1dek\n".repeat(10_000);
            one.connection.clipboard(new Provide(Optional.of(text)));
            assertThat(two.clipboard.poll(5, TimeUnit.SECONDS)).isEqualTo("text " + text);
        }
    }
}
