// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.library.MemoryConsole;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;

/** The other end of a console that says what a test wants, byte by byte, over the engine's memory pipe. */
final class ScriptedServer implements AutoCloseable {
    private final ConsoleStream[] ends = MemoryConsole.pair();
    final DataInputStream in = new DataInputStream(ends[0].input());
    final DataOutputStream out = new DataOutputStream(ends[0].output());
    final Set<Integer> encodings = new HashSet<>();

    ConsoleStream console() {
        return ends[1];
    }

    /** The handshake, a screen of 8 by 4, and the client's first three messages. */
    void open() throws IOException {
        out.writeBytes("RFB 003.008\n");
        assertThat(new String(in.readNBytes(12), StandardCharsets.US_ASCII)).isEqualTo("RFB 003.008\n");
        send("01 01");
        assertThat(in.readUnsignedByte()).isEqualTo(1);
        send("00000000");
        in.readUnsignedByte();
        send("0008 0004 20 18 00 01 00ff 00ff 00ff 10 08 00 000000 00000004 6e616d65");
        assertThat(in.readNBytes(20)[0]).isZero();
        assertThat(in.readUnsignedShort()).isEqualTo(0x0200);
        int count = in.readUnsignedShort();
        for (int i = 0; i < count; i++) {
            encodings.add(in.readInt());
        }
        assertThat(in.readNBytes(10)[0]).isEqualTo((byte) 3);
    }

    void send(String digits) throws IOException {
        out.write(HexFormat.of().parseHex(digits.replace(" ", "")));
    }

    /** An update of one rectangle, and the client's request for the next. */
    void update(String rectangle) throws IOException {
        send("00 00 0001" + rectangle);
        assertThat(in.readNBytes(10)[0]).isEqualTo((byte) 3);
    }

    String receive(int count) throws IOException {
        return HexFormat.of().formatHex(in.readNBytes(count));
    }

    @Override
    public void close() throws IOException {
        ends[0].close();
    }
}
