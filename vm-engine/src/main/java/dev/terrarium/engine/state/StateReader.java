// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import dev.terrarium.engine.device.InvalidStateException;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads values from bytes that may be forged. */
final class StateReader {
    private static final int DEEPEST = 32;
    private static final int LONGEST_NAME = 256;

    private final ByteBuffer in;
    /** Records still allowed; stops lists of records without components from being longer than their bytes. */
    private int records;

    StateReader(byte[] bytes) {
        in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        records = bytes.length + 1;
    }

    int remaining() {
        return in.remaining();
    }

    private ByteBuffer need(long bytes) {
        if (bytes > in.remaining()) {
            throw new InvalidStateException("The state ends " + (bytes - in.remaining()) + " bytes early");
        }
        return in;
    }

    int readInt() {
        return need(Integer.BYTES).getInt();
    }

    Record readRecord(Class<?> type, int depth) {
        if (depth > DEEPEST || --records < 0) {
            throw new InvalidStateException("The state of " + type.getName() + " is nested too deeply");
        }
        StateShape shape = StateShape.of(type);
        Object[] values = new Object[shape.components().size()];
        for (int i = 0; i < values.length; i++) {
            StateShape.Component component = shape.components().get(i);
            values[i] = component.type() == List.class
                    ? readList(component.element(), depth)
                    : read(component.type(), depth);
        }
        try {
            return (Record) shape.constructor().newInstance(values);
        } catch (InvocationTargetException e) {
            throw refused(type, e.getCause() == null ? e : e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("Cannot make a " + type, e);
        }
    }

    private static InvalidStateException refused(Class<?> type, Throwable cause) {
        InvalidStateException refusal =
                new InvalidStateException("No " + type.getName() + " can be like this: " + cause.getMessage());
        refusal.initCause(cause);
        return refusal;
    }

    private List<Object> readList(Class<?> element, int depth) {
        int length = readLength(element.isRecord() ? 0 : 1);
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < length; i++) {
            list.add(read(element, depth));
        }
        return List.copyOf(list);
    }

    private Object read(Class<?> type, int depth) {
        if (type == int.class || type == Integer.class) {
            return readInt();
        }
        if (type == long.class || type == Long.class) {
            return need(Long.BYTES).getLong();
        }
        if (type == boolean.class || type == Boolean.class) {
            return readBoolean();
        }
        if (type == String.class) {
            return readString(Integer.MAX_VALUE);
        }
        if (type.isEnum()) {
            return readEnum(type);
        }
        if (type.isRecord()) {
            return readRecord(type, depth + 1);
        }
        if (type.isArray()) {
            return readArray(type);
        }
        if (type == byte.class || type == Byte.class) {
            return need(1).get();
        }
        if (type == short.class || type == Short.class) {
            return need(Short.BYTES).getShort();
        }
        if (type == char.class || type == Character.class) {
            return need(Character.BYTES).getChar();
        }
        if (type == double.class || type == Double.class) {
            return need(Double.BYTES).getDouble();
        }
        if (type == float.class || type == Float.class) {
            return need(Float.BYTES).getFloat();
        }
        throw new IllegalArgumentException("A state cannot hold a " + type);
    }

    private boolean readBoolean() {
        byte value = need(1).get();
        if (value != 0 && value != 1) {
            throw new InvalidStateException("A boolean is " + value);
        }
        return value == 1;
    }

    private String readString(int longest) {
        int length = readLength(1);
        if (length > longest) {
            throw new InvalidStateException("A name has " + length + " bytes");
        }
        ByteBuffer bytes = in.slice(in.position(), length);
        in.position(in.position() + length);
        try {
            CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(bytes);
            return text.toString();
        } catch (CharacterCodingException e) {
            throw refused(String.class, e);
        }
    }

    private Object readEnum(Class<?> type) {
        String name = readString(LONGEST_NAME);
        for (Object constant : type.getEnumConstants()) {
            if (((Enum<?>) constant).name().equals(name)) {
                return constant;
            }
        }
        throw new InvalidStateException("There is no " + type.getSimpleName() + " of that name");
    }

    private int readLength(int elementSize) {
        int length = readInt();
        if (length < 0) {
            throw new InvalidStateException("A length is " + length);
        }
        need((long) length * elementSize);
        return length;
    }

    private Object readArray(Class<?> type) {
        if (type == byte[].class) {
            byte[] array = new byte[readLength(1)];
            in.get(array);
            return array;
        }
        if (type == int[].class) {
            int[] array = new int[readLength(Integer.BYTES)];
            in.asIntBuffer().get(array);
            in.position(in.position() + Integer.BYTES * array.length);
            return array;
        }
        if (type == long[].class) {
            long[] array = new long[readLength(Long.BYTES)];
            in.asLongBuffer().get(array);
            in.position(in.position() + Long.BYTES * array.length);
            return array;
        }
        if (type == short[].class) {
            short[] array = new short[readLength(Short.BYTES)];
            in.asShortBuffer().get(array);
            in.position(in.position() + Short.BYTES * array.length);
            return array;
        }
        if (type == char[].class) {
            char[] array = new char[readLength(Character.BYTES)];
            in.asCharBuffer().get(array);
            in.position(in.position() + Character.BYTES * array.length);
            return array;
        }
        if (type == boolean[].class) {
            boolean[] array = new boolean[readLength(1)];
            for (int i = 0; i < array.length; i++) {
                array[i] = readBoolean();
            }
            return array;
        }
        if (type == double[].class) {
            double[] array = new double[readLength(Double.BYTES)];
            in.asDoubleBuffer().get(array);
            in.position(in.position() + Double.BYTES * array.length);
            return array;
        }
        throw new IllegalArgumentException("A state cannot hold a " + type);
    }
}
