// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A connection to QEMU's monitor (QMP, docs/interop/qmp-spec of QEMU): one JSON object a line each way. */
final class QemuMonitor implements AutoCloseable {
    private final SocketChannel channel;
    private final BufferedReader answers;

    QemuMonitor(Path socket) throws BenchException, IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        answers = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        execute("qmp_capabilities");
    }

    /** Executes a command without arguments and waits until it is done; greeting and events are passed over. */
    void execute(String command) throws BenchException, IOException {
        ByteBuffer request = ByteBuffer.wrap(("{\"execute\":\"" + command + "\"}\n").getBytes(StandardCharsets.UTF_8));
        while (request.hasRemaining()) {
            channel.write(request);
        }
        String answer;
        while ((answer = answers.readLine()) != null) {
            if (answer.startsWith("{\"return\"")) {
                return;
            }
            if (answer.startsWith("{\"error\"")) {
                throw new BenchException("QEMU refuses \"" + command + "\": " + answer);
            }
        }
        throw new BenchException("QEMU closed its monitor at \"" + command + "\": see its messages");
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
