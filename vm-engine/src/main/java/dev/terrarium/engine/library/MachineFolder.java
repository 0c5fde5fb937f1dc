// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.state.Durable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One machine on disk: {@code machine.json}, {@code disks/}, {@code log}, and while it runs {@code lock} (held by the
 * process that runs it) and {@code control.sock}.
 */
public record MachineFolder(Path path) {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** What a configuration has to say itself; other numbers and switches have a usual value, for files of older versions. */
    private static final List<String> NUMBERS = List.of("memoryMiB", "vcpus", "maximumVcpus");

    private static final Set<Path> LOCKED_HERE = ConcurrentHashMap.newKeySet();

    public Path configFile() {
        return path.resolve("machine.json");
    }

    public Path disks() {
        return path.resolve("disks");
    }

    public Path log() {
        return path.resolve("log");
    }

    /** What the machine was when it was saved, if it was. */
    public Path savedState() {
        return path.resolve("saved-state");
    }

    public Path controlSocket() {
        return path.resolve("control.sock");
    }

    /**
     * Reads the configuration.
     *
     * @throws TerrariumException naming what is wrong with the file
     */
    public MachineConfig load() throws TerrariumException {
        try {
            return parse(Files.readAllBytes(configFile()));
        } catch (IOException e) {
            throw new TerrariumException(
                    configFile() + " cannot be read (" + e.getMessage() + "): check the file and its permissions", e);
        }
    }

    /** The bytes that {@link #parse} reads. */
    static byte[] encode(MachineConfig config) {
        try {
            return JSON.writeValueAsBytes(config);
        } catch (JacksonException e) {
            throw new IllegalStateException("a configuration can always be written", e);
        }
    }

    /** The configuration of a {@code machine.json} with this content. */
    MachineConfig parse(byte[] content) throws TerrariumException {
        JsonNode tree;
        try {
            tree = JSON.readTree(content);
        } catch (JacksonException e) {
            JsonLocation place = e.getLocation();
            throw damaged("it is not JSON (line " + place.getLineNr() + ", column " + place.getColumnNr() + ")", e);
        } catch (IOException e) {
            throw new IllegalStateException("bytes in memory can always be read", e);
        }
        if (!tree.isObject()) {
            throw damaged("it holds no JSON object", null);
        }
        int version = tree.path("version").asInt(0);
        if (version > MachineConfig.CURRENT_VERSION) {
            throw new TerrariumException(
                    configFile() + " is of version " + version + ", made by a newer Terrarium: open it with that one");
        }
        for (String field : NUMBERS) {
            if (!tree.path(field).isIntegralNumber()) {
                throw damaged("it has no number \"" + field + "\"", null);
            }
        }
        try {
            MachineConfig config = JSON.treeToValue(tree, MachineConfig.class);
            if (version < 1
                    || config.id() == null
                    || config.name() == null
                    || config.operatingSystem() == null
                    || config.accelerator() == null) {
                throw damaged("a field is missing", null);
            }
            return config;
        } catch (JacksonException e) {
            throw damaged(firstLine(String.valueOf(e.getOriginalMessage())), e);
        }
    }

    private TerrariumException damaged(String what, @org.jspecify.annotations.Nullable Throwable cause) {
        return new TerrariumException(
                configFile() + " is damaged: " + what + ": mend the file, or move its folder away", cause);
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }

    /** Writes the configuration so that a crash leaves the old file or the new one. */
    public void save(MachineConfig config) throws TerrariumException {
        try {
            Files.createDirectories(disks());
        } catch (IOException e) {
            throw new TerrariumException(
                    path + " cannot be written (" + e.getMessage() + "): check its permissions and the free space", e);
        }
        Durable.replace(configFile(), encode(config));
    }

    /** Takes the machine for this process; empty if some process (this one too) has it. */
    Optional<RunLock> tryLock() throws TerrariumException {
        // POSIX record locks: closing any descriptor of the file gives the process's lock up, so a file that this
        // process has locked must not even be opened.
        Path file = path.toAbsolutePath().normalize().resolve("lock");
        if (!LOCKED_HERE.add(file)) {
            return Optional.empty();
        }
        FileChannel channel = null;
        FileLock lock = null;
        try {
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            lock = channel.tryLock();
            return lock == null ? Optional.empty() : Optional.of(new RunLock(channel, file));
        } catch (IOException e) {
            throw new TerrariumException(
                    path + " cannot be locked (" + e.getMessage() + "): check its permissions and the file system", e);
        } finally {
            if (lock == null) {
                closeQuietly(channel);
                LOCKED_HERE.remove(file);
            }
        }
    }

    private static void closeQuietly(@org.jspecify.annotations.Nullable FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                org.slf4j.LoggerFactory.getLogger(MachineFolder.class).warn("closing a lock file", e);
            }
        }
    }

    /** Proof that this process runs the machine. */
    record RunLock(FileChannel channel, Path file) implements AutoCloseable {
        @Override
        public void close() {
            if (channel.isOpen()) {
                closeQuietly(channel);
                LOCKED_HERE.remove(file);
            }
        }
    }
}
