// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.device.InvalidStateException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/**
 * A machine's state without its memory, as named parts. On disk, little-endian: the prefix; the file's length (8 bytes);
 * the ids of machine and state (16 each); the version of Terrarium that wrote it; the number of parts (4); for each its
 * name, offset (8), length (4) and CRC32C (4); a CRC32C of all this; the parts; a CRC32C of the whole file before it.
 * A text is its length (2 bytes) and UTF-8.
 *
 * @param machine the machine's id
 * @param state tells which other files belong to it
 * @param writer the version of Terrarium that wrote it
 * @param parts bytes by name, in the order of the file
 */
public record StateFile(UUID machine, UUID state, String writer, Map<String, byte[]> parts) {
    /** The most bytes that a file may have: devices hold little. */
    static final int MOST_BYTES = 1 << 28;

    private static final FilePrefix PREFIX = new FilePrefix("terrarium machine state\n", 1, 1);
    private static final int MOST_PARTS = 10_000;
    private static final int ENTRY_BYTES = Long.BYTES + 2 * Integer.BYTES;

    public StateFile {
        parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
    }

    /** The part of a name as a record. */
    public <S extends Record> S part(Path file, String name, Class<S> type) throws StateFileException {
        byte[] bytes = parts.get(name);
        if (bytes == null) {
            throw StateFileException.foreign(
                    file,
                    "it has no \"" + name + "\", which this machine has: undo what was changed, or discard the state");
        }
        if (!StateCodec.fits(type, bytes)) {
            throw StateFileException.tooOld(
                    file, "its \"" + name + "\" is of Terrarium " + writer + ", which kept it in another form");
        }
        try {
            return StateCodec.decode(type, bytes);
        } catch (InvalidStateException e) {
            throw impossible(file, name, e);
        }
    }

    /** A part that nothing can be like. */
    public static StateFileException impossible(Path file, String name, InvalidStateException why) {
        StateFileException told = StateFileException.corrupt(file, "\"" + name + "\": " + why.getMessage());
        told.initCause(why);
        return told;
    }

    /** Writes it to a new file, durably; the folder's entry is the caller's. */
    public void write(Path file) throws TerrariumException {
        Durable.write(file, encode());
    }

    byte[] encode() {
        byte[] version = writer.getBytes(StandardCharsets.UTF_8);
        long head = FilePrefix.BYTES + Long.BYTES + 4L * Long.BYTES + Short.BYTES + version.length + Integer.BYTES;
        long content = 0;
        for (Map.Entry<String, byte[]> part : parts.entrySet()) {
            head += Short.BYTES + part.getKey().getBytes(StandardCharsets.UTF_8).length + ENTRY_BYTES;
            content += part.getValue().length;
        }
        head += Integer.BYTES;
        int length = Math.toIntExact(head + content + Integer.BYTES);
        ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        PREFIX.write(out);
        out.putLong(length);
        put(out, machine);
        put(out, state);
        put(out, version);
        out.putInt(parts.size());
        long offset = head;
        for (Map.Entry<String, byte[]> part : parts.entrySet()) {
            byte[] bytes = part.getValue();
            put(out, part.getKey().getBytes(StandardCharsets.UTF_8));
            out.putLong(offset).putInt(bytes.length).putInt(FilePrefix.checksum(ByteBuffer.wrap(bytes)));
            offset += bytes.length;
        }
        out.putInt(FilePrefix.checksum(out.slice(0, out.position())));
        parts.values().forEach(out::put);
        out.putInt(FilePrefix.checksum(out.slice(0, out.position())));
        return out.array();
    }

    private static void put(ByteBuffer out, UUID id) {
        out.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    }

    private static void put(ByteBuffer out, byte[] text) {
        out.putShort((short) text.length).put(text);
    }

    /**
     * Reads one that may be damaged or forged.
     *
     * @throws StateFileException if it is corrupt, too old or too new
     */
    public static StateFile read(Path file) throws TerrariumException {
        byte[] bytes;
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw StateFileException.corrupt(file, "it has more than " + MOST_BYTES + " bytes");
            }
            bytes = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new TerrariumException(file + " cannot be read (" + e + "): check the file and its permissions", e);
        }
        return decode(file, bytes);
    }

    static StateFile decode(Path file, byte[] bytes) throws StateFileException {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        PREFIX.check(file, in);
        int end = bytes.length - Integer.BYTES;
        if (in.remaining() < Long.BYTES + Integer.BYTES || in.getLong() != bytes.length) {
            throw StateFileException.corrupt(file, "it has not the length that it was written with");
        }
        if (in.getInt(end) != FilePrefix.checksum(in.slice(0, end))) {
            throw StateFileException.corrupt(file, "it has another checksum");
        }
        try {
            return decode(file, in.slice(0, end).order(ByteOrder.LITTLE_ENDIAN).position(in.position()), bytes);
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            StateFileException told = StateFileException.corrupt(file, "its table points outside");
            told.initCause(e);
            throw told;
        }
    }

    private static StateFile decode(Path file, ByteBuffer in, byte[] bytes) throws StateFileException {
        UUID machine = new UUID(in.getLong(), in.getLong());
        UUID state = new UUID(in.getLong(), in.getLong());
        String writer = text(in);
        int count = in.getInt();
        if (count < 0 || count > MOST_PARTS) {
            throw StateFileException.corrupt(file, "it has " + count + " parts");
        }
        Map<String, byte[]> parts = new LinkedHashMap<>();
        long next = -1;
        for (int i = 0; i < count; i++) {
            String name = text(in);
            long offset = in.getLong();
            int length = in.getInt();
            int checksum = in.getInt();
            if (length < 0
                    || offset < in.position()
                    || offset > in.limit() - (long) length
                    || next >= 0 && offset != next) {
                throw StateFileException.corrupt(file, "its part \"" + name + "\" lies outside");
            }
            byte[] part = Arrays.copyOfRange(bytes, (int) offset, (int) offset + length);
            if (FilePrefix.checksum(ByteBuffer.wrap(part)) != checksum) {
                throw StateFileException.corrupt(file, "its part \"" + name + "\" has another checksum");
            }
            if (parts.put(name, part) != null) {
                throw StateFileException.corrupt(file, "it has two parts \"" + name + "\"");
            }
            next = offset + length;
        }
        if (in.getInt(in.position()) != FilePrefix.checksum(in.slice(0, in.position()))) {
            throw StateFileException.corrupt(file, "its table has another checksum");
        }
        return new StateFile(machine, state, writer, parts);
    }

    private static String text(ByteBuffer in) {
        byte[] bytes = new byte[Short.toUnsignedInt(in.getShort())];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
