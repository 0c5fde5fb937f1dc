// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32;

/** The components of a record class, in the order of their declaration. */
record StateShape(Constructor<?> constructor, List<Component> components) {
    /** One component: its value's class and, if that is {@link List}, the class of the elements. */
    record Component(String name, Class<?> type, Class<?> element, Method accessor) {}

    private static final Map<Class<?>, StateShape> SHAPES = new ConcurrentHashMap<>();
    private static final Map<Class<?>, Integer> FINGERPRINTS = new ConcurrentHashMap<>();

    static StateShape of(Class<?> type) {
        return SHAPES.computeIfAbsent(type, StateShape::inspect);
    }

    /** A checksum over the names and types of all components, nested ones too. */
    static int fingerprint(Class<?> type) {
        return FINGERPRINTS.computeIfAbsent(type, t -> {
            StringBuilder description = new StringBuilder();
            describe(t, description, new HashSet<>());
            CRC32 crc = new CRC32();
            crc.update(description.toString().getBytes(StandardCharsets.UTF_8));
            return (int) crc.getValue();
        });
    }

    private static void describe(Class<?> type, StringBuilder description, Set<Class<?>> open) {
        description.append(type.isRecord() || type.isEnum() ? type.getSimpleName() : type.getTypeName());
        if (type.isRecord() && open.add(type)) {
            description.append('(');
            for (Component component : of(type).components) {
                description.append(component.name).append(':');
                describe(component.type, description, open);
                if (component.type == List.class) {
                    description.append('<');
                    describe(component.element, description, open);
                    description.append('>');
                }
                description.append(',');
            }
            description.append(')');
            open.remove(type);
        }
    }

    private static StateShape inspect(Class<?> type) {
        RecordComponent[] components = type.getRecordComponents();
        if (components == null) {
            throw new IllegalArgumentException(type + " is not a record");
        }
        try {
            Class<?>[] types =
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
            Constructor<?> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return new StateShape(
                    constructor,
                    Arrays.stream(components).map(StateShape::component).toList());
        } catch (NoSuchMethodException e) {
            throw new IllegalArgumentException(type + " has no canonical constructor", e);
        }
    }

    private static Component component(RecordComponent component) {
        Method accessor = component.getAccessor();
        accessor.setAccessible(true);
        Class<?> element = void.class;
        if (component.getType() == List.class) {
            element = elementClass(component.getGenericType());
        }
        return new Component(component.getName(), component.getType(), element, accessor);
    }

    private static Class<?> elementClass(Type type) {
        if (type instanceof ParameterizedType list && list.getActualTypeArguments()[0] instanceof Class<?> element) {
            return element;
        }
        throw new IllegalArgumentException("A list in a state must name the class of its elements: " + type);
    }
}
