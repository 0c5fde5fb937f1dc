// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.block.CreateOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;

/** Makes empty VMware disks. */
final class VmdkCreator {
    static final List<String> SUBFORMATS = List.of(
            "monolithicSparse", "monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat", "streamOptimized");
    static final List<String> ADAPTERS = List.of("ide", "lsilogic", "buslogic", "legacyESX");

    private static final long SPLIT = 2L << 30;
    private static final int DESCRIPTOR_AT = 1;
    private static final int DESCRIPTOR_SECTORS = 20;

    /** As many sectors as an entry of a grain table can name. */
    private static final long MOST_SECTORS = 0xFFFFFFFFL;

    private final Path path;
    private final ImageFiles files;
    private final CreateOptions options;
    private final long size;

    VmdkCreator(Path path, ImageFiles files, CreateOptions options, long size) throws TerrariumException {
        this.path = path;
        this.files = files;
        this.options = options;
        this.size = Vmdk.roundUp(size, Vmdk.SECTOR);
        if (size <= 0 || size > 64L << 40) {
            throw new TerrariumException(
                    "A VMDK image of " + size + " bytes cannot be made: choose a size up to 64 TiB");
        }
    }

    void create(ByteStore store) throws TerrariumException, IOException {
        String subformat = options.word("subformat", "monolithicSparse", SUBFORMATS);
        boolean flat = subformat.endsWith("Flat");
        boolean zeroedGrains = options.flag("zeroed_grain", false);
        boolean stream = subformat.equals("streamOptimized");
        VmdkDescriptor.New description = describe(subformat);
        if (flat && (zeroedGrains || !description.parentFile().isEmpty())) {
            throw new TerrariumException(
                    "A flat image can have neither zeroed_grain nor backing_file: choose another subformat");
        }
        if (subformat.equals("monolithicSparse") || stream) {
            String line = line(size, "SPARSE", path.getFileName().toString());
            if (size / Vmdk.SECTOR > MOST_SECTORS) {
                throw new TerrariumException("A VMDK image of one sparse file cannot have " + size
                        + " bytes: choose a size below 2 TiB, or the subformat twoGbMaxExtentSparse");
            }
            if (stream) {
                createStream(store, description.text(List.of(line)));
            } else {
                createSparse(store, size, zeroedGrains, description.text(List.of(line)));
            }
            return;
        }
        List<String> lines = new ArrayList<>();
        boolean split = subformat.startsWith("twoGb");
        long each = split ? SPLIT : size;
        for (long at = 0; at < size; at += each) {
            long length = Math.min(each, size - at);
            String file = extentName(split, flat, lines.size() + 1);
            try (ByteStore extent = files.createBytes(path, file)) {
                if (flat) {
                    extent.truncate(length);
                    extent.flush();
                } else {
                    createSparse(extent, length, zeroedGrains, "");
                }
            }
            lines.add(line(length, flat ? "FLAT" : "SPARSE", file) + (flat ? " 0" : ""));
        }
        store.write(ByteBuffer.wrap(description.text(lines).getBytes(StandardCharsets.UTF_8)), 0);
        store.flush();
    }

    private static String line(long bytes, String type, String file) {
        return "RW " + bytes / Vmdk.SECTOR + " " + type + " \"" + file + "\"";
    }

    private String extentName(boolean split, boolean flat, int number) {
        String name = path.getFileName().toString();
        int dot = name.lastIndexOf('.');
        String stem = dot > 0 ? name.substring(0, dot) : name;
        String suffix = dot > 0 ? name.substring(dot) : "";
        return split
                ? String.format(Locale.ROOT, "%s-%s%03d%s", stem, flat ? "f" : "s", number, suffix)
                : stem + "-flat" + suffix;
    }

    private VmdkDescriptor.New describe(String subformat) throws TerrariumException, IOException {
        String backing = options.text("backing_file", "");
        options.word("backing_fmt", "vmdk", List.of("vmdk"));
        long parentCid = VmdkDescriptor.NO_PARENT;
        if (!backing.isEmpty()) {
            if (backing.indexOf('"') >= 0 || backing.indexOf('\n') >= 0) {
                throw new TerrariumException(
                        "A VMDK image cannot name the backing file " + backing + ": rename that file");
            }
            try (DiskImage parent = files.openImage(path, backing, "vmdk")) {
                parentCid = parent instanceof VmdkImage image ? image.cid() : VmdkDescriptor.NO_PARENT;
            }
        }
        boolean compat6 = options.flag("compat6", false);
        String hardware = options.text("hwversion", compat6 ? "6" : "4");
        String tools = options.text("toolsversion", "2147483647");
        if (!hardware.matches("\\d{1,4}") || !tools.matches("\\d{1,10}")) {
            throw new TerrariumException("hwversion is " + hardware + ", toolsversion " + tools + ": write numbers");
        }
        return new VmdkDescriptor.New(
                subformat,
                ThreadLocalRandom.current().nextLong(VmdkDescriptor.NO_PARENT - 1),
                parentCid,
                backing,
                options.word("adapter_type", "ide", ADAPTERS),
                hardware,
                tools,
                size / Vmdk.SECTOR);
    }

