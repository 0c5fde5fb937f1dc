// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.state.StateFileException.Kind;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory written in rounds, read back, and damaged. */
class MemoryFileTest {
    private static final UUID MACHINE = new UUID(1, 2);
    private static final UUID STATE = new UUID(3, 4);
    private static final int PAGE = 4096;
    private static final int PAGES = 700;

    @TempDir
    Path folder;

    private Path file;
    private List<HostBlock> blocks;
    private final Random random = new Random(20261121);

    @BeforeEach
    void allocate() throws Exception {
        file = folder.resolve("memory");
        blocks = List.of(HostBlock.allocate(500L * PAGE), HostBlock.allocate(200L * PAGE));
    }

    @AfterEach
    void free() {
        blocks.forEach(HostBlock::close);
    }

    private long address(List<HostBlock> of, int page) {
        return page < 500
                ? of.getFirst().address() + (long) page * PAGE
                : of.getLast().address() + (page - 500L) * PAGE;
    }

    private void scribble(int page, int value) {
        for (int i = 0; i < PAGE; i += 8) {
            HostMemory.write(address(blocks, page) + i, 8, value == 0 ? 0 : value * 31L + i);
        }
    }

    private void writeInRounds() throws Exception {
        for (int page = 0; page < PAGES; page += 1 + random.nextInt(5)) {
            scribble(page, page + 1);
        }
        try (MemoryFileWriter writer = new MemoryFileWriter(file, MACHINE, STATE, blocks)) {
            writer.write(0, PAGES);
            for (int i = 0; i < 100; i++) {
                int page = random.nextInt(PAGES - 3);
                scribble(page, random.nextInt(3));
                scribble(page + 2, random.nextInt(3));
                writer.write(page, 3);
            }
            writer.finish();
        }
    }

    private void load() throws Exception {
        List<HostBlock> back = List.of(HostBlock.allocate(500L * PAGE), HostBlock.allocate(200L * PAGE));
        try {
            new MemoryFileReader(file).load(MACHINE, STATE, back, Progress.NONE);
            for (int page = 0; page < PAGES; page++) {
                for (int i = 0; i < PAGE; i += 8) {
                    assertThat(HostMemory.read(address(back, page) + i, 8))
                            .isEqualTo(HostMemory.read(address(blocks, page) + i, 8));
                }
            }
        } finally {
            back.forEach(HostBlock::close);
        }
    }

    @Test
    void whatWasWrittenLastIsRead() throws Exception {
        writeInRounds();
        load();
    }

    @Test
    void emptyMemoryTakesNoRoom() throws Exception {
        try (MemoryFileWriter writer = new MemoryFileWriter(file, MACHINE, STATE, blocks)) {
            writer.write(0, PAGES);
            assertThat(writer.written()).isZero();
            writer.finish();
        }
        Process du = new ProcessBuilder("du", "-k", file.toString()).start();
        String kilobytes = new String(du.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.US_ASCII)
                .split("\\s")[0];
        assertThat(Integer.parseInt(kilobytes)).isLessThan(64);
        load();
    }

    private void verify() throws Exception {
        new MemoryFileReader(file).verify(MACHINE, STATE, Progress.NONE);
    }

    @Test
    void aChangedByteAnywhereIsCorruption() throws Exception {
        writeInRounds();
        long length = Files.size(file);
        verify();
        for (int i = 0; i < 400; i++) {
            long at = i < 100 ? i * 41L : (long) (random.nextDouble() * length);
            if (i >= 350) {
                at = length - 1 - (i - 350) * 7L;
            }
            try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
                bytes.seek(at);
                int before = bytes.read();
                bytes.seek(at);
                bytes.write(before ^ 1 << random.nextInt(8));
                assertThatThrownBy(this::verify)
                        .as("byte %d", at)
                        .isInstanceOfSatisfying(StateFileException.class, e -> assertThat(e.kind())
                                .isEqualTo(Kind.CORRUPT));
                bytes.seek(at);
                bytes.write(before);
            }
        }
        verify();
    }

    @Test
    void otherLengthsMachinesAndSizesAreRefused() throws Exception {
        writeInRounds();
        assertThatThrownBy(() -> new MemoryFileReader(file).load(MACHINE, new UUID(5, 6), blocks, Progress.NONE))
                .hasMessageContaining("memory of another state");
        assertThatThrownBy(() ->
                        new MemoryFileReader(file).load(MACHINE, STATE, List.of(blocks.getFirst()), Progress.NONE))
                .hasMessageContaining("other sizes");
        for (long length : new long[] {Files.size(file) - 1, 5000, 4096, 31, 0}) {
            try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
                bytes.setLength(length);
            }
            assertThatThrownBy(this::verify).isInstanceOfSatisfying(StateFileException.class, e -> assertThat(e.kind())
                    .isEqualTo(Kind.CORRUPT));
        }
    }
}
