// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.Sizes;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The options of a new image, by qemu-img's names. */
final class CreateOptions {
    static final Map<String, String> HELP = help();

    final int version;
    final int clusterBits;
    final int refcountOrder;
    final boolean lazyRefcounts;
    final boolean zstd;
    final boolean extended;
    final Optional<String> backingFile;
    final Optional<String> backingFormat;
    final Optional<String> dataFile;
    final boolean dataFileRaw;
    final boolean preallocate;

    CreateOptions(Map<String, String> options) throws TerrariumException {
        for (String name : options.keySet()) {
            if (!HELP.containsKey(name)) {
                throw new TerrariumException(
                        "qcow2 images have no option \"" + name + "\": use " + String.join(", ", HELP.keySet()));
            }
        }
        version = switch (options.getOrDefault("compat", "1.1")) {
            case "1.1", "v3" -> 3;
            case "0.10", "v2" -> 2;
            default -> throw wrong("compat", options, "0.10 or 1.1");
        };
        extended = flag("extended_l2", options);
        clusterBits = clusterBits(options);
        int refcountBits = number("refcount_bits", options, 16);
        refcountOrder = Integer.numberOfTrailingZeros(refcountBits);
        if (refcountBits < 1 || refcountBits > 64 || Integer.bitCount(refcountBits) != 1) {
            throw wrong("refcount_bits", options, "1, 2, 4, 8, 16, 32 or 64");
        }
        lazyRefcounts = flag("lazy_refcounts", options);
        zstd = switch (options.getOrDefault("compression_type", "zlib")) {
            case "zlib" -> false;
            case "zstd" -> true;
            default -> throw wrong("compression_type", options, "zlib or zstd");
        };
        backingFile = text("backing_file", options);
        backingFormat = text("backing_fmt", options);
        dataFile = text("data_file", options);
        dataFileRaw = flag("data_file_raw", options);
        preallocate = switch (options.getOrDefault("preallocation", "off")) {
            case "off" -> false;
            case "metadata" -> true;
            default -> throw wrong("preallocation", options, "off or metadata");
        };
        judge();
    }

    private static Map<String, String> help() {
        Map<String, String> help = new LinkedHashMap<>();
        help.put("backing_file", "the image that this one stands on");
        help.put("backing_fmt", "its format");
        help.put("cluster_size", "512 to 2M, a power of two; default 64k");
        help.put("compat", "0.10 (version 2) or 1.1 (version 3, the default)");
        help.put("compression_type", "zlib (the default) or zstd");
        help.put("data_file", "keeps the guest's data in this file of its own");
        help.put("data_file_raw", "on: that file is a raw image at all times");
        help.put("extended_l2", "on: clusters of 32 parts; needs clusters of 16k or more");
        help.put("lazy_refcounts", "on: postpones refcounts until the image is closed");
        help.put("preallocation", "off (the default) or metadata");
        help.put("refcount_bits", "1, 2, 4, 8, 16 (the default), 32 or 64");
        return help;
    }

    private void judge() throws TerrariumException {
        if (version == 2 && (refcountOrder != 4 || lazyRefcounts || zstd || extended || dataFile.isPresent())) {
            throw new TerrariumException("refcount_bits, lazy_refcounts, compression_type, extended_l2 and data_file"
                    + " need version 3: leave them out, or use compat=1.1");
        }
        if (extended && clusterBits < Geometry.SMALLEST_EXTENDED_CLUSTER_BITS) {
            throw new TerrariumException("extended_l2 needs clusters of 16k or more: use cluster_size=64k");
        }
        if (dataFileRaw && dataFile.isEmpty()) {
            throw new TerrariumException("data_file_raw needs a data file: use data_file=FILE");
        }
        if (dataFileRaw && backingFile.isPresent()) {
            throw new TerrariumException("a raw data file cannot stand on another image: leave backing_file out");
        }
        if (backingFile.isPresent() && backingFormat.isEmpty()) {
            throw new TerrariumException("the format of the backing file must be said: use backing_fmt=FORMAT (-F)");
        }
        if (backingFile.isEmpty() && backingFormat.isPresent()) {
            throw new TerrariumException("a backing format without a backing file: use backing_file=FILE (-b)");
        }
        if (preallocate && (backingFile.isPresent() || extended)) {
            throw new TerrariumException("preallocation does not go with a backing file or extended_l2: leave it out");
        }
    }

    private int clusterBits(Map<String, String> options) throws TerrariumException {
        long size = Sizes.parse(options.getOrDefault("cluster_size", "64k"));
        int bits = Long.numberOfTrailingZeros(size);
        if (Long.bitCount(size) != 1 || bits < Geometry.SMALLEST_CLUSTER_BITS || bits > Geometry.LARGEST_CLUSTER_BITS) {
            throw wrong("cluster_size", options, "a power of two from 512 to 2M");
        }
        return bits;
    }

    private static Optional<String> text(String name, Map<String, String> options) {
        return Optional.ofNullable(options.get(name)).filter(each -> !each.isEmpty());
    }

    private static int number(String name, Map<String, String> options, int otherwise) throws TerrariumException {
        String value = options.get(name);
        if (value == null) {
            return otherwise;
        }
        if (!value.matches("\\d{1,6}")) {
            throw wrong(name, options, "a number");
        }
        return Integer.parseInt(value);
    }

    private static boolean flag(String name, Map<String, String> options) throws TerrariumException {
        return switch (options.getOrDefault(name, "off")) {
            case "on", "true", "yes" -> true;
            case "off", "false", "no" -> false;
            default -> throw wrong(name, options, "on or off");
        };
    }

    private static TerrariumException wrong(String name, Map<String, String> options, String possible) {
        return new TerrariumException(name + "=" + options.get(name) + " cannot be: use " + possible);
    }
}
