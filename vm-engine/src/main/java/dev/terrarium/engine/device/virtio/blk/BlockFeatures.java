// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio.blk;

/** The block device's own feature bits (VIRTIO 1.2, section 5.2.3), as masks. */
final class BlockFeatures {
    static final long SEG_MAX = 1L << 2;
    static final long RO = 1L << 5;
    static final long BLK_SIZE = 1L << 6;
    static final long FLUSH = 1L << 9;
    static final long TOPOLOGY = 1L << 10;
    static final long CONFIG_WCE = 1L << 11;
    static final long MQ = 1L << 12;
    static final long DISCARD = 1L << 13;
    static final long WRITE_ZEROES = 1L << 14;

    private BlockFeatures() {}

    /** What a disk offers. */
    static long of(boolean readOnly, int queues) {
        long offered = SEG_MAX | BLK_SIZE | FLUSH | TOPOLOGY | CONFIG_WCE;
        offered |= readOnly ? RO : DISCARD | WRITE_ZEROES;
        return queues > 1 ? offered | MQ : offered;
    }
}
