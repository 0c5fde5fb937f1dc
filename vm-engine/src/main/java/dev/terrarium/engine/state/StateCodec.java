// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import dev.terrarium.engine.device.InvalidStateException;
import java.util.Arrays;

/**
 * The byte form of a state record. Equal states have equal bytes; bytes from a stranger give a record of the right
 * shape or an {@link InvalidStateException}, never more memory than some multiple of their own size.
 *
 * <p>A record is the sequence of its components: integers little-endian, booleans a byte of 0 or 1, enums their
 * names, strings UTF-8, arrays and lists their length and elements, records their components. Before the outermost
 * record stands a fingerprint of its shape, so that a state saved by a version with other components is recognised.
 */
public final class StateCodec {
    private StateCodec() {}

    /**
     * The bytes of {@code state}.
     *
     * @throws IllegalArgumentException if it holds something other than ints, longs, booleans, enums, strings, arrays
     *     of primitives, lists and records of these
     */
    public static byte[] encode(Record state) {
        StateWriter writer = new StateWriter();
        writer.writeInt(StateShape.fingerprint(state.getClass()));
        writer.writeRecord(state);
        return writer.toByteArray();
    }

    /**
     * The state that {@link #encode} made {@code bytes} from.
     *
     * @throws InvalidStateException if {@code bytes} are not those of an {@code S}
     */
    public static <S extends Record> S decode(Class<S> type, byte[] bytes) {
        StateReader reader = new StateReader(bytes);
        if (reader.readInt() != StateShape.fingerprint(type)) {
            throw new InvalidStateException(type.getName() + " was saved with other components");
        }
        S state = type.cast(reader.readRecord(type, 0));
        if (reader.remaining() != 0) {
            throw new InvalidStateException(reader.remaining() + " bytes follow the state of " + type.getName());
        }
        return state;
    }

    /** Are {@code bytes} of an {@code S} with the components that it has in this version? */
    public static boolean fits(Class<? extends Record> type, byte[] bytes) {
        return bytes.length >= Integer.BYTES && new StateReader(bytes).readInt() == StateShape.fingerprint(type);
    }

    /** Do two states say the same? Unlike {@code equals} this looks into arrays. */
    public static boolean same(Record a, Record b) {
        return Arrays.equals(encode(a), encode(b));
    }
}
