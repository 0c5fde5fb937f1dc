// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.TerrariumException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class ControlTest {
    @TempDir
    Path folder;

    private final FakeMachine machine = new FakeMachine();
    private Path socket;
    private ControlServer server;
    private ControlClient client;

    @BeforeEach
    void serve() throws Exception {
        socket = folder.resolve("control.sock");
        server = ControlServer.start(machine, socket);
        client = new ControlClient(socket);
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void commandsArriveAndAnswersComeBack() throws Exception {
        client.command("shutdown");
        client.command("suspend");
        client.command("resume");
        client.sendKeys("ctrl-c");
        client.type("ä\n\"quoted\"");
        client.destroy();
        assertThat(machine.calls)
                .containsExactly("shutdown", "suspend", "resume", "keys ctrl-c", "type ä\n\"quoted\"", "destroy");
        assertThat(client.state()).contains(MachineState.PAUSED);
        assertThat(client.statistics()).isEqualTo(machine.statistics());
        assertThat(client.screenshot().pixels()).containsExactly(0x123456, 0xFFFEFD);
    }

    @Test
    void anErrorOfTheMachineIsTheClients() {
        assertThatThrownBy(() -> client.command("reset"))
                .isInstanceOf(TerrariumException.class)
                .hasMessage("no reset button: buy one");
        assertThatThrownBy(() -> client.command("dance")).hasMessageContaining("there is no command \"dance\"");
    }

    @Test
    void longWorkTellsItsProgressAndEndsWhenTheClientDoes() throws Exception {
        long[] last = {-1};
        client.save((done, total) -> {
            last[0] = done;
            return total == 10;
        });
        assertThat(last[0]).isGreaterThanOrEqualTo(0);
        assertThat(machine.calls).containsExactly("save");
        assertThatThrownBy(() -> client.save((done, total) -> false)).hasMessageContaining("cancelled");
    }

    @Test
    void aConsoleIsAStreamBothWays() throws Exception {
        try (ConsoleStream console = client.open("console")) {
            byte[] bytes = new byte[40_000];
            new Random(1).nextBytes(bytes);
            console.output().write(bytes);
            console.output().flush();
            assertThat(console.input().readNBytes(bytes.length)).isEqualTo(bytes);
        }
    }

    @Test
    void onlyTheOwnerMayConnectAndNothingStaysBehind() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
        server.close();
        assertThat(socket).doesNotExist();
        assertThat(client.state()).isEmpty();
        assertThatThrownBy(() -> client.command("resume")).isInstanceOf(TerrariumException.class);
    }

    @Test
    void aSocketThatWasLeftOverIsReplaced() throws Exception {
        server.close();
        Files.writeString(socket, "left over");
        server = ControlServer.start(machine, socket);
        assertThat(client.state()).contains(MachineState.PAUSED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "hello",
                "{",
                "[]",
                "null",
                "7",
                "{}",
                "{\"command\":7}",
                "{\"command\":{\"command\":\"destroy\"}}",
                "{\"command\":null}",
                "\u0000\u0001\u0002"
            })
    void whatIsNoRequestIsAnsweredAndTheConnectionGoesOn(String line) throws Exception {
        try (SocketChannel channel = connect()) {
            send(channel, line + "\n");
            assertThat(answer(channel)).contains("\"error\"").doesNotContain("\"ok\"");
            send(channel, "{\"command\":\"state\"}\n");
            assertThat(answer(channel)).contains("PAUSED");
        }
        assertThat(machine.calls).isEmpty();
    }

    @Test
    void aLineWithoutEndIsRefusedAndOthersAreServed() throws Exception {
        try (SocketChannel channel = connect()) {
            send(channel, "x".repeat(ControlServer.MAXIMUM_REQUEST_BYTES + 1));
            assertThat(answer(channel)).contains("longer than");
            assertThat(client.state()).isPresent();
        }
        try (SocketChannel deep = connect()) {
            send(deep, "[".repeat(60_000) + "\n");
            assertThat(answer(deep)).contains("error");
        }
        try (SocketChannel silent = connect()) {
            assertThat(silent.isConnected()).isTrue();
            assertThat(client.state()).isPresent();
        }
    }

    @Test
    void aPathLongerThanASocketAddressWorks() throws Exception {
        Path deep = folder.resolve("d".repeat(100)).resolve("e".repeat(100));
        Files.createDirectories(deep);
        Path path = deep.resolve("control.sock");
        try (ControlServer far = ControlServer.start(machine, path)) {
            assertThat(far).isNotNull();
            assertThat(new ControlClient(path).state()).contains(MachineState.PAUSED);
            try (ConsoleStream serial = new ControlClient(path).open("serial")) {
                serial.output().write('x');
                assertThat(serial.input().read()).isEqualTo('x');
            }
        }
        assertThat(path).doesNotExist();
    }

    private SocketChannel connect() throws Exception {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        return channel;
    }

    private static void send(SocketChannel channel, String text) throws Exception {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static String answer(SocketChannel channel) throws Exception {
        return String.valueOf(LineReader.read(Channels.newInputStream(channel), 1 << 16));
    }
}
