// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads what a CD image is from its volume descriptors (ECMA-119), boot catalogue (El Torito 1.0) and root folder. */
public final class IsoProbe {
    private static final int BLOCK = 2048;
    private static final int FIRST_DESCRIPTOR = 16;
    private static final int LAST_DESCRIPTOR = 64;
    private static final int MAX_DIRECTORY = 256 * 1024;
    private static final int MAX_INFO = 512;

    private static final int TYPE_BOOT_RECORD = 0;
    private static final int TYPE_PRIMARY = 1;
    private static final int TYPE_TERMINATOR = 255;

    private static final int BOOTABLE = 0x88;
    private static final int PLATFORM_PC = 0;
    private static final int PLATFORM_EFI = 0xEF;

    /** A word that tells an operating system, in the label, the description or the names in the root folder. */
    private record Hint(String word, String osId) {}

    private static final List<Hint> TEXT_HINTS = List.of(
            new Hint("ubuntu", "ubuntu"),
            new Hint("linux mint", "linuxmint"),
            new Hint("linuxmint", "linuxmint"),
            new Hint("kali", "kali"),
            new Hint("debian", "debian"),
            new Hint("fedora", "fedora"),
            new Hint("centos", "centos"),
            new Hint("rocky", "rocky"),
            new Hint("almalinux", "almalinux"),
            new Hint("rhel", "rhel"),
            new Hint("red hat", "rhel"),
            new Hint("opensuse", "opensuse"),
            new Hint("suse", "opensuse"),
            new Hint("arch_", "arch"),
            new Hint("alpine", "alpine"),
            new Hint("manjaro", "manjaro"),
            new Hint("nixos", "nixos"),
            new Hint("gentoo", "gentoo"),
            new Hint("slackware", "slackware"),
            new Hint("freebsd", "freebsd"),
            new Hint("openbsd", "openbsd"),
            new Hint("netbsd", "netbsd"),
            new Hint("freedos", "freedos"),
            new Hint("reactos", "reactos"),
            new Hint("haiku", "haiku"),
            new Hint("mt86plus", "memtest86plus"),
            new Hint("memtest", "memtest86plus"),
            new Hint("ccoma_", "windows"),
            new Hint("cccoma", "windows"),
            new Hint("ccsa_", "windows"),
            new Hint("windows", "windows"),
            new Hint("microsoft", "windows"));

    private static final List<Hint> FOLDER_HINTS = List.of(
            new Hint("casper", "ubuntu"),
            new Hint("install.amd", "debian"),
            new Hint("install.386", "debian"),
            new Hint("liveos", "fedora"),
            new Hint("arch", "arch"),
            new Hint("bootmgr", "windows"),
            new Hint("autorun.inf", "windows"));

    private final Path path;
    private final FileChannel channel;

