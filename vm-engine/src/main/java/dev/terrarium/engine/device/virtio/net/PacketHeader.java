// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio.net;

import dev.terrarium.engine.device.NetworkFrame;
import dev.terrarium.engine.device.NetworkFrame.Segmentation;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** The header before each packet, struct virtio_net_hdr (VIRTIO 1.2, section 5.1.6), from and to what a frame says. */
final class PacketHeader {
    static final int BYTES = 12;

    private static final int FLAG_NEEDS_CSUM = 1;
    private static final int GSO_NONE = 0;
    private static final int GSO_TCPV4 = 1;
    private static final int GSO_TCPV6 = 4;
    private static final int TCP_DATA_OFFSET = 12;
    private static final int NUM_BUFFERS = 10;
    private static final int SHORTEST_FRAME = 14;

    private PacketHeader() {}

    /**
     * The frame of a driver's packet.
     *
     * @param packet header and frame, {@code length} bytes
     * @param accepted the features that the driver has accepted
     * @return null if the driver may not send this
     */
    static @Nullable NetworkFrame frame(byte[] packet, int length, long accepted) {
        ByteBuffer header = ByteBuffer.wrap(packet, 0, BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int frameBytes = length - BYTES;
        if (frameBytes < SHORTEST_FRAME) {
            return null;
        }
        byte[] bytes = new byte[frameBytes];
        System.arraycopy(packet, BYTES, bytes, 0, frameBytes);
        boolean needsChecksum = (header.get(0) & FLAG_NEEDS_CSUM) != 0;
        int start = header.getShort(6) & 0xFFFF;
        int offset = header.getShort(8) & 0xFFFF;
        if (needsChecksum && ((accepted & NetworkFeatures.CSUM) == 0 || start + offset + 2 > frameBytes)) {
            return null;
        }
        int segmentBytes = header.getShort(4) & 0xFFFF;
        long required =
                switch (header.get(1) & 0xFF) {
                    case GSO_NONE -> 0;
                    case GSO_TCPV4 -> NetworkFeatures.HOST_TSO4;
                    case GSO_TCPV6 -> NetworkFeatures.HOST_TSO6;
                    default -> -1;
                };
        if (required == 0) {
            return new NetworkFrame(
                    bytes, frameBytes, needsChecksum ? start : -1, needsChecksum ? offset : 0, Segmentation.NONE, 0);
        }
        if (required < 0 || (accepted & required) == 0 || !needsChecksum || segmentBytes == 0) {
            return null;
        }
        Segmentation segmentation =
                required == NetworkFeatures.HOST_TSO4 ? Segmentation.TCP_IPV4 : Segmentation.TCP_IPV6;
        return new NetworkFrame(bytes, frameBytes, start, offset, segmentation, segmentBytes);
    }

    /** The header of a frame for the driver, which lies in {@code buffers} chains (section 5.1.6.4.1). */
    static byte[] of(NetworkFrame frame, int buffers) {
        ByteBuffer header = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (frame.checksumStart() >= 0) {
            header.put(0, (byte) FLAG_NEEDS_CSUM);
            header.putShort(6, (short) frame.checksumStart());
            header.putShort(8, (short) frame.checksumOffset());
        }
        if (frame.segmentation() != Segmentation.NONE) {
            header.put(1, (byte) (frame.segmentation() == Segmentation.TCP_IPV4 ? GSO_TCPV4 : GSO_TCPV6));
            header.putShort(2, (short) headerBytes(frame));
            header.putShort(4, (short) frame.segmentBytes());
        }
        header.putShort(NUM_BUFFERS, (short) buffers);
        return header.array();
    }

    /** Where the TCP payload begins. */
    private static int headerBytes(NetworkFrame frame) {
        int at = frame.checksumStart() + TCP_DATA_OFFSET;
        int words = at < frame.length() ? (frame.bytes()[at] & 0xF0) >> 4 : 5;
        return frame.checksumStart() + 4 * words;
    }
}
