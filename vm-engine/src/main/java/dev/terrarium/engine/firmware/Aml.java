// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** ACPI Machine Language, term by term: each method returns the encoding of one term (ACPI 6.4, chapter 20). */
final class Aml {
    static final byte[] ARG0 = {0x68};
    static final byte[] NO_TARGET = {0x00};

    static final int REGION_PCI_CONFIG = 2;

    private static final int NAME = 0x08;
    private static final int BYTE_PREFIX = 0x0A;
    private static final int WORD_PREFIX = 0x0B;
    private static final int DOUBLE_WORD_PREFIX = 0x0C;
    private static final int STRING_PREFIX = 0x0D;
    private static final int QUAD_WORD_PREFIX = 0x0E;
    private static final int SCOPE = 0x10;
    private static final int BUFFER = 0x11;
    private static final int PACKAGE = 0x12;
    private static final int METHOD = 0x14;
    private static final int DUAL_NAME = 0x2E;
    private static final int MULTI_NAME = 0x2F;
    private static final int EXTENDED = 0x5B;
    private static final int EXT_OPERATION_REGION = 0x80;
    private static final int EXT_FIELD = 0x81;
    private static final int EXT_DEVICE = 0x82;
    private static final int EXT_PROCESSOR = 0x83;
    private static final int STORE = 0x70;
    private static final int AND = 0x7B;
    private static final int OR = 0x7D;
    private static final int CREATE_DOUBLE_WORD_FIELD = 0x8A;
    private static final int IF = 0xA0;
    private static final int RETURN = 0xA4;

    private static final int FIELD_BYTE_ACCESS = 1;

    private Aml() {}

    static byte[] concat(List<byte[]> terms) {
        LittleEndian all = LittleEndian.of(256);
        terms.forEach(all::bytes);
        return all.toByteArray();
    }

    static byte[] concat(byte[]... terms) {
        return concat(List.of(terms));
    }

    private static byte[] op(int... codes) {
        byte[] bytes = new byte[codes.length];
        for (int i = 0; i < codes.length; i++) {
            bytes[i] = (byte) codes[i];
        }
        return bytes;
    }

    /** A package length that counts itself and {@code content} bytes. */
    private static byte[] packageLength(int content) {
        if (content + 1 <= 0x3F) {
            return lengthField(content + 1);
        }
        if (content + 2 <= 0xFFF) {
            return lengthField(content + 2);
        }
        return lengthField(content + 3);
    }

    private static byte[] lengthField(int value) {
        if (value <= 0x3F) {
            return op(value);
        }
        if (value <= 0xFFF) {
            return op(0x40 | value & 0xF, value >> 4);
        }
        return op(0x80 | value & 0xF, value >> 4, value >> 12);
    }

    private static byte[] packaged(byte[] opcode, byte[]... content) {
        byte[] inside = concat(content);
        return concat(opcode, packageLength(inside.length), inside);
    }

    /** A name, absolute or relative, such as {@code \_SB.PCI0}; segments are padded with underscores. */
    static byte[] path(String path) {
        boolean absolute = path.startsWith("\\");
        String[] segments = (absolute ? path.substring(1) : path).split("\\.", -1);
        List<byte[]> parts = new ArrayList<>();
        if (absolute) {
            parts.add(op('\\'));
        }
        if (segments.length == 2) {
            parts.add(op(DUAL_NAME));
        } else if (segments.length > 2) {
            parts.add(op(MULTI_NAME, segments.length));
        }
        for (String segment : segments) {
            parts.add((segment + "____").substring(0, 4).getBytes(StandardCharsets.US_ASCII));
        }
        return concat(parts);
    }

    static byte[] integer(long value) {
        if (value == 0 || value == 1) {
            return op((int) value);
        }
        if (value > 0 && value <= 0xFF) {
            return op(BYTE_PREFIX, (int) value);
        }
        if (value > 0 && value <= 0xFFFF) {
            return LittleEndian.of(3).u8(WORD_PREFIX).u16((int) value).toByteArray();
        }
        if (value > 0 && value <= 0xFFFF_FFFFL) {
            return LittleEndian.of(5).u8(DOUBLE_WORD_PREFIX).u32(value).toByteArray();
        }
        return LittleEndian.of(9).u8(QUAD_WORD_PREFIX).u64(value).toByteArray();
    }

    static byte[] string(String text) {
        return concat(op(STRING_PREFIX), text.getBytes(StandardCharsets.US_ASCII), op(0));
    }

    /** A Plug and Play identifier such as {@code PNP0A03} as a number (ACPI 6.4, 19.6.36). */
    static byte[] eisaId(String id) {
        int vendor = (id.charAt(0) - '@') << 10 | (id.charAt(1) - '@') << 5 | id.charAt(2) - '@';
        int product = Integer.parseInt(id.substring(3), 16);
        int value = Integer.reverseBytes(vendor << 16 | product);
        return LittleEndian.of(5).u8(DOUBLE_WORD_PREFIX).u32(value).toByteArray();
    }

    static byte[] name(String name, byte[] object) {
        return concat(op(NAME), path(name), object);
    }

    static byte[] scope(String path, byte[]... terms) {
        return packaged(op(SCOPE), path(path), concat(terms));
    }

    static byte[] device(String name, byte[]... terms) {
        return packaged(op(EXTENDED, EXT_DEVICE), path(name), concat(terms));
    }

    static byte[] processor(String name, int id) {
        return packaged(op(EXTENDED, EXT_PROCESSOR), path(name), op(id, 0, 0, 0, 0, 0));
    }

    /** A method, serialized because it makes names of its own. */
    static byte[] method(String name, int arguments, byte[]... terms) {
        return packaged(op(METHOD), path(name), op(arguments | 0x08), concat(terms));
    }

    static byte[] packageOf(List<byte[]> elements) {
        return packaged(op(PACKAGE), op(elements.size()), concat(elements));
    }

    static byte[] buffer(byte[] content) {
        return packaged(op(BUFFER), integer(content.length), content);
    }

    static byte[] operationRegion(String name, int space, int offset, int length) {
        return concat(op(EXTENDED, EXT_OPERATION_REGION), path(name), op(space), integer(offset), integer(length));
    }

    /** Fields of one byte each, from the region's start. */
    static byte[] byteFields(String region, List<String> names) {
        List<byte[]> fields = new ArrayList<>();
        for (String field : names) {
            fields.add(path(field));
            fields.add(lengthField(8));
        }
        return packaged(op(EXTENDED, EXT_FIELD), path(region), op(FIELD_BYTE_ACCESS), concat(fields));
    }

    static byte[] createDoubleWordField(byte[] source, int offset, String name) {
        return concat(op(CREATE_DOUBLE_WORD_FIELD), source, integer(offset), path(name));
    }

    static byte[] store(byte[] value, byte[] target) {
        return concat(op(STORE), value, target);
    }

    static byte[] and(byte[] left, byte[] right, byte[] target) {
        return concat(op(AND), left, right, target);
    }

    static byte[] or(byte[] left, byte[] right, byte[] target) {
        return concat(op(OR), left, right, target);
    }

    static byte[] ifTrue(byte[] condition, byte[]... terms) {
        return packaged(op(IF), condition, concat(terms));
    }

    static byte[] returnOf(byte[] value) {
        return concat(op(RETURN), value);
    }

    static byte[] call(String method, byte[]... arguments) {
        return concat(path(method), concat(arguments));
    }
}
