// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.ConsoleStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class StreamsTest {
    @Test
    void aPipeCarriesEveryByteInOrderWhateverThePieces() throws Exception {
        long seed = Long.getLong("seed", 20261120);
        Random random = new Random(seed);
        byte[] sent = new byte[200_000];
        random.nextBytes(sent);
        MemoryPipe pipe = new MemoryPipe(97);
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
            try {
                for (int done = 0; done < sent.length; ) {
                    int part = Math.min(sent.length - done, 1 + random.nextInt(300));
                    pipe.output().write(sent, done, part);
                    done += part;
                }
                pipe.output().close();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        assertThat(pipe.input().readAllBytes()).as("seed %d", seed).isEqualTo(sent);
        writer.join();
    }

    @Test
    void aClosedPipeGivesTheRestAndThenItsEnd() throws Exception {
        MemoryPipe pipe = new MemoryPipe(8);
        pipe.output().write(new byte[] {1, 2});
        pipe.close();
        assertThat(pipe.input().readAllBytes()).containsExactly(1, 2);
        assertThatThrownBy(() -> pipe.output().write(3)).isInstanceOf(IOException.class);
        assertThat(pipe.offer(new byte[] {3})).isZero();
    }

    @Test
    void closingWakesAWriterThatWaits() {
        MemoryPipe pipe = new MemoryPipe(1);
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
            assertThatThrownBy(() -> pipe.output().write(new byte[9])).isInstanceOf(IOException.class);
        });
        CompletableFuture.runAsync(pipe::close, CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS));
        writer.join();
    }

    @Test
    void anOfferTakesWhatFits() throws Exception {
        MemoryPipe pipe = new MemoryPipe(4);
        assertThat(pipe.offer(new byte[] {1, 2, 3})).isEqualTo(3);
        assertThat(pipe.input().read()).isEqualTo(1);
        assertThat(pipe.offer(new byte[] {4, 5, 6})).isEqualTo(2);
        assertThat(pipe.input().readNBytes(4)).containsExactly(2, 3, 4, 5);
    }

    private static void send(SerialHub hub, String text) {
        for (byte each : text.getBytes(StandardCharsets.US_ASCII)) {
            hub.fromGuest(each);
        }
    }

    @Test
    void watchersAndConnectionsGetWhatTheGuestSendsAndTheGuestWhatTheyType() throws Exception {
        LinkedBlockingQueue<String> typed = new LinkedBlockingQueue<>();
        ByteArrayOutputStream watcher = new ByteArrayOutputStream();
        SerialHub hub = new SerialHub("test", bytes -> typed.add(new String(bytes, StandardCharsets.US_ASCII)));
        hub.addWatcher(watcher);
        ConsoleStream early = hub.connect();
        send(hub, "hello ");
        assertThat(early.input().readNBytes(6))
                .asString(StandardCharsets.US_ASCII)
                .isEqualTo("hello ");
        ConsoleStream late = hub.connect();
        send(hub, "world");
        assertThat(late.input().readNBytes(11))
                .asString(StandardCharsets.US_ASCII)
                .isEqualTo("hello world");
        late.output().write("ls\r".getBytes(StandardCharsets.US_ASCII));
        assertThat(typed.take()).isEqualTo("ls\r");
        hub.close();
        assertThat(watcher).hasToString("hello world");
        assertThat(early.input().readAllBytes())
                .asString(StandardCharsets.US_ASCII)
                .isEqualTo("world");
        assertThatThrownBy(hub::connect).isInstanceOf(IOException.class);
    }

    @Test
    void aConnectionThatDoesNotReadHoldsNobodyUp() throws Exception {
        ByteArrayOutputStream watcher = new ByteArrayOutputStream();
        SerialHub hub = new SerialHub("test", bytes -> {});
        hub.addWatcher(watcher);
        try (ConsoleStream lazy = hub.connect()) {
            assertThat(lazy.input().available()).isZero();
            for (int i = 0; i < 1 << 20; i++) {
                hub.fromGuest('x');
            }
            hub.close();
        }
        assertThat(watcher.size()).isEqualTo(1 << 20);
    }
}
