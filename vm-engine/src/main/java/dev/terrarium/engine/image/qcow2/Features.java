// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The feature bits that are understood here (specification, header), and the names of those that are not. */
final class Features {
    static final long DIRTY = 1;
    static final long CORRUPT = 1 << 1;
    static final long EXTERNAL_DATA = 1 << 2;
    static final long COMPRESSION_TYPE = 1 << 3;
    static final long EXTENDED_L2 = 1 << 4;
    static final long KNOWN_INCOMPATIBLE = DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION_TYPE | EXTENDED_L2;

    static final long LAZY_REFCOUNTS = 1;

    static final long BITMAPS = 1;
    static final long RAW_EXTERNAL_DATA = 1 << 1;
    static final long KNOWN_AUTOCLEAR = BITMAPS | RAW_EXTERNAL_DATA;

    private static final int NAME_ENTRY = 48;

    private Features() {}

    /** The unknown incompatible features of an image, by the names that the image itself gives them. */
    static List<String> unknown(long incompatible, Optional<Extension> names) {
        List<String> unknown = new ArrayList<>();
        long bits = incompatible & ~KNOWN_INCOMPATIBLE;
        for (int bit = 0; bit < Long.SIZE; bit++) {
            if ((bits >>> bit & 1) != 0) {
                unknown.add(name(bit, names));
            }
        }
        return unknown;
    }

    private static String name(int bit, Optional<Extension> names) {
        byte[] table = names.map(Extension::data).orElse(new byte[0]);
        for (int at = 0; at + NAME_ENTRY <= table.length; at += NAME_ENTRY) {
            if (table[at] == 0 && table[at + 1] == bit) {
                String name = new String(table, at + 2, NAME_ENTRY - 2, StandardCharsets.UTF_8);
                int end = name.indexOf('\0');
                name = (end < 0 ? name : name.substring(0, end)).replaceAll("\\p{Cntrl}", "?");
                return name.isBlank() ? "bit " + bit : "\"" + name + "\"";
            }
        }
        return "bit " + bit;
    }
}
