// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhd;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.ImageFormat;
import dev.terrarium.engine.image.block.BlockImage;
import dev.terrarium.engine.image.block.BlockMap;
import dev.terrarium.engine.image.block.CreateOptions;
import dev.terrarium.engine.image.block.FlatMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** VHD, dynamic and fixed, which qemu-img calls {@code vpc}. Differencing images are refused. */
public final class VhdFormat implements ImageFormat {
    private static final int TABLE_OFFSET = VhdFooter.LENGTH + VhdHeader.LENGTH;

    /** No creator that others know: they may go by the geometry or by the size, since both say the same. */
    private static final String CREATOR = "trrm";

    @Override
    public String name() {
        return "vpc";
    }

    @Override
    public boolean recognises(byte[] head, byte[] tail) {
        return VhdFooter.isOne(head, 0) || VhdFooter.isOne(tail, 0);
    }

    @Override
    public DiskImage open(Path path, ByteStore store, boolean readOnly, ImageFiles files)
            throws TerrariumException, IOException {
        try {
            Vhd.Found found = Vhd.footer(path, store);
            VhdFooter footer = found.footer();
            BlockMap map = footer.type() == VhdFooter.FIXED
                    ? fixed(path, store, footer)
                    : dynamic(path, store, found, readOnly);
            return new BlockImage(store, map, footer.size(), readOnly);
        } catch (TerrariumException | IOException e) {
            store.close();
            throw e;
        }
    }

    private static BlockMap fixed(Path path, ByteStore store, VhdFooter footer) throws TerrariumException, IOException {
        if (footer.size() > store.size() - VhdFooter.LENGTH) {
            throw Vhd.damaged(path, "it is shorter than its disk of " + footer.size() + " bytes");
        }
        return new FlatMap(0);
    }

    private static BlockMap dynamic(Path path, ByteStore store, Vhd.Found found, boolean readOnly)
            throws TerrariumException, IOException {
        VhdFooter footer = found.footer();
        VhdHeader header = VhdHeader.read(path, store, footer);
        long end = 0;
        if (!readOnly) {
            VhdCheck check = VhdCheck.of(store, footer, header);
            if (!check.errors().isEmpty()) {
                throw new TerrariumException(path + " is damaged, "
                        + check.errors().getFirst() + ": open it read-only and copy what is left");
            }
            end = check.end();
        }
        return new VhdMap(store, found, header, end);
    }

    @Override
    public void create(Path path, ByteStore store, long size, Map<String, String> options, ImageFiles files)
            throws TerrariumException, IOException {
        CreateOptions given = new CreateOptions(name(), options, createOptions().keySet());
        boolean fixed =
                given.word("subformat", "dynamic", List.of("dynamic", "fixed")).equals("fixed");
        boolean forceSize = given.flag("force_size", false);
        if (size <= 0 || size > Vhd.LARGEST) {
            throw new TerrariumException(
                    "A VHD image of " + size + " bytes cannot be made: choose a size up to 2040 GiB");
        }
        long sectors = size / 512 + (size % 512 == 0 ? 0 : 1);
        VhdGeometry geometry = forceSize ? VhdGeometry.LARGEST : VhdGeometry.atLeast(sectors);
        long bytes = 512 * (geometry.equals(VhdGeometry.LARGEST) ? sectors : geometry.total());
        VhdFooter footer = new VhdFooter(
                fixed ? VhdFooter.FIXED : VhdFooter.DYNAMIC,
                fixed ? -1 : VhdFooter.LENGTH,
                CREATOR,
                bytes,
                geometry,
                UUID.randomUUID());
        if (fixed) {
            store.truncate(bytes);
            store.write(footer.encode(), bytes);
        } else {
            createDynamic(store, footer);
        }
        store.flush();
    }

    private static void createDynamic(ByteStore store, VhdFooter footer) throws IOException {
        int block = VhdHeader.DEFAULT_BLOCK;
        VhdHeader header = new VhdHeader(TABLE_OFFSET, (int) ((footer.size() + block - 1) / block), block);
        byte[] table = new byte[(int) (header.tableEnd() - TABLE_OFFSET)];
        Arrays.fill(table, (byte) -1);
        store.write(ByteBuffer.wrap(table), TABLE_OFFSET);
        store.write(header.encode(), VhdFooter.LENGTH);
        store.write(footer.encode(), header.tableEnd());
        store.flush();
        store.write(footer.encode(), 0);
    }

    @Override
    public Map<String, String> createOptions() {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("subformat", "dynamic (default) or fixed");
        options.put(
                "force_size", "on: exactly the size given, instead of one that cylinders, heads and sectors can tell");
        return options;
    }

    @Override
    public int clusterSize(DiskImage image) {
        return image instanceof BlockImage blocks ? blocks.clusterSize() : 0;
    }

    @Override
    public List<String> check(Path path, ByteStore store, boolean repair, ImageFiles files)
            throws TerrariumException, IOException {
        VhdFooter footer = Vhd.footer(path, store).footer();
        if (footer.type() == VhdFooter.FIXED) {
            fixed(path, store, footer);
            return List.of();
        }
        return VhdCheck.of(store, footer, VhdHeader.read(path, store, footer)).errors();
    }
}
