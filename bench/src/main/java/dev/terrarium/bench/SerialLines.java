// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A machine's serial line as lines of text, each with the host's time at which its end was read. */
final class SerialLines {
    private static final int REMEMBERED = 6;
    private static final String FAILED = "FAILED ";
    private static final String REFUSED = TerrariumProcess.REFUSED + " ";

    /**
     * One line.
     *
     * @param nanos {@link System#nanoTime} when its end was read
     */
    record Line(String text, long nanos, boolean end) {}

    private final BlockingQueue<Line> lines = new LinkedBlockingQueue<>();
    private final Deque<String> recent = new ArrayDeque<>();
    private final OutputStream output;

    /**
     * @param input is read by a thread of its own until it ends
     * @param output takes commands
     */
    SerialLines(String name, InputStream input, OutputStream output) {
        this.output = output;
        Thread.ofPlatform().daemon().name("serial line of " + name).start(() -> read(input));
    }

    private void read(InputStream input) {
        StringBuilder line = new StringBuilder();
        byte[] buffer = new byte[4096];
        String reason = "the line was closed";
        try {
            int count;
            while ((count = input.read(buffer)) >= 0) {
                long now = System.nanoTime();
                for (char character : new String(buffer, 0, count, StandardCharsets.ISO_8859_1).toCharArray()) {
                    if (character == '\n') {
                        lines.add(new Line(line.toString().strip(), now, false));
                        line.setLength(0);
                    } else {
                        line.append(character);
                    }
                }
            }
        } catch (IOException e) {
            reason = String.valueOf(e.getMessage());
        }
        lines.add(new Line(reason, System.nanoTime(), true));
    }

    void send(String command) throws IOException {
        output.write((command + "\n").getBytes(StandardCharsets.ISO_8859_1));
        output.flush();
    }

    /**
     * Waits for a line that starts so; what comes before it is dropped.
     *
     * @throws BenchException if the guest says that it failed, the line ends, or the time is up
     */
    Line await(String prefix, Duration timeout) throws BenchException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (true) {
            Line line = lines.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (line == null) {
                throw new BenchException("no \"" + prefix + "\" within " + timeout.toSeconds()
                        + " s; the guest's last words: " + recent);
            }
            if (line.end()) {
                throw new BenchException(
                        "it ended (" + line.text() + ") before \"" + prefix + "\"; its last words: " + recent);
            }
            if (line.text().startsWith(prefix)) {
                return line;
            }
            if (line.text().startsWith(FAILED)) {
                throw new BenchException("the guest says " + line.text() + "; before that: " + recent);
            }
            if (line.text().startsWith(REFUSED)) {
                throw new BenchException(line.text().substring(REFUSED.length()));
            }
            remember(line.text());
        }
    }

    private void remember(String text) {
        if (!text.isEmpty()) {
            recent.add(text);
            if (recent.size() > REMEMBERED) {
                recent.remove();
            }
        }
    }
}
