// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.nio.ByteBuffer;

/** The receiving half of a connection (RFC 9293, section 3.3.1): which number is next, the window, the data that wait. */
final class TcpReceiver implements AutoCloseable {
    /** What a segment brought. */
    enum Taken {
        /** Data, or nothing new. */
        DATA,
        /** Something, but what comes before it is missing. */
        EARLY,
        /** The last that there will be. */
        END
    }

    private static final int SCALE = 3;
    private static final int LARGEST_FIELD = 0xFFFF;

    private final ByteRing ring;
    private final EarlyData early = new EarlyData();
    private int expected;
    private int announced;
    private int shift = SCALE;
    private boolean ended;

    TcpReceiver(ByteRing.Budget budget, int bytes) {
        ring = new ByteRing(budget, bytes);
    }

    /** The guest's SYN had the number {@code sequence}. */
    void begin(int sequence, boolean scaled) {
        expected = sequence + 1;
        announced = expected;
        shift = scaled ? SCALE : 0;
    }

    /** The number that comes next. */
    int expected() {
        return expected;
    }

    /** For the option of a SYN; -1 if windows are not scaled. */
    int scale() {
        return shift > 0 ? shift : -1;
    }

    /** Bytes that wait; see {@link ByteRing#waiting}. */
    ByteBuffer waiting() {
        return ring.waiting();
    }

    /**
     * Takes bytes away.
     *
     * @return whether the window opened by so much that the guest should hear of it (section 3.8.6.2.2)
     */
    boolean remove(int count, int maximumSegment) {
        ring.remove(count);
        int opened = expected + window() - announced;
        return opened >= Math.min(2 * maximumSegment, TcpConnection.RING_BYTES / 2);
    }

    /** Whether the guest has said that no more comes, and all that came was taken. */
    boolean isDone() {
        return ended && ring.size() == 0;
    }

    private int window() {
        int room = Math.min(ring.room(), LARGEST_FIELD << shift) >> shift << shift;
        // What was announced once stays so (section 3.8.6).
        return Math.max(room, announced - expected);
    }

    /** The window for a segment's header, which is announced with it. */
    int announce() {
        int field = Math.min(window() >> shift, LARGEST_FIELD);
        announceUpTo(field << shift);
        return field;
    }

    /** The window for a SYN's header, which is never scaled. */
    int announceInSyn() {
        int field = Math.min(window(), LARGEST_FIELD);
        announceUpTo(field);
        return field;
    }

    private void announceUpTo(int bytes) {
        int edge = expected + bytes;
        if (edge - announced > 0) {
            announced = edge;
        }
    }

    /** Whether a segment lies in the window (section 3.10.7.4, first check). */
    boolean acceptable(TcpSegment segment) {
        int ahead = segment.sequence() - expected;
        int room = window();
        if (segment.length() == 0) {
            return ahead == 0 || ahead > 0 && ahead < room;
        }
        int last = ahead + segment.length() - 1;
        return room > 0 && (ahead >= 0 && ahead < room || last >= 0 && last < room);
    }

    /** Takes what an acceptable segment brings, as far as there is room. */
    Taken take(TcpSegment segment) {
        int known = expected - segment.sequence();
        if (known < 0) {
            int length = Math.min(segment.dataLength(), window() + known);
            int kept = early.isFull() ? 0 : ring.put(-known, segment.bytes(), segment.data(), length);
            early.add(segment.sequence(), segment.sequence() + kept);
            return Taken.EARLY;
        }
        int fresh = segment.dataLength() - known;
        if (ended || fresh < 0) {
            return Taken.DATA;
        }
        int taken = ring.add(segment.bytes(), segment.data() + known, Math.min(fresh, window()));
        expected += taken;
        boolean whole = taken == fresh;
        int further = early.reaches(expected) - expected;
        ring.added(further);
        expected += further;
        if (!whole || !segment.has(TcpSegment.FIN)) {
            return Taken.DATA;
        }
        expected++;
        ended = true;
        return Taken.END;
    }

    @Override
    public void close() {
        ring.close();
    }
}
