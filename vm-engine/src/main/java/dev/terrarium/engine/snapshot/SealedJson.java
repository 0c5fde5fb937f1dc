// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.snapshot;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.state.Durable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * A JSON file {@code {"version": 1, "crc32c": N, "content": {...}}}. The checksum is that of the content's text without spaces.
 */
final class SealedJson {
    private static final int VERSION = 1;
    private static final long MOST_BYTES = 1 << 26;
    private static final ObjectMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    private SealedJson() {}

    private static long checksum(JsonNode content) throws JacksonException {
        CRC32C crc = new CRC32C();
        crc.update(JSON.writeValueAsBytes(content));
        return crc.getValue();
    }

    /** Writes it so that a crash leaves the old file or the new one. */
    static void replace(Path file, Record content) throws TerrariumException {
        try {
            ObjectNode tree = JSON.createObjectNode().put("version", VERSION);
            JsonNode node = JSON.valueToTree(content);
            // As it will be read: some numbers have other types before they were text.
            node = JSON.readTree(JSON.writeValueAsBytes(node));
            tree.put("crc32c", checksum(node)).set("content", node);
            Durable.replace(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(tree));
        } catch (IOException e) {
            throw new IllegalStateException("a record of texts and numbers can always be written", e);
        }
    }

    /**
     * Reads it.
     *
     * @throws TerrariumException if it is missing, damaged or of a newer version
     */
    static <T extends Record> T read(Path file, Class<T> type) throws TerrariumException {
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw damaged(file, "it is too long", null);
            }
            JsonNode tree = JSON.readTree(Files.readAllBytes(file));
            int version = tree.path("version").asInt();
            if (version > VERSION) {
                throw new TerrariumException(
                        file + " is of version " + version + ", made by a newer Terrarium: open it with that one");
            }
            JsonNode content = tree.path("content");
            if (!content.isObject() || tree.path("crc32c").asLong(-1) != checksum(content)) {
                throw damaged(file, "it has another checksum", null);
            }
            return JSON.treeToValue(content, type);
        } catch (JacksonException e) {
            throw damaged(file, "it is not what was written", e);
        } catch (IOException e) {
            throw new TerrariumException(file + " cannot be read (" + e + "): check the file and its permissions", e);
        }
    }

    private static TerrariumException damaged(
            Path file, String what, @org.jspecify.annotations.Nullable Throwable cause) {
        return new TerrariumException(file + " is corrupt (" + what + "): take it from a backup", cause);
    }
}
