// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import dev.terrarium.engine.device.DeviceMemory;

/**
 * A buffer that the driver has made available: some bytes for the device to read, then some for it to write, scattered over guest
 * memory (VIRTIO 1.2, section 2.7.4). How they are cut into descriptors says nothing (section 2.7.4.1). Both parts may be gigabytes
 * long: whoever copies chooses how much at once.
 */
public final class DescriptorChain {
    private final DeviceMemory memory;
    private final int head;
    private final int epoch;
    private final long[] addresses;
    private final long[] lengths;
    private final int firstWritable;
    private final long readableBytes;
    private final long writableBytes;

    /**
     * @param head the descriptor that it began with
     * @param epoch which life of its queue it belongs to
     * @param firstWritable the number of readable parts, which come first
     */
    DescriptorChain(DeviceMemory memory, int head, int epoch, long[] addresses, long[] lengths, int firstWritable) {
        this.memory = memory;
        this.head = head;
        this.epoch = epoch;
        this.addresses = addresses;
        this.lengths = lengths;
        this.firstWritable = firstWritable;
        readableBytes = sum(0, firstWritable);
        writableBytes = sum(firstWritable, lengths.length);
    }

    private long sum(int from, int to) {
        long bytes = 0;
        for (int i = from; i < to; i++) {
            bytes += lengths[i];
        }
        return bytes;
    }

    int head() {
        return head;
    }

    int epoch() {
        return epoch;
    }

    /** How many bytes there are to read. */
    public long readableBytes() {
        return readableBytes;
    }

    /** How many bytes can be written. */
    public long writableBytes() {
        return writableBytes;
    }

    /**
     * Copies from the readable part.
     *
     * @param position the first byte, counted from the beginning of that part
     * @return how many bytes there were, at most {@code length}
     */
    public int read(long position, byte[] target, int offset, int length) {
        long skip = position;
        int done = 0;
        for (int i = 0; i < firstWritable && done < length; i++) {
            if (skip >= lengths[i]) {
                skip -= lengths[i];
                continue;
            }
            int part = (int) Math.min(length - done, lengths[i] - skip);
            memory.read(addresses[i] + skip, target, offset + done, part);
            done += part;
            skip = 0;
        }
        return done;
    }

    /**
     * Copies into the writable part.
     *
     * @param position where to, counted from the beginning of that part
     * @return how many bytes there was room for, at most {@code length}
     */
    public int write(long position, byte[] source, int offset, int length) {
        long skip = position;
        int done = 0;
        for (int i = firstWritable; i < lengths.length && done < length; i++) {
            if (skip >= lengths[i]) {
                skip -= lengths[i];
                continue;
            }
            int part = (int) Math.min(length - done, lengths[i] - skip);
            memory.write(addresses[i] + skip, source, offset + done, part);
            done += part;
            skip = 0;
        }
        return done;
    }

    /** Tells each stretch of guest memory that can be written, in order. */
    public void forEachWritable(Range range) {
        for (int i = firstWritable; i < lengths.length; i++) {
            range.at(addresses[i], lengths[i]);
        }
    }

    /** A stretch of guest memory. */
    @FunctionalInterface
    public interface Range {
        /** {@code length} bytes at {@code physical}; nobody has looked whether there is RAM. */
        void at(long physical, long length);
    }
}
