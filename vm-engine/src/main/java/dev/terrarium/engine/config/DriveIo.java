// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.config;

/**
 * How a disk's requests reach its image. The words are QEMU's.
 *
 * @param cache when what the guest wrote is made durable
 * @param onError what happens when the host cannot read or write the image
 * @param discard what happens when the guest says that it needs a part no more
 * @param shareable whether other machines that say so too may write the same image at the same time; raw images only
 * @param throttle how fast the guest may be
 */
public record DriveIo(Cache cache, OnError onError, Discard discard, boolean shareable, Throttle throttle) {
    /** What a disk has if nothing is said. */
    public static final DriveIo DEFAULT =
            new DriveIo(Cache.WRITEBACK, OnError.PAUSE, Discard.UNMAP, false, Throttle.NONE);

    @SuppressWarnings("ConstantValue") // Jackson gives null for what the file does not have
    public DriveIo {
        cache = cache == null ? Cache.WRITEBACK : cache;
        onError = onError == null ? OnError.PAUSE : onError;
        discard = discard == null ? Discard.UNMAP : discard;
        throttle = throttle == null ? Throttle.NONE : throttle;
    }

    /** When what the guest wrote is made durable. */
    public enum Cache {
        /** When the guest flushes. */
        WRITEBACK,
        /** Before each write ends. */
        WRITETHROUGH,
        /** When the machine is switched off: a crash of the host loses the disk. */
        UNSAFE
    }

    /** What happens when the host cannot read or write the image. */
    public enum OnError {
        /** The machine stands still until the request succeeds. */
        PAUSE,
        /** The guest is told. */
        REPORT
    }

    /** What happens to what the guest needs no more. */
    public enum Discard {
        /** The host gets the room back. */
        UNMAP,
        /** Nothing. */
        IGNORE
    }

    public DriveIo withThrottle(Throttle changed) {
        return new DriveIo(cache, onError, discard, shareable, changed);
    }
}
