// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.clipboard.ClipboardMessage;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A viewer that says what the test wants, to a server of {@link TestScreen#picture} with 200 by 120 pixels. */
record RfbTestClient(Socket socket, DataInputStream in, DataOutputStream out) implements AutoCloseable {
    String hello(String version) throws IOException {
        String offered = new String(in.readNBytes(12), StandardCharsets.US_ASCII);
        out.writeBytes(version);
        return offered;
    }

    void open() throws IOException {
        hello("RFB 003.008\n");
        assertThat(in.readNBytes(2)).containsExactly(1, 1);
        out.write(1);
        assertThat(in.readInt()).isZero();
        out.write(1);
        init();
    }

    void init() throws IOException {
        assertThat(in.readUnsignedShort()).isEqualTo(200);
        assertThat(in.readUnsignedShort()).isEqualTo(120);
        assertThat(in.readNBytes(16)).hasSize(16);
        assertThat(new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8))
                .isEqualTo("test picture");
    }

    void encodings(int... numbers) throws IOException {
        out.writeShort(0x0200);
        out.writeShort(numbers.length);
        for (int number : numbers) {
            out.writeInt(number);
        }
    }

    void request(boolean incremental) throws IOException {
        out.write(3);
        out.write(incremental ? 1 : 0);
        out.writeInt(0);
        out.writeShort(0xFFFF);
        out.writeShort(0xFFFF);
    }

    void send(ClipboardMessage message) throws IOException {
        byte[] payload = message.bytes();
        out.writeInt(0x06000000);
        out.writeInt(-payload.length);
        out.write(payload);
    }

    ClipboardMessage receive() throws IOException {
        assertThat(in.readInt()).isEqualTo(0x03000000);
        int length = in.readInt();
        assertThat(length).isNegative();
        return ClipboardMessage.read(in.readNBytes(-length));
    }

    boolean ended() throws IOException {
        try {
            return in.read() < 0;
        } catch (java.net.SocketException e) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    static RfbTestClient connect(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(10_000);
        return new RfbTestClient(
                socket, new DataInputStream(socket.getInputStream()), new DataOutputStream(socket.getOutputStream()));
    }
}
