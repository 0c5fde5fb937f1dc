// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every field of every header and table wrong in turn, checksums put right again: what is opened, read, written and checked
 * then either works or says in one line what is wrong, in bounded time and memory.
 */
class FormatDamageTest {
    private static final int SIZE = 5 << 20;
    private static final int PROBES = 8;
    private static final long MOST_MEMORY = 192L << 20;
    private static final long MOST_NANOSECONDS = 3_000_000_000L;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** A range of the file whose words are changed, and the checksum over it that must be right. */
    private record Area(long at, int length, int step, Sum sum) {}

    /** Puts a checksum right. */
    @FunctionalInterface
    private interface Sum {
        void mend(MemoryByteStore store, long at) throws IOException;
    }

    private static final Sum NONE = (store, at) -> {};

    /** A case and where its metadata is. */
    private record Target(FormatCase format, List<Area> areas) {
        @Override
        public String toString() {
            return format.toString();
        }
    }

    static Stream<Target> targets() {
        Sum footer = (store, at) -> sum(store, at, 512, 64);
        Sum header = (store, at) -> sum(store, at, 1024, 36);
        Sum page = (store, at) -> crc(store, at, 4096);
        Sum regions = (store, at) -> crc(store, at, 65536);
        return Stream.of(
                new Target(
                        FormatCase.of("vdi"), List.of(new Area(0x40, 0x190, 4, NONE), new Area(512, 5 * 4, 4, NONE))),
                new Target(
                        FormatCase.of("vpc", "force_size=on"),
                        List.of(
                                new Area(0, 84, 4, footer),
                                new Area(-512, 84, 4, footer),
                                new Area(512, 60, 4, header),
                                new Area(1536, 3 * 4, 4, NONE),
                                new Area(4096 - 512, 64, 4, NONE))),
                new Target(
                        FormatCase.of("vpc", "subformat=fixed", "force_size=on"),
                        List.of(new Area(SIZE, 84, 4, footer))),
                new Target(
                        FormatCase.of("vhdx", "block_size=1M"),
                        List.of(
                                new Area(0, 8, 4, NONE),
                                new Area(64 << 10, 80, 4, page),
                                new Area(128 << 10, 80, 4, page),
                                new Area(192 << 10, 80, 4, regions),
                                new Area(2 << 20, 32 + 5 * 32, 4, NONE),
                                new Area((2 << 20) + 65536, 40, 4, NONE),
                                new Area(3 << 20, 5 * 8, 4, NONE))),
                new Target(
                        FormatCase.of("vmdk"),
                        List.of(
                                new Area(0, 80, 1, NONE),
                                new Area(512, 320, 1, NONE),
                                new Area(21 * 512, 4, 4, NONE),
                                new Area(22 * 512, 80 * 4, 16, NONE),
                                new Area(26 * 512, 4, 4, NONE),
                                new Area(27 * 512, 80 * 4, 4, NONE))),
                new Target(
                        FormatCase.of("vmdk", "subformat=streamOptimized"),
                        List.of(
                                new Area(0, 80, 1, NONE),
                                new Area(64 << 10, 40, 1, NONE),
                                new Area(-3 * 512 - 512 - 512 - 2048 - 512, 7 * 512, 32, NONE),
                                new Area(-1024, 80, 1, NONE))));
    }

