// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.vmdk;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The text that says what extents a disk has (Virtual Disk Format 5.0, "The Descriptor File").
 *
 * @param fields by their names in lower case, without quotes
 * @param extents in their order on the disk
 * @param cidAt where in the text the eight digits of the content's identifier are; -1 if there are none
 */
record VmdkDescriptor(Map<String, String> fields, List<Extent> extents, int cidAt) {
    static final String FIRST_LINE = "# Disk DescriptorFile";
    static final long NO_PARENT = 0xFFFFFFFFL;

    /** Bytes that a descriptor may have: a disk of 2 TiB in pieces of 2 GB needs 50 KiB. */
    static final int LONGEST = 1 << 20;

    private static final Pattern EXTENT = Pattern.compile(
            "(RW|RDONLY|NOACCESS)\\s+(\\d{1,18})\\s+([A-Z]+)(?:\\s+\"([^\"]*)\"(?:\\s+(\\d{1,18}))?.*)?");
    private static final Pattern FIELD = Pattern.compile("([A-Za-z0-9_.]+)\\s*=\\s*\"?([^\"]*)\"?");
    private static final Pattern CID = Pattern.compile("(?m)^CID=([0-9a-fA-F]{8})\\s*$");

    /** One line of the list of extents; the size is in sectors, the offset of a flat one too. */
    record Extent(String access, long sectors, String type, String file, long offset) {}

    static VmdkDescriptor read(Path path, ByteStore store, long at, long length)
            throws TerrariumException, IOException {
        if (length <= 0 || length > LONGEST) {
            throw Vmdk.damaged(path, "its descriptor has " + Long.toUnsignedString(length) + " bytes");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) length);
        store.read(bytes, at);
        String text = new String(bytes.array(), StandardCharsets.ISO_8859_1);
        int end = text.indexOf('\0');
        return parse(path, end < 0 ? text : text.substring(0, end));
    }

    static VmdkDescriptor parse(Path path, String text) throws TerrariumException {
        Map<String, String> fields = new LinkedHashMap<>();
        List<Extent> extents = new ArrayList<>();
        for (String line : text.lines().map(String::strip).toList()) {
            Matcher extent = EXTENT.matcher(line);
            Matcher field = FIELD.matcher(line);
            if (extent.matches()) {
                extents.add(new Extent(
                        extent.group(1),
                        Long.parseLong(extent.group(2)),
                        extent.group(3),
                        utf8(orEmpty(extent.group(4))),
                        Long.parseLong("0" + orEmpty(extent.group(5)))));
            } else if (field.matches()) {
                fields.putIfAbsent(field.group(1).toLowerCase(Locale.ROOT), utf8(field.group(2)));
            }
        }
        String version = fields.getOrDefault("version", "");
        if (!List.of("1", "2", "3").contains(version)) {
            throw new TerrariumException(path + " is a VMDK image whose descriptor has version \"" + version
                    + "\": convert it with VMware first");
        }
        if (extents.isEmpty()) {
            throw Vmdk.damaged(path, "its descriptor names no extents");
        }
        Matcher cid = CID.matcher(text);
        return new VmdkDescriptor(fields, extents, cid.find() ? cid.start(1) : -1);
    }

    private static String orEmpty(@org.jspecify.annotations.Nullable String text) {
        return text == null ? "" : text;
    }

    private static String utf8(String bytes) {
        return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    String createType() {
        return fields.getOrDefault("createtype", "");
    }

    long cid() {
        return number(fields.getOrDefault("cid", ""));
    }

    /** {@link #NO_PARENT} if there is none. */
    long parentCid() {
        return number(fields.getOrDefault("parentcid", "ffffffff"));
    }

    private static long number(String digits) {
        return digits.matches("[0-9a-fA-F]{1,8}") ? Long.parseLong(digits, 16) : NO_PARENT;
    }

    /** The parent's file, as the descriptor names it; empty if it does not. */
    String parentFile() {
        return fields.getOrDefault("parentfilenamehint", "");
    }

    /** What a new disk's descriptor says beside its extents. */
    record New(
            String createType,
            long cid,
            long parentCid,
            String parentFile,
            String adapter,
            String hardwareVersion,
            String toolsVersion,
            long sectors) {
        String text(List<String> extentLines) {
            int heads = adapter.equals("ide") ? 16 : 255;
            long cylinders = sectors / heads / 63;
            List<String> lines = new ArrayList<>(List.of(
                    FIRST_LINE,
                    "version=1",
                    String.format(Locale.ROOT, "CID=%08x", cid),
                    String.format(Locale.ROOT, "parentCID=%08x", parentCid),
                    "createType=\"" + createType + "\""));
            if (!parentFile.isEmpty()) {
                lines.add("parentFileNameHint=\"" + parentFile + "\"");
            }
            lines.add("");
            lines.add("# Extent description");
            lines.addAll(extentLines);
            lines.addAll(List.of(
                    "",
                    "# The Disk Data Base",
                    "#DDB",
                    "",
                    "ddb.virtualHWVersion = \"" + hardwareVersion + "\"",
                    "ddb.geometry.cylinders = \"" + (heads == 16 ? Math.min(cylinders, 16383) : cylinders) + "\"",
                    "ddb.geometry.heads = \"" + heads + "\"",
                    "ddb.geometry.sectors = \"63\"",
                    "ddb.adapterType = \"" + adapter + "\"",
                    "ddb.toolsVersion = \"" + toolsVersion + "\"",
                    ""));
            return String.join(String.valueOf('\n'), lines);
        }
    }
}
