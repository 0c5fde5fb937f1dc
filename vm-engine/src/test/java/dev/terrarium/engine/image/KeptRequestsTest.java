// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ImageBackend.Flushing;
import dev.terrarium.engine.image.ImageBackend.Policy;
import dev.terrarium.engine.posix.HostError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that the host cannot do are kept and tried again; and what is made durable when. */
class KeptRequestsTest {
    private static final int SIZE = 1 << 20;
    private static final Policy KEEPING = new Policy(true, Flushing.WHEN_ASKED, true);

    private final MemoryByteStore store = new MemoryByteStore();
    private final FailingStore host = new FailingStore(store, new Random(1));
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private final List<DiskTrouble> troubles = new ArrayList<>();
    private final List<String> ends = new ArrayList<>();

    private ImageBackend open(String format, Policy policy) throws Exception {
        ImageFormat implementation = ImageFormats.byName(format);
        implementation.create(FormatCase.PATH, store, SIZE, Map.of(), new MemoryFiles());
        DiskImage image = implementation.open(FormatCase.PATH, host, false, new MemoryFiles());
        return new ImageBackend(FormatCase.PATH, image, policy, tasks::add, Runnable::run, troubles::add);
    }

    private void work() {
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
    }

    private void write(ImageBackend disk, int value, long position, int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        disk.write(position, bytes, 0, length, success -> ends.add(value + " " + success));
    }

    private byte[] content(String format) throws Exception {
        ByteBuffer all = ByteBuffer.allocate(SIZE);
        try (DiskImage image =
                ImageFormats.byName(format).open(FormatCase.PATH, store.copy(), true, new MemoryFiles())) {
            image.read(all, 0);
        }
        return all.array();
    }

    @ParameterizedTest
    @ValueSource(strings = {"raw", "qcow2", "vdi", "vhdx", "vpc", "vmdk"})
    void nothingIsLostOrToldBeforeItIsDone(String format) throws Exception {
        ImageBackend disk = open(format, KEEPING);
        host.failOneIn(1);
        write(disk, 1, 0, 4096);
        write(disk, 2, 0, 4096);
        disk.flush(success -> ends.add("flush " + success));
        work();
        assertThat(ends).isEmpty();
        assertThat(troubles).isNotEmpty();
        assertThat(disk.trouble().orElseThrow().error()).isEqualTo(HostError.NO_ROOM);
        assertThat(disk.trouble().orElseThrow().line())
                .startsWith("disk.img: write failed (No space left on device): make room on ")
                .endsWith(" and resume");

        // Still full: the same again.
        disk.retry();
        assertThat(disk.trouble()).isEmpty();
        work();
        assertThat(ends).isEmpty();
        assertThat(disk.trouble()).isPresent();

        host.failOneIn(0);
        disk.retry();
        work();
        assertThat(ends).containsExactly("1 true", "2 true", "flush true");
        assertThat(content(format)).startsWith(new byte[] {2, 2, 2, 2});
        disk.close();
        if (!format.equals("raw")) {
            assertThat(ImageFormats.byName(format).check(FormatCase.PATH, store, false, new MemoryFiles()))
                    .isEmpty();
        }
    }

    @Test
    void aGuestThatIsToBeToldIs() throws Exception {
        ImageBackend disk = open("raw", Policy.REPORTING);
        host.failOneIn(1);
        write(disk, 1, 0, 512);
        work();
        assertThat(ends).containsExactly("1 false");
        assertThat(disk.trouble()).isEmpty();
        assertThat(troubles).isEmpty();
    }

    @Test
    void whatAGuestMayNotAskIsNoTrouble() throws Exception {
        ImageBackend disk = open("raw", KEEPING);
        write(disk, 1, SIZE, 512);
        write(disk, 2, -512, 512);
        disk.read(SIZE - 512, new byte[1024], 0, 1024, success -> ends.add("read " + success));
        disk.discard(Long.MAX_VALUE, 512, success -> ends.add("discard " + success));
        work();
        assertThat(ends).containsExactly("1 false", "2 false", "read false", "discard false");
        assertThat(troubles).isEmpty();
    }

    @Test
    void aMachineThatIsSwitchedOffDoesNotWaitForRoom() throws Exception {
        ImageBackend disk = open("qcow2", KEEPING);
        write(disk, 1, 0, 512);
        disk.flush(success -> ends.add("flush " + success));
        work();
        host.failOneIn(1);
        write(disk, 2, 1 << 19, 512);
        work();
        disk.close();
        disk.retry();
        work();
        assertThat(ends).containsExactly("1 true", "flush true");
        byte[] left = content("qcow2");
        assertThat(left[0]).isEqualTo((byte) 1);
        assertThat(left[1 << 19]).isZero();
        assertThat(ImageFormats.byName("qcow2").check(FormatCase.PATH, store, false, new MemoryFiles()))
                .allMatch(problem -> problem.contains("leak"));
    }

