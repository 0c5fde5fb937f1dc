// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.NetworkBackend;
import dev.terrarium.engine.device.NetworkFrame;
import dev.terrarium.engine.device.NetworkFrame.Segmentation;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The host's own Linux as a guest: a network namespace whose only card is the other end of a backend. Needs root and /dev/net/tun. */
final class NamespaceGuest implements NetworkBackend.Card, AutoCloseable {
    private static final Path RELAY = Path.of("src/test/resources/net/tap.py");
    private static final int HEADER = 10;

    private final NetworkBackend backend;
    private final boolean offload;
    private final Predicate<NetworkFrame> arrives;
    private final Process relay;
    private final OutputStream toGuest;
    private final Object board = new Object();

    /** Whether this host lets the test make a namespace and a card in it. */
    static boolean possible() throws IOException, InterruptedException {
        if (!Files.isWritable(Path.of("/dev/net/tun")) || !"root".equals(System.getProperty("user.name"))) {
            return false;
        }
        Process probe = new ProcessBuilder("unshare", "-n", "python3", RELAY.toString(), "probe")
                .redirectErrorStream(true)
                .start();
        finish(probe, 20);
        return probe.exitValue() == 0;
    }

    /** @param arrives whether a frame, either way, is not lost */
    NamespaceGuest(NetworkBackend backend, boolean offload, Predicate<NetworkFrame> arrives) throws IOException {
        this.backend = backend;
        this.offload = offload;
        this.arrives = arrives;
        List<String> command = new ArrayList<>(List.of("unshare", "-n", "python3", RELAY.toString()));
        if (offload) {
            command.add("offload");
        }
        relay = new ProcessBuilder(command).start();
        toGuest = new BufferedOutputStream(relay.getOutputStream(), 1 << 17);
        byte[] ready = relay.getErrorStream().readNBytes(6);
        assertThat(new String(ready, StandardCharsets.US_ASCII)).isEqualTo("ready\n");
        backend.connect(this);
        Thread.ofPlatform().daemon().name("frames of the namespace").start(this::fromGuest);
    }

    private void fromGuest() {
        try (DataInputStream in = new DataInputStream(relay.getInputStream())) {
            while (true) {
                int length = Integer.reverseBytes(in.readInt());
                byte[] bytes = in.readNBytes(length);
                ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
                byte[] frame = new byte[length - HEADER];
                System.arraycopy(bytes, HEADER, frame, 0, frame.length);
                boolean partial = (header.get(0) & 1) != 0;
                boolean cut = (header.get(1) & 0x7F) == 1;
                NetworkFrame sent = new NetworkFrame(
                        frame,
                        frame.length,
                        partial ? header.getShort(6) : -1,
                        partial ? header.getShort(8) : 0,
                        cut ? Segmentation.TCP_IPV4 : Segmentation.NONE,
                        cut ? header.getShort(4) : 0);
                if (arrives.test(sent)) {
                    synchronized (board) {
                        backend.send(sent);
                    }
                }
            }
        } catch (EOFException e) {
            // The namespace is gone.
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public boolean receive(NetworkFrame frame) {
        if (!arrives.test(frame)) {
            return true;
        }
        ByteBuffer head = ByteBuffer.allocate(4 + HEADER).order(ByteOrder.LITTLE_ENDIAN);
        head.putInt(HEADER + frame.length());
        head.put((byte) (frame.checksumStart() >= 0 ? 1 : 0));
        head.put((byte) (frame.segmentation() == Segmentation.TCP_IPV4 ? 1 : 0));
        head.putShort((short) (frame.segmentation() == Segmentation.NONE ? 0 : 54));
        head.putShort((short) frame.segmentBytes());
        head.putShort((short) Math.max(frame.checksumStart(), 0));
        head.putShort((short) frame.checksumOffset());
        try {
            toGuest.write(head.array());
            toGuest.write(frame.bytes(), 0, frame.length());
            toGuest.flush();
        } catch (IOException e) {
            // The namespace is gone.
            return true;
        }
        return true;
    }

    @Override
    public boolean takesUnfinishedFrames() {
        return offload;
    }

    /** Starts a command in the namespace. */
    Process start(String... command) throws IOException {
        List<String> words = new ArrayList<>(List.of("nsenter", "--net=/proc/" + namespaceProcess() + "/ns/net"));
        words.addAll(List.of(command));
        return new ProcessBuilder(words).redirectErrorStream(true).start();
    }

    private long namespaceProcess() {
        // unshare executes the command in its own process.
        return relay.pid();
    }

    /** What a command in the namespace prints; it ends well within the time. */
    String run(int seconds, String... command) throws IOException, InterruptedException {
        Process process = start(command);
        process.getOutputStream().close();
        String output = finish(process, seconds);
        assertThat(process.exitValue())
                .as("%s: %s", String.join(" ", command), output)
                .isZero();
        return output;
    }

    /** What a process prints until its end. */
    static String finish(Process process, int seconds) throws IOException, InterruptedException {
        Thread killer = Thread.ofVirtual().start(() -> {
            try {
                if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                // It ended.
            }
        });
        try (InputStream output = process.getInputStream()) {
            return new String(output.readAllBytes(), StandardCharsets.UTF_8);
        } finally {
            process.waitFor();
            killer.interrupt();
        }
    }

    /** Gives the card its address by hand. */
    void addAddress() throws IOException, InterruptedException {
        run(10, "ip", "addr", "add", "10.0.2.15/24", "dev", "tap0");
        run(10, "ip", "route", "add", "default", "via", "10.0.2.2");
    }

    @Override
    public void close() throws InterruptedException {
        relay.destroyForcibly();
        relay.waitFor();
    }
}
