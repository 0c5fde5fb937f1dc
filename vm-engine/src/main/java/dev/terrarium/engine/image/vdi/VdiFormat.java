// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vdi;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.CheckReport;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.ImageFormat;
import dev.terrarium.engine.image.block.BlockImage;
import dev.terrarium.engine.image.block.CreateOptions;
import dev.terrarium.engine.image.block.LeakReport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** VDI, dynamic and static. Images with a parent are refused. */
public final class VdiFormat implements ImageFormat {
    private static final int DATA_ALIGNMENT = 1 << 20;
    private static final int CHUNK = 1 << 18;

    @Override
    public String name() {
        return "vdi";
    }

    @Override
    public boolean recognises(byte[] head, byte[] tail) {
        return head.length >= VdiHeader.LENGTH
                && ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getInt(VdiHeader.SIGNATURE_AT)
                        == VdiHeader.SIGNATURE;
    }

    @Override
    public DiskImage open(Path path, ByteStore store, boolean readOnly, ImageFiles files)
            throws TerrariumException, IOException {
        try {
            VdiHeader header = VdiHeader.read(path, store);
            if (store.size() < header.mapOffset() + 4L * header.blocks()) {
                throw VdiHeader.damaged(path, "it ends within its block map");
            }
            BitSet used = new BitSet();
            if (!readOnly) {
                VdiCheck check = VdiCheck.of(store, header);
                if (!check.errors().isEmpty()) {
                    throw new TerrariumException(path + " is damaged, "
                            + check.errors().getFirst() + ": open it read-only and copy what is left");
                }
                used = check.used();
            }
            return new BlockImage(store, new VdiMap(store, header, used), VdiHeader.roundUp(header.size()), readOnly);
        } catch (TerrariumException | IOException e) {
            store.close();
            throw e;
        }
    }

    @Override
    public void create(Path path, ByteStore store, long size, Map<String, String> options, ImageFiles files)
            throws TerrariumException, IOException {
        CreateOptions given = new CreateOptions(name(), options, createOptions().keySet());
        boolean allocate = given.flag("static", false);
        long blockSize = given.bytes("block_size", VdiHeader.DEFAULT_BLOCK);
        if (blockSize < 4096 || blockSize > 1 << 28 || Long.bitCount(blockSize) != 1) {
            throw new TerrariumException(
                    "block_size is " + blockSize + ": use a power of two from 4k to 256M, best 1M");
        }
        long blocks = size / blockSize + (size % blockSize == 0 ? 0 : 1);
        if (size <= 0 || blocks > VdiHeader.MOST_BLOCKS) {
            throw new TerrariumException("A VDI image of " + size + " bytes cannot be made: choose a size up to "
                    + (VdiHeader.MOST_BLOCKS * blockSize >> 40) + " TiB");
        }
        long data = (VdiHeader.LENGTH + 4 * blocks + DATA_ALIGNMENT - 1) / DATA_ALIGNMENT * DATA_ALIGNMENT;
        VdiHeader header = new VdiHeader(
                allocate ? VdiHeader.STATIC : VdiHeader.DYNAMIC,
                VdiHeader.LENGTH,
                data,
                VdiHeader.roundUp(size),
                (int) blockSize,
                (int) blocks,
                allocate ? (int) blocks : 0,
                UUID.randomUUID(),
                UUID.randomUUID());
        for (long first = 0; first < blocks; first += CHUNK) {
            int count = (int) Math.min(CHUNK, blocks - first);
            ByteBuffer entries = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < count; i++) {
                entries.putInt(allocate ? (int) first + i : VdiMap.UNALLOCATED);
            }
            store.write(entries.flip(), VdiHeader.LENGTH + 4 * first);
        }
        store.truncate(allocate ? header.place((int) blocks) : data);
        store.flush();
        store.write(header.encode(), 0);
        store.flush();
    }

    @Override
    public Map<String, String> createOptions() {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("static", "on: every block has its place from the beginning (default off)");
        options.put("block_size", "bytes a block (default 1M; other programs may know no other)");
        return options;
    }

    @Override
    public int clusterSize(DiskImage image) {
        return image instanceof BlockImage blocks ? blocks.clusterSize() : 0;
    }

    @Override
    public List<String> check(Path path, ByteStore store, boolean repair, ImageFiles files)
            throws TerrariumException, IOException {
        VdiHeader header = VdiHeader.read(path, store);
        VdiCheck check = VdiCheck.of(store, header);
        List<String> errors = new ArrayList<>(check.errors());
        int count = check.used().cardinality();
        if (errors.isEmpty() && header.allocated() != count) {
            // Where there are gaps, the count must reach behind the last block in use.
            int mended = check.used().length();
            if (repair) {
                VdiHeader.writeAllocated(store, mended);
                store.flush();
            }
            if (!repair || mended != count) {
                errors.add("blocks leak: the header counts " + header.allocated() + ", the map " + count);
            }
        }
        return errors;
    }

    @Override
    public CheckReport examine(Path path, ByteStore store, CheckReport.Repair repair, ImageFiles files)
            throws TerrariumException, IOException {
        return LeakReport.of(this, path, store, repair, files);
    }
}