    @Test
    void closingWaitsForWhatTheHostWorksOn() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch allowed = new CountDownLatch(1);
        ImageFormats.byName("raw").create(FormatCase.PATH, store, SIZE, Map.of(), new MemoryFiles());
        DiskImage image = ImageFormats.byName("raw").open(FormatCase.PATH, host, false, new MemoryFiles());
        ImageBackend disk = new ImageBackend(
                FormatCase.PATH,
                image,
                KEEPING,
                task -> new Thread(() -> {
                            begun.countDown();
                            awaitQuietly(allowed);
                            task.run();
                        })
                        .start(),
                Runnable::run,
                troubles::add);
        write(disk, 1, 0, 512);
        begun.await();
        assertThatThrownBy(() -> disk.drain(Duration.ofMillis(20)))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("does not end 1 requests");
        allowed.countDown();
        disk.drain(Duration.ofSeconds(10));
        assertThat(ends).containsExactly("1 true");
        disk.close();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void drainingSaysWhatRequestsWaitFor() throws Exception {
        ImageBackend disk = open("raw", KEEPING);
        host.failOneIn(1);
        write(disk, 1, 0, 512);
        work();
        assertThatThrownBy(() -> disk.drain(Duration.ofDays(1)))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("make room");
        host.failOneIn(0);
        disk.retry();
        work();
        disk.drain(Duration.ZERO);
    }

    /** Counts what is flushed below the format. */
    private int flushes(Policy policy) throws Exception {
        MemoryByteStore memory = new MemoryByteStore();
        int[] flushes = new int[1];
        FailingStore counting = new FailingStore(memory, new Random(1)) {
            @Override
            public void flush() {
                flushes[0]++;
            }
        };
        ImageFormats.byName("raw").create(FormatCase.PATH, memory, SIZE, Map.of(), new MemoryFiles());
        DiskImage image = ImageFormats.byName("raw").open(FormatCase.PATH, counting, false, new MemoryFiles());
        ImageBackend disk =
                new ImageBackend(FormatCase.PATH, image, policy, Runnable::run, Runnable::run, troubles::add);
        write(disk, 1, 0, 512);
        disk.writeZeroes(0, 512, true, success -> {});
        disk.discard(0, 512, success -> {});
        int before = flushes[0];
        disk.flush(success -> {});
        int after = flushes[0];
        disk.close();
        assertThat(flushes[0]).as("closing makes durable").isGreaterThan(after);
        return before * 100 + after;
    }

    @Test
    void cacheModesSayWhenWritesAreDurable() throws Exception {
        assertThat(flushes(KEEPING)).isEqualTo(1);
        assertThat(flushes(new Policy(true, Flushing.ALWAYS, true))).isEqualTo(304);
        assertThat(flushes(new Policy(true, Flushing.NEVER, true))).isZero();
    }

    @Test
    void discardsCanBeIgnored() throws Exception {
        ImageBackend disk = open("raw", new Policy(true, Flushing.WHEN_ASKED, false));
        write(disk, 1, 0, 1 << 16);
        disk.discard(0, 4096, success -> ends.add("discard " + success));
        disk.writeZeroes(8192, 4096, true, success -> ends.add("zeros " + success));
        work();
        assertThat(ends).containsExactly("1 true", "discard true", "zeros true");
        byte[] all = content("raw");
        assertThat(all[0]).isEqualTo((byte) 1);
        assertThat(all[8192]).isZero();
        assertThat(store.nextHole(0)).as("nothing was given back").isGreaterThanOrEqualTo(1 << 16);
    }

    @Test
    void afterAFailedFlushNoneSucceeds() throws Exception {
        FlushGuard guard = new FlushGuard(FormatCase.PATH);
        int[] flushes = new int[1];
        guard.run(() -> flushes[0]++);
        for (int i = 0; i < 2; i++) {
            boolean fails = i == 0;
            assertThatThrownBy(() -> guard.run(() -> {
                        flushes[0]++;
                        if (fails) {
                            throw new IOException("Input/output error");
                        }
                    }))
                    .isInstanceOfSatisfying(
                            HostIoException.class, e -> assertThat(e.lasting()).isTrue());
        }
        assertThat(flushes[0]).isEqualTo(2);
    }

    @TempDir
    Path folder;

    /** /dev/full takes no byte and cannot be flushed: errors of a real host without its administrator. */
    @Test
    void theHostsOwnErrorsAreKnown() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("full"), Path.of("/dev/full"));
        try (FileByteStore full = FileByteStore.open(link, false)) {
            assertThatThrownBy(() -> full.write(ByteBuffer.allocate(512), 0))
                    .isInstanceOfSatisfying(HostIoException.class, e -> {
                        assertThat(e.file()).isEqualTo(link);
                        assertThat(e.lasting()).isFalse();
                        assertThat(DiskTrouble.of(link, "write", e).error()).isEqualTo(HostError.NO_ROOM);
                    });
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(full::flush).isInstanceOfSatisfying(HostIoException.class, e -> {
                    assertThat(e.lasting()).isTrue();
                    assertThat(DiskTrouble.of(link, "flush", e).line()).contains("may have lost");
                });
            }
        }
    }
}
