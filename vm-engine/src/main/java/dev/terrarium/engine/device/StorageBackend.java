// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/**
 * What is behind a drive: a disk image or a CD. Requests are asynchronous: they run on an I/O thread and
 * {@code completion} is called exactly once, later, with the board's lock held. Never inside the call.
 */
public interface StorageBackend {
    /** The medium's size in bytes; 0 if there is none. */
    long size();

    boolean readOnly();

    /** Reads {@code length} bytes at byte {@code position} into {@code target} from {@code offset}. */
    void read(long position, byte[] target, int offset, int length, Completion completion);

    /** Writes {@code length} bytes of {@code source} from {@code offset} at byte {@code position}. */
    void write(long position, byte[] source, int offset, int length, Completion completion);

    /**
     * Makes a range read as zeros.
     *
     * @param release whether its place on the host may be given back
     */
    void writeZeroes(long position, long length, boolean release, Completion completion);

    /** A hint that the guest needs a range no more: it may read as zeros, or as before. */
    void discard(long position, long length, Completion completion);

    /** Makes every write completed before this call durable on the host. */
    void flush(Completion completion);

    /** Told how a request ended. */
    @FunctionalInterface
    interface Completion {
        /** {@code success} is false if the host could not do it. */
        void done(boolean success);
    }
}
