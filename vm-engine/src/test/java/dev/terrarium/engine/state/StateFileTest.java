// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.state.StateFileException.Kind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Every byte counts, and the reasons are told apart. */
class StateFileTest {
    private static final Path PATH = Path.of("state");
    private static final int VERSION_AT = 24;

    record Clock(long nanos) {}

    record Other(long nanos, int more) {}

    private static StateFile file() {
        Map<String, byte[]> parts = new LinkedHashMap<>();
        parts.put("clock", StateCodec.encode(new Clock(7)));
        parts.put("empty", new byte[0]);
        parts.put("device é", new byte[] {1, 2, 3});
        return new StateFile(new UUID(1, 2), new UUID(3, 4), "0.1.0", parts);
    }

    @Test
    void whatWasWrittenIsRead() throws Exception {
        StateFile back = StateFile.decode(PATH, file().encode());
        assertThat(back.machine()).isEqualTo(new UUID(1, 2));
        assertThat(back.state()).isEqualTo(new UUID(3, 4));
        assertThat(back.writer()).isEqualTo("0.1.0");
        assertThat(back.parts().keySet()).containsExactly("clock", "empty", "device é");
        assertThat(back.parts().get("device é")).containsExactly(1, 2, 3);
        assertThat(back.part(PATH, "clock", Clock.class)).isEqualTo(new Clock(7));
    }

    private static Kind kindOf(byte[] bytes) {
        try {
            StateFile.decode(PATH, bytes);
        } catch (StateFileException e) {
            assertThat(e.getMessage())
                    .doesNotContain("\n")
                    .contains("state is ")
                    .contains(": ");
            return e.kind();
        }
        throw new AssertionError("it was taken");
    }

    @Test
    void everyChangedBitIsCorruption() {
        byte[] sound = file().encode();
        for (int bit = 0; bit < sound.length * 8; bit++) {
            byte[] damaged = sound.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(kindOf(damaged)).as("bit %d", bit).isEqualTo(Kind.CORRUPT);
        }
    }

    @Test
    void everyOtherLengthIsCorruption() {
        byte[] sound = file().encode();
        for (int length = 0; length < sound.length; length++) {
            assertThat(kindOf(Arrays.copyOf(sound, length)))
                    .as("%d bytes", length)
                    .isEqualTo(Kind.CORRUPT);
        }
        assertThat(kindOf(Arrays.copyOf(sound, sound.length + 1))).isEqualTo(Kind.CORRUPT);
    }

    private static byte[] ofVersion(int version) {
        ByteBuffer bytes = ByteBuffer.wrap(file().encode()).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(VERSION_AT, version);
        bytes.putInt(VERSION_AT + 4, FilePrefix.checksum(bytes.slice(0, VERSION_AT + 4)));
        return bytes.array();
    }

    @Test
    void otherVersionsAreTooOldOrTooNewWhateverFollows() {
        assertThat(kindOf(ofVersion(0))).isEqualTo(Kind.TOO_OLD);
        assertThat(kindOf(ofVersion(2))).isEqualTo(Kind.TOO_NEW);
        assertThat(kindOf(Arrays.copyOf(ofVersion(2), 40))).isEqualTo(Kind.TOO_NEW);
    }

    @Test
    void partsAreAskedForByNameAndForm() {
        StateFile file = file();
        assertThatThrownBy(() -> file.part(PATH, "clock", Other.class))
                .isInstanceOfSatisfying(
                        StateFileException.class, e -> assertThat(e.kind()).isEqualTo(Kind.TOO_OLD));
        assertThatThrownBy(() -> file.part(PATH, "pit", Clock.class))
                .isInstanceOfSatisfying(
                        StateFileException.class, e -> assertThat(e.kind()).isEqualTo(Kind.FOREIGN));
    }

    /** A forged file with right checksums whose numbers lie. */
    @Test
    void aTableThatLiesIsCorruption() {
        byte[] sound = file().encode();
        for (int at = 32; at < sound.length - 8; at++) {
            for (int value : new int[] {-1, Integer.MAX_VALUE, 0x7FFF_FFF0, 0}) {
                ByteBuffer forged = ByteBuffer.wrap(sound.clone()).order(ByteOrder.LITTLE_ENDIAN);
                forged.putInt(at, value);
                forged.putInt(sound.length - 4, FilePrefix.checksum(forged.slice(0, sound.length - 4)));
                try {
                    StateFile.decode(PATH, forged.array());
                } catch (StateFileException e) {
                    assertThat(e.kind()).isEqualTo(Kind.CORRUPT);
                }
            }
        }
    }
}
