// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The grain directory and tables of a stream-optimised extent, of which nothing is ever overwritten: changed tables and
 * the directory go to the end of the file, each behind its marker, with a footer that repeats the header; then the header
 * is pointed to the new directory. Not to be used by several threads at once.
 */
final class StreamTables {
    private static final int MOST_CLEAN = 512;
    private static final int MARKER_TABLE = 1;
    private static final int MARKER_DIRECTORY = 2;
    private static final int MARKER_FOOTER = 3;

    /** Changed tables that should be written now: as many as are for 32 GiB. */
    private static final int MANY = 1024;

    private final ByteStore store;
    private final int[] directory;
    private final TreeMap<Integer, int[]> changed = new TreeMap<>();
    private final LinkedHashMap<Integer, int[]> clean = new LinkedHashMap<>(16, 0.75f, true);
    private VmdkHeader header;
    private long end;

    /** Whether the header's own directory field says that it is in the footer. */
    private boolean directoryAtEnd;

    StreamTables(ByteStore store, VmdkHeader header) throws IOException {
        this.store = store;
        this.header = header;
        ByteBuffer field = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        store.read(field, 56);
        this.directoryAtEnd = field.getLong(0) == VmdkHeader.AT_END;
        ByteBuffer bytes = ByteBuffer.allocate(4 * header.tables()).order(ByteOrder.LITTLE_ENDIAN);
        store.read(bytes, header.directory() * Vmdk.SECTOR);
        this.directory = new int[header.tables()];
        bytes.clear().asIntBuffer().get(directory);
        long size = store.size();
        long behind = directoryAtEnd ? size - VmdkHeader.TRAILER : size;
        this.end = Vmdk.roundUp(Math.max(behind, header.dataStart(size)), Vmdk.SECTOR);
    }

    VmdkHeader header() {
        return header;
    }

    /** Where a grain stands, in bytes: 0 if it has no place. */
    long place(long grain) throws IOException {
        long place = Integer.toUnsignedLong(table(grain)[(int) (grain % header.tableEntries())]) * Vmdk.SECTOR;
        boolean zeroed = place == SparseMap.ZEROED * Vmdk.SECTOR && header.has(VmdkHeader.ZEROED_GRAINS);
        if (place != 0 && !zeroed && (place < Vmdk.SECTOR || place >= store.size())) {
            throw new IOException(
                    "the image is damaged: its table says that grain " + grain + " stands at byte " + place);
        }
        return place;
    }

    private int[] table(long grain) throws IOException {
        int number = (int) (grain / header.tableEntries());
        int[] table = changed.get(number);
        if (table == null) {
            table = clean.get(number);
        }
        if (table == null) {
            table = load(number);
            clean.put(number, table);
            Iterator<Map.Entry<Integer, int[]>> eldest = clean.entrySet().iterator();
            if (clean.size() > MOST_CLEAN) {
                eldest.next();
                eldest.remove();
            }
        }
        return table;
    }

    private int[] load(int number) throws IOException {
        int[] table = new int[header.tableEntries()];
        long place = Integer.toUnsignedLong(directory[number]) * Vmdk.SECTOR;
        if (place == 0) {
            return table;
        }
        if (place > store.size() - header.tableBytes()) {
            throw new IOException(
                    "the image is damaged: its directory says that table " + number + " is at byte " + place);
        }
        ByteBuffer bytes = ByteBuffer.allocate(header.tableBytes()).order(ByteOrder.LITTLE_ENDIAN);
        store.read(bytes, place);
        bytes.clear().asIntBuffer().get(table);
        return table;
    }

    /** Puts bytes, whole sectors, to the end of the file, and says where. */
    long append(ByteBuffer bytes) throws IOException {
        keepDirectory();
        int count = bytes.remaining();
        if ((end + count) / Vmdk.SECTOR > 0xFFFFFFFFL) {
            throw new IOException("the image is full: convert it to another format");
        }
        long place = end;
        store.write(bytes, place);
        end += count;
        return place;
    }

    /** Before the footer is written over: lets the header say where the directory is. */
    private void keepDirectory() throws IOException {
        if (directoryAtEnd) {
            writeHeader(header.directory());
            directoryAtEnd = false;
        }
    }

    private void writeHeader(long where) throws IOException {
        header = header.withoutRedundantDirectory();
        store.write(header.withDirectory(where).encode(), 0);
        store.flush();
    }

    /** Enters where a grain stands; 0 for nowhere. */
    void enter(long grain, long place) throws IOException {
        int number = (int) (grain / header.tableEntries());
        int[] table = table(grain);
        table[(int) (grain % header.tableEntries())] = (int) (place / Vmdk.SECTOR);
        clean.remove(number);
        changed.put(number, table);
    }

    boolean crowded() {
        return changed.size() >= MANY;
    }

    /** Makes all that was appended and entered durable. */
    void commit() throws IOException {
        if (changed.isEmpty()) {
            store.flush();
            return;
        }
        int[] next = directory.clone();
        for (Map.Entry<Integer, int[]> each : changed.entrySet()) {
            next[each.getKey()] = (int) (appendMarked(MARKER_TABLE, each.getValue()) / Vmdk.SECTOR);
        }
        long where = appendMarked(MARKER_DIRECTORY, next) / Vmdk.SECTOR;
        writeTrailer(where);
        store.flush();
        writeHeader(where);
        header = header.withDirectory(where);
        System.arraycopy(next, 0, directory, 0, next.length);
        changed.forEach(clean::put);
        changed.clear();
    }

    /** Appends a marker and the numbers behind it, whole sectors; says where the numbers are. */
    private long appendMarked(int type, int[] numbers) throws IOException {
        int length = (int) Vmdk.roundUp(4L * numbers.length, Vmdk.SECTOR);
        ByteBuffer bytes = ByteBuffer.allocate(Vmdk.SECTOR + length).order(ByteOrder.LITTLE_ENDIAN);
        putMarker(bytes, 0, length / Vmdk.SECTOR, type);
        bytes.position(Vmdk.SECTOR)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asIntBuffer()
                .put(numbers);
        return append(bytes.clear()) + Vmdk.SECTOR;
    }

    private static void putMarker(ByteBuffer bytes, int at, long sectors, int type) {
        bytes.putLong(at, sectors);
        bytes.putInt(at + 12, type);
    }

    /** Footer and end of the stream, which the next grain will go over. */
    private void writeTrailer(long where) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(VmdkHeader.TRAILER).order(ByteOrder.LITTLE_ENDIAN);
        putMarker(bytes, 0, 1, MARKER_FOOTER);
        bytes.put(
                Vmdk.SECTOR,
                header.withoutRedundantDirectory().withDirectory(where).encode(),
                0,
                Vmdk.SECTOR);
        store.truncate(end + VmdkHeader.TRAILER);
        store.write(bytes, end);
    }

    /** After the last commit: a file that can be read from its beginning to its end. */
    void close() throws IOException {
        if (!directoryAtEnd && end + VmdkHeader.TRAILER == store.size()) {
            writeHeader(VmdkHeader.AT_END);
            directoryAtEnd = true;
        }
    }
}
