// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vhdx;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.ImageFormat;
import dev.terrarium.engine.image.block.BlockImage;
import dev.terrarium.engine.image.block.CreateOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** VHDX, dynamic and fixed, with its log. Differencing images are refused. */
public final class VhdxFormat implements ImageFormat {
    private static final byte[] SIGNATURE = "vhdxfile".getBytes(StandardCharsets.US_ASCII);
    private static final int CHUNK = 1 << 17;

    @Override
    public String name() {
        return "vhdx";
    }

    @Override
    public boolean recognises(byte[] head, byte[] tail) {
        return head.length >= SIGNATURE.length
                && ByteBuffer.wrap(head, 0, SIGNATURE.length).equals(ByteBuffer.wrap(SIGNATURE));
    }

    /** An image's parts, its log replayed. */
    private record Parts(ByteStore store, VhdxHeader header, VhdxRegions regions, VhdxMetadata metadata) {
        static Parts read(Path path, ByteStore file, boolean readOnly) throws TerrariumException, IOException {
            ByteBuffer signature = ByteBuffer.allocate(SIGNATURE.length);
            file.read(signature, 0);
            if (!signature.flip().equals(ByteBuffer.wrap(SIGNATURE))) {
                throw new TerrariumException(path + " is not a VHDX image: its signature is missing");
            }
            VhdxHeader header = VhdxHeader.read(path, file);
            ByteStore store = file;
            List<VhdxLogEntry> pending = VhdxLog.pending(path, file, header);
            if (!pending.isEmpty() && readOnly) {
                store = new ReplayedStore(file, pending, header);
            } else if (!pending.isEmpty()) {
                VhdxLog.replay(pending, file, header);
            }
            if (!readOnly && !header.logGuid().equals(Vhdx.NIL)) {
                header = header.update(file, header.fileWriteGuid(), header.dataWriteGuid(), Vhdx.NIL);
            }
            VhdxRegions regions = VhdxRegions.read(path, store, header);
            VhdxMetadata metadata = VhdxMetadata.read(path, store, regions.metadata());
            if (metadata.entries() * 8 > regions.table().length()) {
                throw Vhdx.damaged(path, "its table is too short for a disk of " + metadata.size() + " bytes");
            }
            return new Parts(store, header, regions, metadata);
        }

        VhdxCheck check() throws IOException {
            return VhdxCheck.of(store, header, regions, metadata);
        }
    }

    @Override
    public DiskImage open(Path path, ByteStore store, boolean readOnly, ImageFiles files)
            throws TerrariumException, IOException {
        try {
            Parts parts = Parts.read(path, store, readOnly);
            long end = 0;
            if (!readOnly) {
                VhdxCheck check = parts.check();
                if (!check.errors().isEmpty()) {
                    throw new TerrariumException(path + " is damaged, "
                            + check.errors().getFirst() + ": open it read-only and copy what is left");
                }
                end = check.end();
            }
            VhdxSession session = new VhdxSession(parts.store(), parts.header());
            VhdxMap map = new VhdxMap(parts.store(), parts.metadata(), parts.regions(), session, end);
            return new BlockImage(parts.store(), map, parts.metadata().size(), readOnly);
        } catch (TerrariumException | IOException e) {
            store.close();
            throw e;
        }
    }

    @Override
    public void create(Path path, ByteStore store, long size, Map<String, String> options, ImageFiles files)
            throws TerrariumException, IOException {
        CreateOptions given = new CreateOptions(name(), options, createOptions().keySet());
        boolean fixed =
                given.word("subformat", "dynamic", List.of("dynamic", "fixed")).equals("fixed");
        boolean zero = given.flag("block_state_zero", true);
        if (size <= 0 || size > Vhdx.LARGEST) {
            throw new TerrariumException(
                    "A VHDX image of " + size + " bytes cannot be made: choose a size up to 64 TiB");
        }
        long blockSize = given.bytes("block_size", 0);
        blockSize = blockSize == 0 ? defaultBlock(size) : blockSize;
        if (blockSize < Vhdx.MIB || blockSize > 256 * Vhdx.MIB || Long.bitCount(blockSize) != 1) {
            throw new TerrariumException("block_size is " + blockSize + ": use a power of two from 1M to 256M");
        }
        long logSize = given.bytes("log_size", Vhdx.MIB);
        if (logSize < Vhdx.MIB || logSize > 256 * Vhdx.MIB) {
            throw new TerrariumException("log_size is " + logSize + ": use a size from 1M to 256M");
        }
        VhdxMetadata metadata =
                new VhdxMetadata((size + 511) / 512 * 512, (int) blockSize, fixed, 512, 512, UUID.randomUUID());
        create(store, metadata, roundUp(logSize), fixed, zero);
    }

