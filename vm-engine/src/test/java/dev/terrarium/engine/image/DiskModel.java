// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/** A disk as a plain array, on which everything is done that is done to an image, so that the two can be compared. */
public final class DiskModel {
    public static final int SECTOR = 512;

    private final byte[] bytes;
    private final Random random;

    public DiskModel(byte[] bytes, Random random) {
        this.bytes = bytes;
        this.random = random;
    }

    public byte[] bytes() {
        return bytes;
    }

    /** Does something to both, and compares if it is a read. */
    public void step(DiskImage disk, int largest) throws IOException {
        int sectors = bytes.length / SECTOR;
        int count = 1 + (random.nextInt(3) == 0 ? random.nextInt(Math.min(sectors, largest)) : random.nextInt(16));
        int first = random.nextInt(Math.max(1, sectors - count + 1));
        count = Math.min(count, sectors - first);
        int position = first * SECTOR;
        int length = count * SECTOR;
        switch (random.nextInt(12)) {
            case 0 -> {
                disk.writeZeroes(position, length, true);
                Arrays.fill(bytes, position, position + length, (byte) 0);
            }
            case 1 -> {
                disk.writeZeroes(position, length, false);
                Arrays.fill(bytes, position, position + length, (byte) 0);
            }
            case 2 -> discard(disk, position, length);
            case 3 -> disk.flush();
            case 4, 5, 6 -> compare(disk, position, length);
            default -> write(disk, position, length);
        }
    }

    private void write(DiskImage disk, int position, int length) throws IOException {
        byte[] data = new byte[length];
        if (random.nextBoolean()) {
            random.nextBytes(data);
        } else {
            Arrays.fill(data, (byte) random.nextInt(256));
        }
        disk.write(ByteBuffer.wrap(data), position);
        System.arraycopy(data, 0, bytes, position, length);
    }

    private void discard(DiskImage disk, int position, int length) throws IOException {
        disk.discard(position, length);
        byte[] back = read(disk, position, length);
        for (int at = 0; at < length; at += SECTOR) {
            byte[] sector = Arrays.copyOfRange(back, at, at + SECTOR);
            if (!Arrays.equals(sector, new byte[SECTOR])) {
                assertThat(sector).isEqualTo(Arrays.copyOfRange(bytes, position + at, position + at + SECTOR));
            }
        }
        System.arraycopy(back, 0, bytes, position, length);
    }

    public static byte[] read(DiskImage disk, long position, int length) throws IOException {
        ByteBuffer back = ByteBuffer.allocate(length);
        disk.read(back, position);
        assertThat(back.hasRemaining()).isFalse();
        return back.array();
    }

    public void compare(DiskImage disk, int position, int length) throws IOException {
        byte[] back = read(disk, position, length);
        int at = Arrays.mismatch(back, Arrays.copyOfRange(bytes, position, position + length));
        assertThat(at).as("the first byte that differs, from %d on", position).isEqualTo(-1);
    }

    /** Compares all, and what extents say of zeros. */
    public void compareAll(DiskImage disk) throws IOException {
        assertThat(disk.size()).isEqualTo(bytes.length);
        compare(disk, 0, bytes.length);
        for (long at = 0; at < bytes.length; ) {
            Extent extent = disk.extentAt(at, bytes.length - at);
            assertThat(extent.start()).isEqualTo(at);
            assertThat(extent.length()).isBetween(1L, bytes.length - at);
            if (extent.zero()) {
                for (long i = at; i < at + extent.length(); i++) {
                    assertThat(bytes[(int) i]).isZero();
                }
            }
            at += extent.length();
        }
    }
}
