// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A format with options, as tests go through them. */
public record FormatCase(String format, Map<String, String> options) {
    static final Path PATH = Path.of("disk.img");

    static Stream<FormatCase> all() {
        return Stream.of(
                of("vdi"),
                of("vdi", "static=on"),
                of("vpc"),
                of("vpc", "force_size=on"),
                of("vpc", "subformat=fixed", "force_size=on"),
                of("vhdx"),
                of("vhdx", "block_size=1M", "log_size=2M"),
                of("vhdx", "block_size=1M", "block_state_zero=off"),
                of("vhdx", "subformat=fixed"),
                of("vmdk"),
                of("vmdk", "zeroed_grain=on", "adapter_type=lsilogic", "compat6=on"),
                of("vmdk", "subformat=monolithicFlat"),
                of("vmdk", "subformat=twoGbMaxExtentSparse"),
                of("vmdk", "subformat=twoGbMaxExtentFlat"),
                of("vmdk", "subformat=streamOptimized"));
    }

    static FormatCase of(String format, String... options) {
        Map<String, String> map = new TreeMap<>();
        for (String option : options) {
            map.put(option.replaceFirst("=.*", ""), option.replaceFirst("[^=]*=", ""));
        }
        return new FormatCase(format, map);
    }

    ImageFormat implementation() throws TerrariumException {
        return ImageFormats.byName(format);
    }

    void create(ByteStore store, long size, ImageFiles files) throws TerrariumException, IOException {
        implementation().create(PATH, store, size, options, files);
    }

    DiskImage open(ByteStore store, boolean readOnly, ImageFiles files) throws TerrariumException, IOException {
        return implementation().open(PATH, store, readOnly, files);
    }

    /** Several files would each need to be cut or to fail; they are written by the same code as one. */
    boolean isOneFile() {
        return !toString().matches(".*(twoGb|monolithicFlat).*");
    }

    boolean isGrowing() {
        return isOneFile() && !toString().matches(".*(fixed|static).*");
    }

    /** As qemu-img takes them with -o; empty if there are none. */
    String optionText() {
        return String.join(
                ",",
                options.entrySet().stream()
                        .map(each -> each.getKey() + "=" + each.getValue())
                        .toList());
    }

    @Override
    public String toString() {
        return (format + " " + optionText()).strip();
    }
}