    private static long defaultBlock(long size) {
        if (size > 32L << 40) {
            return 64 << 20;
        }
        return size > 100L << 30 ? 32 << 20 : size > 1L << 30 ? 16 << 20 : 8 << 20;
    }

    private static long roundUp(long bytes) {
        return (bytes + Vhdx.MIB - 1) / Vhdx.MIB * Vhdx.MIB;
    }

    private static void create(ByteStore store, VhdxMetadata metadata, long logLength, boolean fixed, boolean zero)
            throws IOException {
        VhdxRegions.Region properties = new VhdxRegions.Region(Vhdx.MIB + logLength, Vhdx.MIB);
        VhdxRegions.Region table =
                new VhdxRegions.Region(properties.offset() + Vhdx.MIB, roundUp(metadata.entries() * 8));
        VhdxRegions regions = new VhdxRegions(table, properties);
        long data = table.offset() + table.length();
        store.truncate(fixed ? data + metadata.blocks() * metadata.blockSize() : data);
        if (fixed || zero) {
            writeTable(store, metadata, table.offset(), fixed ? data : 0);
        }
        metadata.write(store, properties);
        regions.write(store);
        UUID fileWriteGuid = UUID.randomUUID();
        UUID dataWriteGuid = UUID.randomUUID();
        for (int slot = 0; slot < 2; slot++) {
            new VhdxHeader(slot, slot, fileWriteGuid, dataWriteGuid, Vhdx.NIL, Vhdx.MIB, logLength).write(store);
        }
        store.flush();
        ByteBuffer identifier = ByteBuffer.allocate(520).order(ByteOrder.LITTLE_ENDIAN);
        identifier.put(SIGNATURE).put("Terrarium".getBytes(StandardCharsets.UTF_16LE));
        store.write(identifier.clear(), 0);
        store.flush();
    }

    /** @param data where block 0 stands if all have a place; 0 if all are zeros without one */
    private static void writeTable(ByteStore store, VhdxMetadata metadata, long at, long data) throws IOException {
        long ratio = metadata.chunkRatio() + 1;
        long block = 0;
        for (long first = 0; first < metadata.entries(); first += CHUNK) {
            int count = (int) Math.min(CHUNK, metadata.entries() - first);
            ByteBuffer bytes = ByteBuffer.allocate(count * 8).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < count; i++) {
                if ((first + i) % ratio == ratio - 1) {
                    bytes.putLong(0);
                } else {
                    bytes.putLong(data == 0 ? VhdxMap.ZERO : data + block * metadata.blockSize() | VhdxMap.PRESENT);
                    block++;
                }
            }
            store.write(bytes.flip(), at + first * 8);
        }
    }

    @Override
    public Map<String, String> createOptions() {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("subformat", "dynamic (default) or fixed");
        options.put("block_size", "bytes a block, a power of two from 1M to 256M; 0 (default): by the disk's size");
        options.put("log_size", "bytes of the log (default 1M)");
        options.put("block_state_zero", "on (default): new blocks are noted as zeros, off: as not present");
        return options;
    }

    @Override
    public int clusterSize(DiskImage image) {
        return image instanceof BlockImage blocks ? blocks.clusterSize() : 0;
    }

    @Override
    public List<String> check(Path path, ByteStore store, boolean repair, ImageFiles files)
            throws TerrariumException, IOException {
        return Parts.read(path, store, !repair).check().errors();
    }
}