    private static void sum(MemoryByteStore store, long at, int length, int sumAt) throws IOException {
        byte[] bytes = new byte[length];
        store.read(ByteBuffer.wrap(bytes), at);
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += i >= sumAt && i < sumAt + 4 ? 0 : bytes[i] & 0xFF;
        }
        store.write(ByteBuffer.allocate(4).putInt(~sum).flip(), at + sumAt);
    }

    private static void crc(MemoryByteStore store, long at, int length) throws IOException {
        byte[] bytes = new byte[length];
        store.read(ByteBuffer.wrap(bytes), at);
        ByteBuffer.wrap(bytes).putInt(4, 0);
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        store.write(
                ByteBuffer.allocate(4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt((int) crc.getValue())
                        .flip(),
                at + 4);
    }

    private final Random random = new Random(7);
    private int refused;
    private int opened;

    @ParameterizedTest
    @MethodSource("targets")
    void aWrongFieldIsNoticedOrHarmless(Target target) throws Exception {
        MemoryFiles files = new MemoryFiles();
        MemoryByteStore sound = new MemoryByteStore();
        target.format().create(sound, SIZE, files);
        try (DiskImage image = target.format().open(sound, false, files)) {
            for (int at = 0; at < SIZE; at += 700_000) {
                byte[] bytes = new byte[100_000];
                random.nextBytes(bytes);
                image.write(ByteBuffer.wrap(bytes), at);
            }
        }
        for (Area area : target.areas()) {
            long start = area.at() < 0 ? sound.size() + area.at() : area.at();
            for (int offset = 0; offset < area.length(); offset += area.step()) {
                for (byte[] value : values(sound, start + offset, area.step())) {
                    MemoryByteStore damaged = sound.copy();
                    damaged.write(ByteBuffer.wrap(value), start + offset);
                    area.sum().mend(damaged, start);
                    examine(
                            target.format(),
                            damaged,
                            files,
                            "byte " + (start + offset) + " = " + ByteBuffer.wrap(value));
                }
            }
        }
        System.out.println(target + ": " + refused + " refused, " + opened + " opened");
        assertThat(refused).isPositive();
    }

    private List<byte[]> values(MemoryByteStore sound, long at, int width) throws IOException {
        int length = Math.min(width, 4);
        byte[] old = new byte[length];
        sound.read(ByteBuffer.wrap(old), at);
        List<byte[]> values = new ArrayList<>();
        for (int value : new int[] {0, -1, 0x7F, 0x80}) {
            byte[] bytes = new byte[length];
            java.util.Arrays.fill(bytes, (byte) value);
            values.add(bytes);
        }
        for (int i = 0; i < length; i++) {
            byte[] more = old.clone();
            more[i]++;
            values.add(more);
            byte[] bit = old.clone();
            bit[i] ^= (byte) (1 << random.nextInt(8));
            values.add(bit);
        }
        return values;
    }

    private void examine(FormatCase format, MemoryByteStore damaged, MemoryFiles files, String what) throws Exception {
        long memory = THREADS.getThreadAllocatedBytes(Thread.currentThread().threadId());
        long time = THREADS.getCurrentThreadCpuTime();
        for (int pass = 0; pass < 3; pass++) {
            MemoryByteStore store = damaged.copy();
            try {
                if (pass == 2) {
                    format.implementation().check(FormatCase.PATH, store, false, files);
                    continue;
                }
                try (DiskImage image = format.open(store, pass == 0, files)) {
                    opened++;
                    use(image);
                }
            } catch (TerrariumException e) {
                refused++;
                assertThat(e.getMessage())
                        .as(what)
                        .doesNotContain("\n")
                        .matches(".*disk\\.img.*: .*|.*is in use.*|.*does not exist.*");
            } catch (IOException e) {
                assertThat(String.valueOf(e.getMessage()))
                        .as(what)
                        .contains("damaged")
                        .doesNotContain("\n");
            } catch (RuntimeException e) {
                throw new AssertionError(format + ", pass " + pass + ", " + what, e);
            }
        }
        memory = THREADS.getThreadAllocatedBytes(Thread.currentThread().threadId()) - memory;
        time = THREADS.getCurrentThreadCpuTime() - time;
        assertThat(memory).as(format + ", " + what).isLessThan(MOST_MEMORY);
        assertThat(time).as(format + ", " + what).isLessThan(MOST_NANOSECONDS);
    }

    /** Reads and writes here and there; a damaged image may fail each time. */
    private void use(DiskImage image) throws IOException {
        ByteBuffer some = ByteBuffer.allocate((int) Math.min(image.size(), 8192));
        List<IOException> failures = new ArrayList<>();
        long step = Math.max(512, image.size() / PROBES / 512 * 512);
        for (long at = 0; at + some.capacity() <= image.size() && at < step * PROBES; at += step) {
            try {
                image.extentAt(at, image.size() - at);
                image.read(some.clear(), at);
                if (!image.readOnly()) {
                    image.write(some.flip(), at);
                    image.discard(at, 512);
                }
            } catch (IOException e) {
                failures.add(e);
            }
        }
        if (!failures.isEmpty()) {
            throw failures.getFirst();
        }
    }
}
