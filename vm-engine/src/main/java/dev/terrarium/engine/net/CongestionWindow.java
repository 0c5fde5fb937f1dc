// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

/**
 * How much a connection may have under way, whatever the guest's window (RFC 5681). It begins with all there is: between two parts of
 * one process nothing is lost but what the guest has no room for.
 */
final class CongestionWindow {
    private static final int FAST_RETRANSMISSION = 3;

    private final int largest;
    private int bytes;
    private int threshold;
    private int duplicates;

    CongestionWindow(int largest) {
        this.largest = largest;
        this.bytes = largest;
        this.threshold = largest;
    }

    int bytes() {
        return bytes;
    }

    /** More was acknowledged (section 3.1). */
    void acknowledged(int count, int maximumSegment) {
        duplicates = 0;
        if (bytes < threshold) {
            bytes += Math.min(count, maximumSegment);
        } else if (bytes < largest) {
            bytes += Math.max(1, maximumSegment * maximumSegment / bytes);
        }
    }

    /**
     * The same was acknowledged again (section 3.2, without the inflation: the guest has the rest of the window).
     *
     * @return whether what is outstanding is to be sent again
     */
    boolean repeated(int outstanding, int maximumSegment) {
        duplicates++;
        if (duplicates != FAST_RETRANSMISSION) {
            return false;
        }
        threshold = Math.max(outstanding / 2, 2 * maximumSegment);
        bytes = threshold;
        return true;
    }

    /** Nothing was acknowledged in time. */
    void timedOut(int outstanding, int maximumSegment) {
        threshold = Math.max(outstanding / 2, 2 * maximumSegment);
        bytes = maximumSegment;
    }
}
