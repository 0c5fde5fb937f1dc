// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio.net;

/** The network device's own feature bits (VIRTIO 1.2, section 5.1.3), as masks. */
final class NetworkFeatures {
    static final long CSUM = 1L;
    static final long GUEST_CSUM = 1L << 1;
    static final long MAC = 1L << 5;
    static final long GUEST_TSO4 = 1L << 7;
    static final long GUEST_TSO6 = 1L << 8;
    static final long HOST_TSO4 = 1L << 11;
    static final long HOST_TSO6 = 1L << 12;
    static final long MRG_RXBUF = 1L << 15;
    static final long STATUS = 1L << 16;
    static final long CTRL_VQ = 1L << 17;
    static final long CTRL_RX = 1L << 18;
    static final long CTRL_MAC_ADDR = 1L << 23;

    /** What a card offers. */
    static final long OFFERED = CSUM
            | GUEST_CSUM
            | MAC
            | GUEST_TSO4
            | GUEST_TSO6
            | HOST_TSO4
            | HOST_TSO6
            | MRG_RXBUF
            | STATUS
            | CTRL_VQ
            | CTRL_RX
            | CTRL_MAC_ADDR;

    private NetworkFeatures() {}

    /** Has each feature those that it requires (section 5.1.3.1)? */
    static boolean fit(long features) {
        return needs(features, GUEST_TSO4 | GUEST_TSO6, GUEST_CSUM)
                && needs(features, HOST_TSO4 | HOST_TSO6, CSUM)
                && needs(features, CTRL_RX | CTRL_MAC_ADDR, CTRL_VQ);
    }

    private static boolean needs(long features, long any, long required) {
        return (features & any) == 0 || (features & required) != 0;
    }
}