    private static void writeDescriptor(ByteStore store, String text) throws TerrariumException, IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > DESCRIPTOR_SECTORS * Vmdk.SECTOR) {
            throw new TerrariumException("The names in a VMDK image cannot be so long: use shorter ones");
        }
        store.write(ByteBuffer.wrap(bytes), DESCRIPTOR_AT * Vmdk.SECTOR);
    }

    /** Header, descriptor, both directories, each with its tables, which are zeros; grains come behind. */
    private static void createSparse(ByteStore store, long bytes, boolean zeroedGrains, String descriptor)
            throws TerrariumException, IOException {
        long sectors = bytes / Vmdk.SECTOR;
        long grain = Vmdk.GRAIN / Vmdk.SECTOR;
        int tableSectors = Vmdk.TABLE_ENTRIES * 4 / Vmdk.SECTOR;
        int tables = (int) ((sectors + grain * Vmdk.TABLE_ENTRIES - 1) / (grain * Vmdk.TABLE_ENTRIES));
        long directorySectors = Vmdk.roundUp(4L * tables, Vmdk.SECTOR) / Vmdk.SECTOR;
        long second = DESCRIPTOR_AT + DESCRIPTOR_SECTORS;
        long first = second + directorySectors + (long) tables * tableSectors;
        long end = Vmdk.roundUp(first + directorySectors + (long) tables * tableSectors, grain);
        store.truncate(end * Vmdk.SECTOR);
        for (long directory : new long[] {second, first}) {
            ByteBuffer entries = ByteBuffer.allocate(4 * tables).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < tables; i++) {
                entries.putInt((int) (directory + directorySectors + (long) i * tableSectors));
            }
            store.write(entries.flip(), directory * Vmdk.SECTOR);
        }
        writeDescriptor(store, descriptor);
        store.flush();
        boolean embedded = !descriptor.isEmpty();
        VmdkHeader header = new VmdkHeader(
                zeroedGrains ? 2 : 1,
                VmdkHeader.NEW_LINES | VmdkHeader.REDUNDANT | (zeroedGrains ? VmdkHeader.ZEROED_GRAINS : 0),
                sectors,
                grain,
                embedded ? DESCRIPTOR_AT : 0,
                embedded ? DESCRIPTOR_SECTORS : 0,
                Vmdk.TABLE_ENTRIES,
                second,
                first,
                end,
                0);
        store.write(header.encode(), 0);
        store.flush();
    }

    /** Header, descriptor and an empty directory; the first writer puts a directory and a footer to the end. */
    private void createStream(ByteStore store, String descriptor) throws TerrariumException, IOException {
        long sectors = size / Vmdk.SECTOR;
        long grain = Vmdk.GRAIN / Vmdk.SECTOR;
        long tables = (sectors + grain * Vmdk.TABLE_ENTRIES - 1) / (grain * Vmdk.TABLE_ENTRIES);
        long directory = DESCRIPTOR_AT + DESCRIPTOR_SECTORS;
        long end = Vmdk.roundUp(directory + Vmdk.roundUp(4 * tables, Vmdk.SECTOR) / Vmdk.SECTOR, grain);
        store.truncate(end * Vmdk.SECTOR);
        writeDescriptor(store, descriptor);
        store.flush();
        VmdkHeader header = new VmdkHeader(
                3,
                VmdkHeader.NEW_LINES | VmdkHeader.COMPRESSED | VmdkHeader.MARKERS,
                sectors,
                grain,
                DESCRIPTOR_AT,
                DESCRIPTOR_SECTORS,
                Vmdk.TABLE_ENTRIES,
                0,
                directory,
                end,
                VmdkHeader.DEFLATE);
        store.write(header.encode(), 0);
        store.flush();
    }
}
