// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.ConsoleStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a person does on a machine's serial line: keys go to the guest until Ctrl+]. */
final class SerialLine {
    static final int LEAVE_KEY = 0x1D;

    private static final Logger LOG = LoggerFactory.getLogger(SerialLine.class);

    private SerialLine() {}

    /**
     * Sends {@code input} to the guest until it ends or, on a terminal, Ctrl+] is pressed.
     *
     * @return was it Ctrl+]?
     */
    static boolean send(InputStream input, OutputStream guest, boolean terminal) throws IOException {
        byte[] buffer = new byte[1024];
        for (int count = input.read(buffer); count >= 0; count = input.read(buffer)) {
            int end = terminal ? leaveKey(buffer, count) : count;
            guest.write(buffer, 0, end);
            guest.flush();
            if (end < count) {
                return true;
            }
        }
        return false;
    }

    private static int leaveKey(byte[] buffer, int count) {
        for (int i = 0; i < count; i++) {
            if (buffer[i] == LEAVE_KEY) {
                return i;
            }
        }
        return count;
    }

    /** Sends {@code input} from a thread of its own, which ends with the process; {@code left} runs on Ctrl+]. */
    static void sendInBackground(InputStream input, ConsoleStream serial, boolean terminal, Runnable left) {
        Thread.ofPlatform().daemon().name("keys for the serial line").start(() -> {
            try {
                if (send(input, serial.output(), terminal)) {
                    left.run();
                }
            } catch (IOException e) {
                LOG.debug("the serial line closed: {}", e.getMessage());
            }
        });
    }

    /** Copies what the guest sends until the line closes. */
    static void receive(InputStream guest, OutputStream output) throws IOException {
        byte[] buffer = new byte[1 << 14];
        for (int count = guest.read(buffer); count >= 0; count = guest.read(buffer)) {
            output.write(buffer, 0, count);
            output.flush();
        }
    }
}
