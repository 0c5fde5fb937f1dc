// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Writes values to a growing array. */
final class StateWriter {
    private ByteBuffer out = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);

    private ByteBuffer room(long bytes) {
        if (out.remaining() < bytes) {
            int size = Math.toIntExact(Math.max(2L * out.capacity(), out.position() + bytes));
            ByteBuffer larger = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
            out.flip();
            larger.put(out);
            out = larger;
        }
        return out;
    }

    byte[] toByteArray() {
        return Arrays.copyOf(out.array(), out.position());
    }

    void writeInt(int value) {
        room(Integer.BYTES).putInt(value);
    }

    void writeRecord(Record value) {
        for (StateShape.Component component : StateShape.of(value.getClass()).components()) {
            write(get(component, value));
        }
    }

    private static Object get(StateShape.Component component, Record value) {
        try {
            return component.accessor().invoke(value);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalArgumentException("Cannot read " + component.name() + " of " + value.getClass(), e);
        }
    }

    private void write(Object value) {
        switch (value) {
            case Integer i -> writeInt(i);
            case Long l -> room(Long.BYTES).putLong(l);
            case Boolean b -> room(1).put((byte) (b ? 1 : 0));
            case Byte b -> room(1).put(b);
            case Short s -> room(Short.BYTES).putShort(s);
            case Character c -> room(Character.BYTES).putChar(c);
            case Double d -> room(Double.BYTES).putDouble(d);
            case Float f -> room(Float.BYTES).putFloat(f);
            case Enum<?> e -> writeString(e.name());
            case String s -> writeString(s);
            case Record r -> writeRecord(r);
            case List<?> list -> {
                writeInt(list.size());
                list.forEach(this::write);
            }
            default -> writeArray(value);
        }
    }

    private void writeString(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        writeArray(bytes);
    }

    private void writeArray(Object value) {
        switch (value) {
            case byte[] a -> {
                writeInt(a.length);
                room(a.length).put(a);
            }
            case int[] a -> {
                writeInt(a.length);
                ByteBuffer target = room((long) Integer.BYTES * a.length);
                target.asIntBuffer().put(a);
                target.position(target.position() + Integer.BYTES * a.length);
            }
            case long[] a -> {
                writeInt(a.length);
                ByteBuffer target = room((long) Long.BYTES * a.length);
                target.asLongBuffer().put(a);
                target.position(target.position() + Long.BYTES * a.length);
            }
            case short[] a -> {
                writeInt(a.length);
                ByteBuffer target = room((long) Short.BYTES * a.length);
                target.asShortBuffer().put(a);
                target.position(target.position() + Short.BYTES * a.length);
            }
            case char[] a -> {
                writeInt(a.length);
                ByteBuffer target = room((long) Character.BYTES * a.length);
                target.asCharBuffer().put(a);
                target.position(target.position() + Character.BYTES * a.length);
            }
            case boolean[] a -> {
                writeInt(a.length);
                ByteBuffer target = room(a.length);
                for (boolean b : a) {
                    target.put((byte) (b ? 1 : 0));
                }
            }
            case double[] a -> {
                writeInt(a.length);
                ByteBuffer target = room((long) Double.BYTES * a.length);
                target.asDoubleBuffer().put(a);
                target.position(target.position() + Double.BYTES * a.length);
            }
            default -> throw new IllegalArgumentException("A state cannot hold a " + value.getClass());
        }
    }
}
