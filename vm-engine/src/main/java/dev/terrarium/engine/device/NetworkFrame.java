// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/**
 * An Ethernet frame without its frame check sequence, on its way to or from a card. What a real card would do with it on the way
 * (put in a checksum, cut it into segments) need not have been done: nobody between two programs of one process looks.
 *
 * @param bytes the frame is {@code length} bytes of it from the first on; the receiver's from now on
 * @param length at least 14
 * @param checksumStart where the bytes begin whose ones' complement sum is still to be put in, or -1: it is in already
 * @param checksumOffset where the sum goes, counted from {@code checksumStart}
 * @param segmentation into what a frame longer than the network's greatest is to be cut
 * @param segmentBytes of payload in each segment; 0 with {@link Segmentation#NONE}
 */
public record NetworkFrame(
        byte[] bytes, int length, int checksumStart, int checksumOffset, Segmentation segmentation, int segmentBytes) {
    /** The longest frame with segments to be cut: 64 KiB of an IP packet and its Ethernet header. */
    public static final int LARGEST = 65_550;

    /** How a frame is to be cut. */
    public enum Segmentation {
        NONE,
        TCP_IPV4,
        TCP_IPV6
    }

    /** A frame that is complete. */
    public NetworkFrame(byte[] bytes, int length) {
        this(bytes, length, -1, 0, Segmentation.NONE, 0);
    }
}