    private IsoProbe(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /** Looks at an image; one that is not ISO 9660 is refused with a message for the user. */
    public static IsoInfo probe(Path path) throws TerrariumException {
        try (ImageFile file = ImageFile.open(path, ImageFile.Access.READ)) {
            return new IsoProbe(path, file.channel()).read();
        } catch (IOException e) {
            throw new TerrariumException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    private IsoInfo read() throws IOException, TerrariumException {
        Optional<ByteBuffer> primary = Optional.empty();
        boolean[] boots = new boolean[2];
        for (int block = FIRST_DESCRIPTOR; block < LAST_DESCRIPTOR; block++) {
            ByteBuffer descriptor = read((long) block * BLOCK, BLOCK);
            if (descriptor.limit() < BLOCK || !text(descriptor, 1, 5).equals("CD001")) {
                break;
            }
            int type = descriptor.get(0) & 0xFF;
            if (type == TYPE_TERMINATOR) {
                break;
            } else if (type == TYPE_PRIMARY && primary.isEmpty()) {
                primary = Optional.of(descriptor);
            } else if (type == TYPE_BOOT_RECORD && text(descriptor, 7, 32).startsWith("EL TORITO SPECIFICATION")) {
                readCatalogue(Integer.toUnsignedLong(descriptor.getInt(0x47)), boots);
            }
        }
        ByteBuffer volume =
                primary.orElseThrow(() -> new TerrariumException(path + " is not a CD image: choose an ISO 9660 file"));
        return describe(volume, boots[0], boots[1]);
    }

    private void readCatalogue(long block, boolean[] boots) throws IOException {
        ByteBuffer catalogue = read(block * BLOCK, BLOCK);
        if (catalogue.limit() < BLOCK || catalogue.get(0) != 1 || (catalogue.getShort(30) & 0xFFFF) != 0xAA55) {
            return;
        }
        note(catalogue.get(1) & 0xFF, catalogue.get(32) & 0xFF, boots);
        int platform = PLATFORM_PC;
        for (int entry = 64; entry + 32 <= BLOCK; entry += 32) {
            int indicator = catalogue.get(entry) & 0xFF;
            if (indicator == 0x90 || indicator == 0x91) {
                platform = catalogue.get(entry + 1) & 0xFF;
            } else {
                note(platform, indicator, boots);
            }
        }
    }

    private static void note(int platform, int indicator, boolean[] boots) {
        if (indicator == BOOTABLE) {
            boots[0] |= platform == PLATFORM_PC;
            boots[1] |= platform == PLATFORM_EFI;
        }
    }

    private IsoInfo describe(ByteBuffer volume, boolean bootable, boolean efiBootable) throws IOException {
        String label = text(volume, 40, 32).strip();
        String publisher = text(volume, 318, 128).strip();
        String application = text(volume, 574, 128).strip();
        Map<String, Extent> root = readDirectory(extent(volume, 156));
        Optional<String> description = readInfo(root);
        String words = String.join("\n", label, description.orElse(""), publisher, application)
                .toLowerCase(Locale.ROOT);
        Optional<String> osId = TEXT_HINTS.stream()
                .filter(hint -> words.contains(hint.word()))
                .map(Hint::osId)
                .findFirst()
                .or(() -> FOLDER_HINTS.stream()
                        .filter(hint -> root.containsKey(hint.word()))
                        .map(Hint::osId)
                        .findFirst());
        return new IsoInfo(label, publisher, application, bootable, efiBootable, osId, description);
    }

    private Optional<String> readInfo(Map<String, Extent> root) throws IOException {
        for (String folder : List.of(".disk", "_disk", "disk")) {
            Extent disk = root.get(folder);
            if (disk == null) {
                continue;
            }
            Extent info = readDirectory(disk).get("info");
            if (info != null) {
                ByteBuffer content = read(info.position(), (int) Math.min(info.length(), MAX_INFO));
                String line = StandardCharsets.UTF_8
                        .decode(content)
                        .toString()
                        .lines()
                        .findFirst()
                        .orElse("");
                return line.isBlank() ? Optional.empty() : Optional.of(line.strip());
            }
        }
        return Optional.empty();
    }

    /** Where a file or folder lies, in bytes. */
    private record Extent(long position, long length) {}

    private static Extent extent(ByteBuffer block, int record) {
        return new Extent(
                Integer.toUnsignedLong(block.getInt(record + 2)) * BLOCK,
                Integer.toUnsignedLong(block.getInt(record + 10)));
    }

    /** A folder's entries by their lower-case name, the Rock Ridge name where there is one. */
    private Map<String, Extent> readDirectory(Extent folder) throws IOException {
        ByteBuffer entries = read(folder.position(), (int) Math.min(folder.length(), MAX_DIRECTORY));
        Map<String, Extent> names = new LinkedHashMap<>();
        int at = 0;
        while (at + 34 <= entries.limit()) {
            int length = entries.get(at) & 0xFF;
            if (length < 34) {
                at = (at / BLOCK + 1) * BLOCK;
                continue;
            }
            int nameLength = entries.get(at + 32) & 0xFF;
            if (at + length > entries.limit() || 33 + nameLength > length) {
                break;
            }
            names.put(name(entries, at, length, nameLength), extent(entries, at));
            at += length;
        }
        return names;
    }

    private static String name(ByteBuffer entries, int record, int length, int nameLength) {
        int at = record + 33 + nameLength + (nameLength % 2 == 0 ? 1 : 0);
        int end = record + length;
        StringBuilder rockRidge = new StringBuilder();
        while (at + 5 <= end) {
            int size = entries.get(at + 2) & 0xFF;
            if (size < 5 || at + size > end) {
                break;
            }
            if (entries.get(at) == 'N' && entries.get(at + 1) == 'M') {
                rockRidge.append(text(entries, at + 5, size - 5));
            }
            at += size;
        }
        String name = rockRidge.isEmpty() ? text(entries, record + 33, nameLength) : rockRidge.toString();
        int version = name.indexOf(';');
        name = version >= 0 ? name.substring(0, version) : name;
        name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        return name.toLowerCase(Locale.ROOT);
    }

    private static String text(ByteBuffer block, int offset, int length) {
        byte[] bytes = new byte[length];
        block.get(offset, bytes);
        return new String(bytes, StandardCharsets.ISO_8859_1).replace('\0', ' ');
    }

    /** Reads up to {@code length} bytes; the buffer is shorter where the file ends. */
    private ByteBuffer read(long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                break;
            }
        }
        return buffer.flip();
    }
}
