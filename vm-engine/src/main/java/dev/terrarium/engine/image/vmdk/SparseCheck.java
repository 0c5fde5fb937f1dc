// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.block.Places;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** Looks through all tables of a sparse extent. */
final class SparseCheck {
    private static final int MOST_ERRORS = 100;

    private final ByteStore store;
    private final VmdkHeader header;
    private final long size;
    private final long dataStart;
    private final List<String> errors = new ArrayList<>();
    private final Places grains;
    private final Places tables;

    private SparseCheck(ByteStore store, VmdkHeader header) throws IOException {
        this.store = store;
        this.header = header;
        this.size = store.size();
        this.dataStart = header.dataStart(size);
        // Compressed grains have any length, but do not begin at the same place.
        this.grains = new Places(header.has(VmdkHeader.COMPRESSED) ? Vmdk.SECTOR : header.grainBytes());
        this.tables = new Places(header.tableBytes());
    }

    /**
     * Entries that cannot be right, at most a hundred.
     *
     * @param repair whether to make the second copy of the tables like the first
     */
    static List<String> errors(ByteStore store, VmdkHeader header, boolean repair) throws IOException {
        SparseCheck check = new SparseCheck(store, header);
        check.directory();
        if (check.errors.isEmpty() && header.has(VmdkHeader.REDUNDANT)) {
            check.compareCopies(repair);
        }
        return check.errors;
    }

    private ByteBuffer read(long at, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        store.read(bytes, at);
        return bytes.clear();
    }

    private ByteBuffer directoryBytes(long sector) throws IOException {
        return read(sector * Vmdk.SECTOR, 4 * header.tables());
    }

    private void directory() throws IOException {
        ByteBuffer directory = directoryBytes(header.directory());
        for (int i = 0; i < header.tables() && errors.size() < MOST_ERRORS; i++) {
            long table = Integer.toUnsignedLong(directory.getInt(4 * i)) * Vmdk.SECTOR;
            if (table > size - header.tableBytes()) {
                errors.add("table " + i + " is outside of the file");
            } else if (table != 0) {
                tables.add(table);
            }
        }
        addOverlap(tables, "tables");
        // Tables that lie in one another would have more grains than the file has bytes.
        for (int i = 0; i < header.tables() && errors.isEmpty(); i++) {
            long table = Integer.toUnsignedLong(directory.getInt(4 * i)) * Vmdk.SECTOR;
            if (table != 0) {
                table(i, read(table, header.tableBytes()));
            }
        }
        addOverlap(grains, "grains");
    }

    private void addOverlap(Places places, String what) {
        OptionalLong overlap = places.overlap();
        if (overlap.isPresent()) {
            errors.add("two " + what + " share byte " + overlap.getAsLong());
        }
    }

    private void table(int number, ByteBuffer table) {
        for (int i = 0; i < header.tableEntries() && errors.size() < MOST_ERRORS; i++) {
            int entry = table.getInt(4 * i);
            if (entry == 0 || entry == SparseMap.ZEROED && header.has(VmdkHeader.ZEROED_GRAINS)) {
                continue;
            }
            long place = Integer.toUnsignedLong(entry) * Vmdk.SECTOR;
            if (place < dataStart || place >= size) {
                errors.add(
                        "grain " + ((long) number * header.tableEntries() + i) + " stands outside of the file's data");
            } else {
                grains.add(place);
            }
        }
    }

    private void compareCopies(boolean repair) throws IOException {
        ByteBuffer first = directoryBytes(header.directory());
        ByteBuffer second = directoryBytes(header.redundantDirectory());
        int differing = 0;
        for (int i = 0; i < header.tables(); i++) {
            long table = Integer.toUnsignedLong(first.getInt(4 * i)) * Vmdk.SECTOR;
            long copy = Integer.toUnsignedLong(second.getInt(4 * i)) * Vmdk.SECTOR;
            boolean readable = copy != 0 && copy <= size - header.tableBytes();
            ByteBuffer good = table == 0 ? ByteBuffer.allocate(0) : read(table, header.tableBytes());
            boolean same = table == 0 ? copy == 0 : readable && good.equals(read(copy, header.tableBytes()));
            if (!same) {
                differing++;
                if (repair) {
                    mend(i, good, readable ? copy : 0);
                }
            }
        }
        if (differing > 0 && repair) {
            store.flush();
        } else if (differing > 0) {
            errors.add(differing + " tables differ from their second copy, whose grains leak");
        }
    }

    /** Makes one table of the second copy like the first one's; {@code good} is empty if the first has none. */
    private void mend(int number, ByteBuffer good, long copy) throws IOException {
        long place = 0;
        if (good.hasRemaining()) {
            place = copy != 0 ? copy : Vmdk.roundUp(store.size(), Vmdk.SECTOR);
            store.write(good, place);
        }
        ByteBuffer entry = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt((int) (place / Vmdk.SECTOR));
        store.write(entry.flip(), header.redundantDirectory() * Vmdk.SECTOR + 4L * number);
    }
}
