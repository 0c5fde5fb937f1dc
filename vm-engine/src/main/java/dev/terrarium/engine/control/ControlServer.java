// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.control;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves one running machine's {@code control.sock}, mode 0600. A request is {@code {"command": NAME, ...}}; the answer
 * {@code {"ok": true, ...}} or {@code {"error": LINE}}. After the answers to {@code console} and {@code serial} the
 * connection carries the stream itself.
 */
public final class ControlServer implements AutoCloseable {
    static final int MAXIMUM_REQUEST_BYTES = 1 << 16;
    private static final long PROGRESS_NANOS = 100_000_000;
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final VirtualMachine machine;
    private final Path path;
    private final ServerSocketChannel server;

    private ControlServer(VirtualMachine machine, Path path, ServerSocketChannel server) {
        this.machine = machine;
        this.path = path;
        this.server = server;
    }

    /**
     * Starts to serve; the caller holds the machine's lock, so a socket that exists is left over.
     *
     * @throws TerrariumException if the socket cannot be made
     */
    public static ControlServer start(VirtualMachine machine, Path path) throws TerrariumException {
        try (SocketPath address = SocketPath.of(path)) {
            Files.deleteIfExists(path);
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                server.bind(address.address());
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            } catch (IOException e) {
                server.close();
                throw e;
            }
            ControlServer control = new ControlServer(machine, path, server);
            Thread.ofVirtual().name("control of " + machine.name()).start(control::accept);
            return control;
        } catch (IOException e) {
            throw new TerrariumException(
                    path + " cannot be made (" + e.getMessage()
                            + "): keep the home folder on a local file system, and check its permissions",
                    e);
        }
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                SocketChannel connection = server.accept();
                Thread.ofVirtual().name("control client of " + machine.name()).start(() -> serve(connection));
            } catch (java.nio.channels.ClosedChannelException e) {
                return;
            } catch (IOException e) {
                LOG.warn("{}: accepting a control connection", machine.name(), e);
                return;
            }
        }
    }

    private void serve(SocketChannel connection) {
        try (connection) {
            InputStream input = Channels.newInputStream(connection);
            OutputStream output = Channels.newOutputStream(connection);
            while (true) {
                ObjectNode answer = JSON.createObjectNode();
                String line;
                try {
                    line = LineReader.read(input, MAXIMUM_REQUEST_BYTES);
                } catch (LineReader.LineTooLongException e) {
                    answer.put("error", "the request is longer than " + MAXIMUM_REQUEST_BYTES + " bytes: send less");
                    send(output, answer);
                    return;
                }
                if (line == null) {
                    return;
                }
                ConsoleStream stream = null;
                try {
                    stream = execute(JSON.readTree(line), answer, output);
                    answer.put("ok", true);
                } catch (TerrariumException e) {
                    answer.put("error", e.getMessage());
                } catch (JacksonException e) {
                    answer.put("error", "the request is not JSON: send one object a line");
                }
                send(output, answer);
                if (stream != null) {
                    relay(stream, input, output);
                    return;
                }
            }
        } catch (IOException e) {
            LOG.debug("{}: a control connection ended: {}", machine.name(), e.getMessage());
        }
    }

    private static void send(OutputStream output, ObjectNode answer) throws IOException {
        output.write((answer + "\n").getBytes(StandardCharsets.UTF_8));
        output.flush();
    }

    private @org.jspecify.annotations.Nullable ConsoleStream execute(
            JsonNode request, ObjectNode answer, OutputStream output) throws TerrariumException {
        String command = request.path("command").asText();
        switch (command) {
            case "shutdown" -> machine.pressPowerButton();
            case "destroy" -> machine.forceOff();
            case "reset" -> machine.reset();
            case "suspend" -> machine.pause();
            case "resume" -> machine.resume();
            case "save" -> machine.save(progress(request, output));
            case "snapshot-create" -> {
                Snapshot.Request wanted = new Snapshot.Request(
                        request.path("name").asText(),
                        request.path("description").asText(),
                        request.path("memory").asBoolean(true),
                        request.path("internal").asBoolean() ? Snapshot.Storage.INTERNAL : Snapshot.Storage.OVERLAY);
                Snapshot made = machine.snapshots().create(wanted, progress(request, output));
                answer.put("id", made.id().toString());
            }
            case "snapshot-revert" ->
                machine.snapshots().revert(request.path("name").asText(), progress(request, output));
            case "snapshot-delete" ->
                machine.snapshots().delete(request.path("name").asText(), progress(request, output));
            case "snapshot-edit" ->
                machine.snapshots()
                        .edit(
                                request.path("name").asText(),
                                request.path("newName").asText(),
                                request.path("description").asText());
            case "snapshot-removal" -> {
                Snapshot.Removal removal =
                        machine.snapshots().removal(request.path("name").asText());
                answer.put("freedBytes", removal.freedBytes());
                answer.put("mergedBytes", removal.mergedBytes());
                removal.removed().forEach(file -> answer.withArray("removed").add(file.toString()));
                removal.kept().ifPresent(why -> answer.put("kept", why));
            }
            case "state" -> {
                answer.put("state", machine.state().name());
                machine.pauseReason().ifPresent(reason -> answer.put("pauseReason", reason));
            }
            case "stats" -> answer.set("stats", JSON.valueToTree(machine.statistics()));
            case "send-key" -> machine.sendKeys(request.path("keys").asText());
            case "balloon" -> machine.setBalloon(request.path("bytes").asLong());
            case "type" -> machine.type(request.path("text").asText());
            case "screenshot" -> {
                var shot = machine.screenshot();
                byte[] bytes = new byte[shot.width() * shot.height() * 3];
                for (int i = 0; i < shot.width() * shot.height(); i++) {
                    int pixel = shot.pixels()[i];
                    bytes[3 * i] = (byte) (pixel >> 16);
                    bytes[3 * i + 1] = (byte) (pixel >> 8);
                    bytes[3 * i + 2] = (byte) pixel;
                }
                answer.put("width", shot.width());
                answer.put("height", shot.height());
                answer.put("rgb", Base64.getEncoder().encodeToString(bytes));
            }
            case "console" -> {
                return machine.openConsole();
            }
            case "serial" -> {
                return machine.openSerial();
            }
            default -> throw new TerrariumException("there is no command \"" + command + "\": see docs/control.md");
        }
        return null;
    }

    /** Lines about the progress for a client that asks for them; a client that is gone ends the work. */
    private Progress progress(JsonNode request, OutputStream output) {
        if (!request.path("progress").asBoolean()) {
            return Progress.NONE;
        }
        long[] last = {System.nanoTime() - PROGRESS_NANOS};
        return (done, total) -> {
            long now = System.nanoTime();
            if (now - last[0] < PROGRESS_NANOS) {
                return true;
            }
            last[0] = now;
            ObjectNode line = JSON.createObjectNode();
            line.putObject("progress").put("done", done).put("total", total);
            try {
                send(output, line);
                return true;
            } catch (IOException e) {
                LOG.info("{}: who asked for long work is gone, it is given up", machine.name());
                return false;
            }
        };
    }

    private static void relay(ConsoleStream stream, InputStream input, OutputStream output) throws IOException {
        try (stream) {
            Thread toClient = Thread.ofVirtual().start(() -> {
                try {
                    copy(stream.input(), output);
                    output.close();
                } catch (IOException e) {
                    LOG.debug("a console connection ended: {}", e.getMessage());
                }
            });
            copy(input, stream.output());
            toClient.interrupt();
        }
    }

    private static void copy(InputStream from, OutputStream to) throws IOException {
        byte[] buffer = new byte[1 << 16];
        for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
            to.write(buffer, 0, count);
            to.flush();
        }
    }

    @Override
    public void close() {
        try {
            server.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn("{}: closing the control socket", machine.name(), e);
        }
    }
}
