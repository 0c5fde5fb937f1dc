// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.TerrariumException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Speaks to the process that runs a machine; one connection a request. */
public final class ControlClient {
    private static final int MAXIMUM_ANSWER_BYTES = 1 << 28;
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Logger LOG = LoggerFactory.getLogger(ControlClient.class);
    private static final long PATIENCE_MILLIS = 5000;

    private final Path socket;

    public ControlClient(Path socket) {
        this.socket = socket;
    }

    private record Connection(SocketChannel channel, InputStream input, OutputStream output) implements ConsoleStream {
        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private Connection connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try (SocketPath address = SocketPath.of(socket)) {
            channel.connect(address.address());
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        return new Connection(
                channel, new BufferedInputStream(Channels.newInputStream(channel)), Channels.newOutputStream(channel));
    }

    private JsonNode ask(Connection connection, ObjectNode request) throws IOException, TerrariumException {
        connection.output.write((request + "\n").getBytes(StandardCharsets.UTF_8));
        connection.output.flush();
        return answer(connection);
    }

    private static JsonNode answer(Connection connection) throws IOException, TerrariumException {
        String line = LineReader.read(connection.input, MAXIMUM_ANSWER_BYTES);
        if (line == null) {
            throw new ConnectionClosedException();
        }
        JsonNode answer = JSON.readTree(line);
        if (answer.has("error")) {
            throw new TerrariumException(answer.get("error").asText());
        }
        return answer;
    }

    /** As {@link #ask(ObjectNode)}, for what is answered at once: a process that hangs does not hang this one. */
    private JsonNode askBriefly(ObjectNode request) throws TerrariumException {
        try (Connection connection = connect()) {
            CompletableFuture<Void> guard = CompletableFuture.runAsync(
                    () -> closeQuietly(connection),
                    CompletableFuture.delayedExecutor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS));
            try {
                return ask(connection, request);
            } finally {
                guard.cancel(false);
            }
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    private static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (IOException e) {
            LOG.debug("closing a control connection", e);
        }
    }

