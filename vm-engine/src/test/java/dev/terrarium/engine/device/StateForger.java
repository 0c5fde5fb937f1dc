// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Makes wrong states from a right one, each wrong in one place. */
final class StateForger {
    private static final long[] NUMBERS = {-1, 1, 0x100, 0xFFFF, 0x10000, Integer.MAX_VALUE, Integer.MIN_VALUE};
    private static final long[] LARGE = {Long.MAX_VALUE, Long.MIN_VALUE, 1L << 40, -(1L << 40)};
    private static final int MOST_ELEMENTS = 24;

    private StateForger() {}

    static List<Record> forgeries(Record genuine) {
        return variants(genuine.getClass(), genuine).stream()
                .map(Record.class::cast)
                .toList();
    }

    /** Has {@code type} a place for a number or an array, most of whose values will be wrong? */
    static boolean holdsNumbers(Class<?> type) {
        return Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getType)
                .anyMatch(t -> t == int.class || t == long.class || t.isArray() || t.isRecord() && holdsNumbers(t));
    }

    static String describe(Object value) {
        if (value instanceof Record record) {
            StringBuilder text = new StringBuilder(record.getClass().getSimpleName()).append("{\n");
            for (RecordComponent component : record.getClass().getRecordComponents()) {
                text.append(component.getName())
                        .append('=')
                        .append(describe(get(component, record)))
                        .append('\n');
            }
            return text.append('}').toString();
        }
        if (value instanceof List<?> list) {
            return list.stream().map(StateForger::describe).toList().toString();
        }
        if (value.getClass().isArray()) {
            List<Object> elements = new ArrayList<>();
            for (int i = 0; i < Array.getLength(value); i++) {
                elements.add(Array.get(value, i));
            }
            return elements.toString();
        }
        return value.toString();
    }

    private static List<Object> variants(Class<?> type, Object value) {
        List<Object> variants = new ArrayList<>();
        if (value instanceof Record record) {
            recordVariants(record, variants);
        } else if (value instanceof Integer i) {
            for (long number : NUMBERS) {
                variants.add((int) number);
                variants.add(i ^ (int) number);
            }
        } else if (value instanceof Long l) {
            for (long number : NUMBERS) {
                variants.add(number);
                variants.add(l ^ number);
            }
            for (long number : LARGE) {
                variants.add(number);
            }
        } else if (value instanceof Boolean b) {
            variants.add(!b);
        } else if (value instanceof Enum<?>) {
            variants.addAll(Arrays.asList(type.getEnumConstants()));
        } else if (value instanceof String s) {
            variants.add("");
            variants.add(s + "?");
        } else if (value instanceof List<?> list) {
            listVariants(list, variants);
        } else if (type.isArray()) {
            arrayVariants(value, variants);
        }
        return variants;
    }

    private static void recordVariants(Record record, List<Object> variants) {
        RecordComponent[] components = record.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            values[i] = get(components[i], record);
            types[i] = components[i].getType();
        }
        for (int i = 0; i < components.length; i++) {
            for (Object variant : variants(types[i], values[i])) {
                Object[] changed = values.clone();
                changed[i] = variant;
                try {
                    Constructor<?> constructor = record.getClass().getDeclaredConstructor(types);
                    constructor.setAccessible(true);
                    variants.add(constructor.newInstance(changed));
                } catch (java.lang.reflect.InvocationTargetException e) {
                    if (!(e.getCause() instanceof InvalidStateException)) {
                        throw new AssertionError(e);
                    }
                } catch (ReflectiveOperationException e) {
                    throw new AssertionError(e);
                }
            }
        }
    }

    private static void listVariants(List<?> list, List<Object> variants) {
        variants.add(List.of());
        if (list.isEmpty()) {
            return;
        }
        variants.add(list.subList(1, list.size()));
        List<Object> longer = new ArrayList<>(list);
        for (int i = 0; i < 40; i++) {
            longer.add(list.getFirst());
        }
        variants.add(longer);
        for (int i = 0; i < Math.min(MOST_ELEMENTS, list.size()); i++) {
            for (Object variant : variants(list.get(i).getClass(), list.get(i))) {
                List<Object> changed = new ArrayList<>(list);
                changed.set(i, variant);
                variants.add(changed);
            }
        }
    }

    private static void arrayVariants(Object array, List<Object> variants) {
        int length = Array.getLength(array);
        Class<?> element = array.getClass().getComponentType();
        for (int newLength : new int[] {0, length + 1, length + 100_000, Math.max(0, length - 1)}) {
            Object changed = Array.newInstance(element, newLength);
            System.arraycopy(array, 0, changed, 0, Math.min(length, newLength));
            variants.add(changed);
        }
        int step = Math.max(1, length / MOST_ELEMENTS);
        for (int i = 0; i < length; i += step) {
            for (long number : NUMBERS) {
                Object changed = Array.newInstance(element, length);
                System.arraycopy(array, 0, changed, 0, length);
                if (element == byte.class) {
                    Array.setByte(changed, i, (byte) number);
                } else if (element == int.class) {
                    Array.setInt(changed, i, (int) number);
                } else if (element == long.class) {
                    Array.setLong(changed, i, number);
                } else if (element == boolean.class) {
                    Array.setBoolean(changed, i, !Array.getBoolean(array, i));
                }
                variants.add(changed);
            }
        }
    }

    private static Object get(RecordComponent component, Record record) {
        try {
            component.getAccessor().setAccessible(true);
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }
}
