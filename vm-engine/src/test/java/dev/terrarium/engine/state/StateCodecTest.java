// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.device.InvalidStateException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StateCodecTest {
    enum Colour {
        RED,
        GREEN
    }

    record Inner(int number, Colour colour) {}

    record Nothing() {}

    record Outer(
            int i,
            long l,
            boolean b,
            Colour colour,
            String text,
            byte[] bytes,
            int[] ints,
            long[] longs,
            short[] shorts,
            boolean[] booleans,
            Inner inner,
            List<Inner> inners,
            List<String> names,
            List<Nothing> nothings) {}

    record Other(int i, long renamed) {}

    record Same(int i, long l) {}

    private static final Outer SAMPLE = new Outer(
            -5,
            Long.MIN_VALUE,
            true,
            Colour.GREEN,
            "Grüße",
            new byte[] {1, 2, 3},
            new int[] {4, -5},
            new long[] {6},
            new short[] {7, 8},
            new boolean[] {true, false},
            new Inner(9, Colour.RED),
            List.of(new Inner(10, Colour.GREEN), new Inner(11, Colour.RED)),
            List.of("a", ""),
            List.of(new Nothing(), new Nothing()));

    @Test
    void roundTrip() {
        byte[] bytes = StateCodec.encode(SAMPLE);
        Outer copy = StateCodec.decode(Outer.class, bytes);
        assertThat(copy).usingRecursiveComparison().isEqualTo(SAMPLE);
        assertThat(StateCodec.encode(copy)).isEqualTo(bytes);
        assertThat(StateCodec.same(copy, SAMPLE)).isTrue();
    }

    @Test
    void largeArraysRoundTrip() {
        record Memory(byte[] bytes, int[] ints) {}
        Memory memory = new Memory(new byte[3_000_000], new int[1_000_000]);
        memory.bytes[2_999_999] = 7;
        memory.ints[999_999] = 9;
        assertThat(StateCodec.same(StateCodec.decode(Memory.class, StateCodec.encode(memory)), memory))
                .isTrue();
    }

    @Test
    void otherComponentsAreRecognised() {
        byte[] bytes = StateCodec.encode(new Same(1, 2));
        assertThatThrownBy(() -> StateCodec.decode(Other.class, bytes)).isInstanceOf(InvalidStateException.class);
    }

    @Test
    void everyTruncationIsRefused() {
        byte[] bytes = StateCodec.encode(SAMPLE);
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> StateCodec.decode(Outer.class, cut))
                    .as("%d bytes", length)
                    .isInstanceOf(InvalidStateException.class);
        }
        assertThatThrownBy(() -> StateCodec.decode(Outer.class, Arrays.copyOf(bytes, bytes.length + 1)))
                .isInstanceOf(InvalidStateException.class);
    }

    @Test
    void damageIsRefusedOrGivesARecord() {
        long seed = Long.getLong("seed", 42);
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        byte[] bytes = StateCodec.encode(SAMPLE);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] damaged = bytes.clone();
            int at = 4 + random.nextInt(bytes.length - 4);
            damaged[at] = (byte) random.nextInt();
            try {
                StateCodec.decode(Outer.class, damaged);
            } catch (InvalidStateException e) {
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }

    @Test
    void whatIsNoStateIsRefusedWhenWritten() {
        record Wrong(Object thing) {}
        assertThatThrownBy(() -> StateCodec.encode(new Wrong(new Object())))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