    private JsonNode ask(ObjectNode request) throws TerrariumException {
        try (Connection connection = connect()) {
            return ask(connection, request);
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    private TerrariumException unreachable(IOException e) {
        return new TerrariumException(
                "the process that runs the machine does not answer on " + socket + " (" + e.getMessage()
                        + "): see whether it hangs",
                e);
    }

    private static ObjectNode request(String command) {
        return JSON.createObjectNode().put("command", command);
    }

    private static final class ConnectionClosedException extends TerrariumException {
        private static final long serialVersionUID = 1L;

        ConnectionClosedException() {
            super("the process that runs the machine closed the connection: try again");
        }
    }

    /** Sends a command without arguments: shutdown, reset, suspend, resume. */
    public void command(String name) throws TerrariumException {
        ask(request(name));
    }

    /** Cuts the machine's power. A headless process ends with its machine, perhaps before it has answered. */
    public void destroy() throws TerrariumException {
        try {
            ask(request("destroy"));
        } catch (ConnectionClosedException e) {
            LOG.debug("the process ended with its machine");
        }
    }

    /** As {@link #ask(ObjectNode)}, for long work that says how far it is; hanging up ends it. */
    private JsonNode ask(ObjectNode request, Progress progress) throws TerrariumException {
        try (Connection connection = connect()) {
            JsonNode answer = ask(connection, request.put("progress", true));
            while (answer.has("progress")) {
                JsonNode now = answer.path("progress");
                if (!progress.at(now.path("done").asLong(), now.path("total").asLong())) {
                    throw new TerrariumException("it was cancelled: start it again");
                }
                answer = answer(connection);
            }
            return answer;
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    /** Saves the machine. A headless process ends with its machine, perhaps before it has answered. */
    public void save(Progress progress) throws TerrariumException {
        try {
            ask(request("save"), progress);
        } catch (ConnectionClosedException e) {
            LOG.debug("the process ended with its machine");
        }
    }

    /** Takes a snapshot, and returns its id. */
    public String createSnapshot(Snapshot.Request wanted, Progress progress) throws TerrariumException {
        ObjectNode request = request("snapshot-create")
                .put("name", wanted.name())
                .put("description", wanted.description())
                .put("memory", wanted.memory())
                .put("internal", wanted.storage() == Snapshot.Storage.INTERNAL);
        return ask(request, progress).path("id").asText();
    }

    public void revertSnapshot(String name, Progress progress) throws TerrariumException {
        ask(request("snapshot-revert").put("name", name), progress);
    }

    public void deleteSnapshot(String name, Progress progress) throws TerrariumException {
        ask(request("snapshot-delete").put("name", name), progress);
    }

    public void editSnapshot(String name, String newName, String description) throws TerrariumException {
        ask(request("snapshot-edit").put("name", name).put("newName", newName).put("description", description));
    }

    public Snapshot.Removal snapshotRemoval(String name) throws TerrariumException {
        JsonNode answer = ask(request("snapshot-removal").put("name", name));
        List<Path> removed = new ArrayList<>();
        answer.path("removed").forEach(file -> removed.add(Path.of(file.asText())));
        return new Snapshot.Removal(
                answer.path("freedBytes").asLong(),
                answer.path("mergedBytes").asLong(),
                removed,
                Optional.ofNullable(answer.path("kept").textValue()));
    }

    /** What a machine is doing, and why it stands still if a person did not want it. */
    public record Status(MachineState state, Optional<String> pauseReason) {
        public static final Status OFF = new Status(MachineState.OFF, Optional.empty());
    }

    /** The machine's state; empty if no process answers. */
    public Optional<MachineState> state() {
        return status().map(Status::state);
    }

    /** What the machine is doing; empty if no process answers. */
    public Optional<Status> status() {
        try {
            JsonNode answer = askBriefly(request("state"));
            MachineState state = MachineState.valueOf(answer.path("state").asText());
            return Optional.of(new Status(
                    state, Optional.ofNullable(answer.path("pauseReason").textValue())));
        } catch (TerrariumException | IllegalArgumentException e) {
            LOG.debug("{} does not say its machine's state", socket, e);
            return Optional.empty();
        }
    }

    public MachineStatistics statistics() throws TerrariumException {
        try {
            return JSON.treeToValue(askBriefly(request("stats")).path("stats"), MachineStatistics.class);
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    public void sendKeys(String combination) throws TerrariumException {
        ask(request("send-key").put("keys", combination));
    }

    public void type(String text) throws TerrariumException {
        ask(request("type").put("text", text));
    }

    public void setBalloon(long guestBytes) throws TerrariumException {
        ask(request("balloon").put("bytes", guestBytes));
    }

    public Screenshot screenshot() throws TerrariumException {
        JsonNode answer = ask(request("screenshot"));
        int width = answer.path("width").asInt();
        int height = answer.path("height").asInt();
        byte[] rgb;
        try {
            rgb = Base64.getDecoder().decode(answer.path("rgb").asText());
        } catch (IllegalArgumentException e) {
            throw unreachable(new IOException("its picture is damaged", e));
        }
        if (width <= 0 || height <= 0 || rgb.length != 3L * width * height) {
            throw unreachable(new IOException("its picture is damaged"));
        }
        int[] pixels = new int[width * height];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (rgb[3 * i] & 0xFF) << 16 | (rgb[3 * i + 1] & 0xFF) << 8 | rgb[3 * i + 2] & 0xFF;
        }
        return new Screenshot(width, height, pixels);
    }

    /** Opens {@code console} or {@code serial} as a stream. */
    public ConsoleStream open(String kind) throws TerrariumException {
        try {
            Connection connection = connect();
            try {
                ask(connection, request(kind));
                return connection;
            } catch (IOException | TerrariumException e) {
                connection.close();
                throw e;
            }
        } catch (IOException e) {
            throw unreachable(e);
        }
    }
}
