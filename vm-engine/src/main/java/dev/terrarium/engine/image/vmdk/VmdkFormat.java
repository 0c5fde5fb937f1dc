// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.CheckReport;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.ImageFormat;
import dev.terrarium.engine.image.block.CreateOptions;
import dev.terrarium.engine.image.block.LeakReport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** VMDK: sparse, stream-optimised and flat, in one file or several, with a parent or without. */
public final class VmdkFormat implements ImageFormat {
    private static final byte[] OLD_SPARSE = "COWD".getBytes(StandardCharsets.US_ASCII);

    @Override
    public String name() {
        return "vmdk";
    }

    @Override
    public boolean recognises(byte[] head, byte[] tail) {
        boolean old = head.length >= 4 && ByteBuffer.wrap(head, 0, 4).equals(ByteBuffer.wrap(OLD_SPARSE));
        return old || VmdkHeader.isOne(ByteBuffer.wrap(head)) || isDescriptor(head);
    }

    private static boolean isDescriptor(byte[] head) {
        int length = VmdkDescriptor.FIRST_LINE.length();
        return head.length >= length
                && new String(head, 0, length, StandardCharsets.ISO_8859_1)
                        .toLowerCase(Locale.ROOT)
                        .equals(VmdkDescriptor.FIRST_LINE.toLowerCase(Locale.ROOT));
    }

    /** How an image's file begins. */
    private static byte[] head(ByteStore store) throws IOException {
        byte[] head = new byte[Vmdk.SECTOR];
        store.read(ByteBuffer.wrap(head), 0);
        return head;
    }

    @Override
    public DiskImage open(Path path, ByteStore store, boolean readOnly, ImageFiles files)
            throws TerrariumException, IOException {
        @Nullable DiskImage backing = null;
        try {
            byte[] head = head(store);
            boolean embedded = VmdkHeader.isOne(ByteBuffer.wrap(head));
            if (!embedded && !isDescriptor(head)) {
                String what = recognises(head, new byte[0]) ? "an old ESX sparse extent" : "not a VMDK image";
                throw new TerrariumException(
                        path + " is " + what + ": convert it with VMware first, or choose another file");
            }
            long descriptorAt = 0;
            VmdkDescriptor descriptor;
            if (embedded) {
                VmdkHeader header = VmdkHeader.read(path, store);
                descriptorAt = header.descriptorOffset() * Vmdk.SECTOR;
                descriptor = embeddedDescriptor(path, store, header);
            } else {
                descriptor = VmdkDescriptor.read(path, store, 0, store.size());
            }
            backing = backing(path, descriptor, files);
            VmdkExtents extents = new VmdkExtents(path, files, readOnly, backing);
            if (embedded
                    && !readOnly
                    && !descriptor.extents().getFirst().access().equals("RW")) {
                throw new TerrariumException(path + " says that it is for reading only: open it read-only");
            }
            List<VmdkImage.Part> parts = embedded
                    ? List.of(extents.sparse(path, store, String.valueOf(path), "", 0))
                    : extents.open(descriptor);
            return new VmdkImage(descriptor, parts, readOnly, backing, store, descriptorAt);
        } catch (TerrariumException | IOException e) {
            store.close();
            if (backing != null) {
                backing.close();
            }
            throw e;
        }
    }

    private static VmdkDescriptor embeddedDescriptor(Path path, ByteStore store, VmdkHeader header)
            throws TerrariumException, IOException {
        if (header.descriptorOffset() == 0) {
            throw new TerrariumException(
                    path + " is one of several extents of a VMDK image: open the file that describes them");
        }
        long most = VmdkDescriptor.LONGEST / Vmdk.SECTOR;
        if (header.descriptorSize() < 1 || header.descriptorSize() > most) {
            throw Vmdk.damaged(
                    path, "its descriptor has " + Long.toUnsignedString(header.descriptorSize()) + " sectors");
        }
        VmdkDescriptor descriptor = VmdkDescriptor.read(
                path, store, header.descriptorOffset() * Vmdk.SECTOR, header.descriptorSize() * Vmdk.SECTOR);
        if (descriptor.extents().size() != 1) {
            throw Vmdk.damaged(
                    path, "it is one file but describes " + descriptor.extents().size());
        }
        return descriptor;
    }

    private static @Nullable DiskImage backing(Path path, VmdkDescriptor descriptor, ImageFiles files)
            throws TerrariumException, IOException {
        if (descriptor.parentCid() == VmdkDescriptor.NO_PARENT) {
            return null;
        }
        String name = descriptor.parentFile();
        if (name.isEmpty()) {
            throw Vmdk.damaged(path, "it has a parent but does not name it");
        }
        DiskImage parent = files.openImage(path, name, "vmdk");
        if (!(parent instanceof VmdkImage image) || image.cid() != descriptor.parentCid()) {
            parent.close();
            throw new TerrariumException(
                    path + " stands on " + name
                            + ", which was changed since: put back the file as it was, or rebase the image if you know that it fits");
        }
        return parent;
    }

    @Override
    public void create(Path path, ByteStore store, long size, Map<String, String> options, ImageFiles files)
            throws TerrariumException, IOException {
        new VmdkCreator(
                        path,
                        files,
                        new CreateOptions(name(), options, createOptions().keySet()),
                        size)
                .create(store);
    }

    @Override
    public Map<String, String> createOptions() {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("subformat", String.join(", ", VmdkCreator.SUBFORMATS) + " (default monolithicSparse)");
        options.put("adapter_type", String.join(", ", VmdkCreator.ADAPTERS) + " (default ide)");
        options.put("backing_file", "the image that this one stands on");
        options.put("backing_fmt", "its format: vmdk");
        options.put("compat6", "on: for VMware's hardware version 6");
        options.put("hwversion", "VMware's hardware version (default 4)");
        options.put("toolsversion", "version of VMware's guest tools");
        options.put("zeroed_grain", "on: grains of zeros are noted without taking place");
        return options;
    }

    @Override
    public Map<String, Object> details(DiskImage image) {
        return image instanceof VmdkImage vmdk ? vmdk.details() : Map.of();
    }

    @Override
    public int clusterSize(DiskImage image) {
        return image instanceof VmdkImage vmdk ? vmdk.parts().getFirst().grainBytes() : 0;
    }

    @Override
    public List<String> check(Path path, ByteStore store, boolean repair, ImageFiles files)
            throws TerrariumException, IOException {
        if (VmdkHeader.isOne(ByteBuffer.wrap(head(store)))) {
            return SparseCheck.errors(store, VmdkHeader.read(path, store), repair);
        }
        VmdkDescriptor descriptor = VmdkDescriptor.read(path, store, 0, store.size());
        List<String> errors = new ArrayList<>();
        for (VmdkDescriptor.Extent extent : descriptor.extents()) {
            if (extent.type().equals("SPARSE")) {
                try (ByteStore file = files.openBytes(path, extent.file(), !repair)) {
                    VmdkHeader header = VmdkHeader.read(path.resolveSibling(extent.file()), file);
                    SparseCheck.errors(file, header, repair).forEach(error -> errors.add(extent.file() + ": " + error));
                }
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
