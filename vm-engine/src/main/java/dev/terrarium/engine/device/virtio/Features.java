// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

/** The feature bits that every device may offer (VIRTIO 1.2, chapter 6), as masks. */
public final class Features {
    /** A descriptor may lead to a table of descriptors. */
    public static final long INDIRECT_DESCRIPTORS = 1L << 28;

    /** Driver and device tell each other at which index they want to be notified. */
    public static final long EVENT_INDEX = 1L << 29;

    /** The device is not a legacy one. */
    public static final long VERSION_1 = 1L << 32;

    /** A single queue can be reset. */
    public static final long RING_RESET = 1L << 40;

    /** What every device here offers. */
    public static final long COMMON = INDIRECT_DESCRIPTORS | EVENT_INDEX | VERSION_1 | RING_RESET;

    private Features() {}
}
