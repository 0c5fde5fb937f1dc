// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

/**
 * The far end of one TCP connection of the guest's (RFC 9293): sequence numbers, windows, retransmission (RFC 6298, RFC 5681), no socket
 * and no clock. Used by one thread.
 */
final class TcpConnection implements AutoCloseable {
    /** Where segments for the guest go. */
    interface Output {
        /** Whether it takes another segment. */
        boolean hasRoom();

        /** The most data that a segment may have; a multiple of {@code maximumSegment}, for the card cuts it. */
        int mostData(int maximumSegment);

        /**
         * Sends a segment.
         *
         * @param window for the header, scaled already
         * @param offset of the data in {@code ring}
         */
        void send(TcpHeader header, ByteRing ring, int offset, int length);
    }

    /**
     * What is in a segment's header.
     *
     * @param maximumSegment to be told in an option, with the data's greatest size; 0 for none
     * @param windowScale to be told in an option, or -1
     */
    record TcpHeader(
            int sequence, int acknowledgement, int flags, int window, int maximumSegment, int windowScale, int cutAt) {}

    /** RFC 9293, section 3.3.2; from CLOSED on nothing is left. */
    enum State {
        /** The guest's SYN is there; whether it is answered is open. */
        HELD,
        SYN_SENT,
        SYN_RECEIVED,
        ESTABLISHED,
        FIN_WAIT_1,
        FIN_WAIT_2,
        CLOSE_WAIT,
        CLOSING,
        LAST_ACK,
        TIME_WAIT,
        CLOSED
    }

    /** How a connection ended. */
    enum End {
        OPEN,
        FINISHED,
        /** The guest said so, with RST. */
        RESET,
        /** The guest did not answer any more. */
        TIMED_OUT,
        /** This end said so. */
        ABORTED
    }

    static final int RING_BYTES = 1 << 18;

    /** Data in a segment of an Ethernet frame of 1,500 bytes. */
    static final int MAXIMUM_SEGMENT = 1460;

    private static final int DEFAULT_MAXIMUM_SEGMENT = 536;
    private static final int SMALLEST_MAXIMUM_SEGMENT = 64;
    private static final int MOST_REPEATS = 4;
    private static final int MOST_RETRIES = 8;
    private static final long SECOND = 1_000_000_000L;
    private static final long TIME_WAIT_NANOS = 2 * SECOND;
    private static final long KEEP_ALIVE_NANOS = 120 * SECOND;
    private static final long NEVER = Long.MAX_VALUE;

    private final ByteRing sending;
    private final TcpReceiver receiver;
    private State state;
    private End end = End.OPEN;

    // Sending (RFC 9293, section 3.3.1). The ring begins with the byte of number dataStart.
    private final int initialSequence;
    private int unacknowledged;
    private int next;
    private int highest;
    private int dataStart;
    private int window;
    private int windowSequence;
    private int windowAcknowledgement;
    private int windowShift;
    private int maximumSegment = DEFAULT_MAXIMUM_SEGMENT;
    private boolean finishing;
    private boolean probing;

    // Receiving.
    private boolean acknowledge;

    /** How many acknowledgements more than one are due. */
    private int repeats;

    /** Something the guest has acknowledged is to be sent, for an answer. */
    private boolean asking;

    // Timing and congestion.
    private long deadline = NEVER;
    private final RoundTrip roundTrip = new RoundTrip();
    private final CongestionWindow congestion = new CongestionWindow(RING_BYTES);
    private int retries;
    private long heard;

    private TcpConnection(ByteRing.Budget budget, State state, int initialSequence, long now) {
        this.sending = new ByteRing(budget, RING_BYTES);
        this.receiver = new TcpReceiver(budget, RING_BYTES);
        this.state = state;
        this.initialSequence = initialSequence;
        this.unacknowledged = initialSequence;
        this.next = initialSequence;
        this.highest = initialSequence;
        this.dataStart = initialSequence + 1;
        this.heard = now;
    }

    /** A connection that the guest asks for with {@code syn}; it waits for {@link #accept} or {@link #abort}. */
    static TcpConnection fromGuest(TcpSegment syn, int initialSequence, ByteRing.Budget budget, long now) {
        TcpConnection connection = new TcpConnection(budget, State.HELD, initialSequence, now);
        connection.takeSyn(syn);
        return connection;
    }

    /** A connection to the guest; the SYN goes out with the next {@link #transmit}. */
    static TcpConnection toGuest(int initialSequence, ByteRing.Budget budget, long now) {
        return new TcpConnection(budget, State.SYN_SENT, initialSequence, now);
    }

    private void takeSyn(TcpSegment syn) {
        if (syn.maximumSegment() != 0) {
            maximumSegment = Math.clamp(syn.maximumSegment(), SMALLEST_MAXIMUM_SEGMENT, MAXIMUM_SEGMENT);
        }
        boolean scaled = syn.windowScale() >= 0;
        windowShift = scaled ? syn.windowScale() : 0;
        receiver.begin(syn.sequence(), scaled);
        window = syn.window();
        windowSequence = syn.sequence();
        windowAcknowledgement = syn.acknowledgement();
    }

    State state() {
        return state;
    }

    End end() {
        return end;
    }

    boolean closed() {
        return state == State.CLOSED;
    }

    /** Answers the guest's SYN with the next {@link #transmit}. */
    void accept() {
        if (state == State.HELD) {
            state = State.SYN_RECEIVED;
        }
    }

    // Data, as whoever stands behind the connection sees them.

    /** Bytes that still go into {@link #free}, perhaps. */
    int sendRoom() {
        return finishing || closed() ? 0 : sending.room();
    }

    /** Room for bytes to the guest; see {@link ByteRing#free}. */
    java.nio.ByteBuffer free(int wanted) {
        return sending.free(wanted);
    }

    void added(int count) {
        sending.added(count);
    }

    /** There are no more bytes to the guest than those added so far. */
    void finish() {
        finishing = true;
    }

    /** Bytes from the guest; see {@link ByteRing#waiting}. */
    java.nio.ByteBuffer waiting() {
        return receiver.waiting();
    }

    /** Takes bytes from {@link #waiting} away. */
    void remove(int count) {
        acknowledge |= receiver.remove(count, maximumSegment);
    }

    /** Whether the guest has said that no more comes, and all that came was taken. */
    boolean guestFinished() {
        return receiver.isDone();
    }

    // Segments from the guest (RFC 9293, section 3.10.7).

    /** Takes a segment of this connection. */
    void segment(TcpSegment segment, long now) {
        heard = now;
        switch (state) {
            case HELD -> {
                if (segment.has(TcpSegment.RST)) {
                    close(End.RESET);
                }
            }
            case SYN_SENT -> synSent(segment, now);
            case CLOSED -> {}
            default -> synchronised(segment, now);
        }
    }

    private void synSent(TcpSegment segment, long now) {
        boolean acknowledged = segment.has(TcpSegment.ACK) && segment.acknowledgement() == initialSequence + 1;
        if (segment.has(TcpSegment.RST)) {
            if (acknowledged) {
                close(End.RESET);
            }
        } else if (segment.has(TcpSegment.SYN) && acknowledged && highest == initialSequence + 1) {
            takeSyn(segment);
            acknowledged(segment.acknowledgement(), now);
            state = State.ESTABLISHED;
            acknowledge = true;
        }
    }

    private void synchronised(TcpSegment segment, long now) {
        if (probing || next == unacknowledged) {
            retries = 0;
        }
        if (next == unacknowledged && next - dataStart >= sending.size() && state != State.TIME_WAIT) {
            deadline = NEVER;
        }
        if (!receiver.acceptable(segment)) {
            if (!segment.has(TcpSegment.RST)) {
                acknowledge = true;
                // A full window refuses data, not what it says about ours.
                if (segment.has(TcpSegment.ACK) && segment.sequence() == receiver.expected()) {
                    acknowledgement(segment, now);
                }
            }
            return;
        }
        if (segment.has(TcpSegment.RST)) {
            // RFC 5961, section 3.2: elsewhere in the window it is answered, not believed.
            if (segment.sequence() == receiver.expected()) {
                close(End.RESET);
            } else {
                acknowledge = true;
            }
            return;
        }
        if (segment.has(TcpSegment.SYN)) {
            acknowledge = true;
            return;
        }
        if (!segment.has(TcpSegment.ACK) || !acknowledgement(segment, now)) {
            return;
        }
        takeData(segment, now);
    }

    /** Looks at what the guest acknowledges; false if the rest of the segment is not to be looked at. */
    private boolean acknowledgement(TcpSegment segment, long now) {
        int number = segment.acknowledgement();
        if (number - highest > 0) {
            acknowledge = true;
            return false;
        }
        if (state == State.SYN_RECEIVED) {
            if (number != initialSequence + 1) {
                return false;
            }
            state = State.ESTABLISHED;
            windowSequence = segment.sequence() - 1;
        }
        if (number - unacknowledged > 0) {
            acknowledged(number, now);
            if (finishing && number == dataStart + sending.size() + 1) {
                finAcknowledged(now);
            }
        } else if (number == unacknowledged
                && segment.length() == 0
                && unacknowledged != next
                && segment.window() << windowShift == window
                && congestion.repeated(next - unacknowledged, maximumSegment)) {
            next = unacknowledged;
            roundTrip.sentAgain();
        }
        if (segment.sequence() - windowSequence > 0
                || segment.sequence() == windowSequence && number - windowAcknowledgement >= 0) {
            window = segment.window() << windowShift;
            windowSequence = segment.sequence();
            windowAcknowledgement = number;
            if (window != 0 && probing) {
                probing = false;
                retries = 0;
            }
        }
        return true;
    }

    private void acknowledged(int number, long now) {
        int count = number - unacknowledged;
        unacknowledged = number;
        int data = Math.min(number - dataStart, sending.size());
        if (data > 0) {
            sending.remove(data);
            dataStart += data;
        }
        if (next - unacknowledged < 0) {
            next = unacknowledged;
        }
        roundTrip.acknowledged(number, now);
        congestion.acknowledged(count, maximumSegment);
        retries = 0;
        deadline = unacknowledged == next ? NEVER : now + roundTrip.timeout();
    }

    private void finAcknowledged(long now) {
        switch (state) {
            case FIN_WAIT_1 -> state = State.FIN_WAIT_2;
            case CLOSING -> waitForStragglers(now);
            case LAST_ACK -> close(End.FINISHED);
            default -> {}
        }
    }

    private void waitForStragglers(long now) {
        state = State.TIME_WAIT;
        deadline = now + TIME_WAIT_NANOS;
    }

    private void takeData(TcpSegment segment, long now) {
        if (segment.length() == 0) {
            return;
        }
        acknowledge = true;
        switch (receiver.take(segment)) {
            case DATA -> {}
            // RFC 5681, section 4.2: each says at once that something is missing.
            case EARLY -> repeats = Math.min(repeats + 1, MOST_REPEATS);
            case END -> {
                switch (state) {
                    case ESTABLISHED -> state = State.CLOSE_WAIT;
                    case FIN_WAIT_1 -> state = State.CLOSING;
                    case FIN_WAIT_2 -> waitForStragglers(now);
                    default -> {}
                }
            }
        }
    }

    // Segments to the guest.

    /** Whether {@link #transmit} has something to send. */
    boolean wantsToTransmit() {
        return switch (state) {
            case HELD, CLOSED -> false;
            case SYN_SENT, SYN_RECEIVED -> next == initialSequence || acknowledge;
            default -> acknowledge || asking || nextData() > 0 || finIsDue();
        };
    }

    /** Sends what may be sent now, as far as {@code output} takes it. */
    void transmit(Output output, long now) {
        if (state == State.HELD || state == State.CLOSED) {
            return;
        }
        if (next == initialSequence) {
            if (output.hasRoom()) {
                sendSyn(output, now);
            }
            return;
        }
        if (state == State.SYN_SENT || state == State.SYN_RECEIVED) {
            sendAcknowledgement(output);
            return;
        }
        while (output.hasRoom()) {
            int count = Math.min(nextData(), output.mostData(maximumSegment));
            if (count <= 0) {
                break;
            }
            sendData(output, count, now);
        }
        if (finIsDue() && output.hasRoom()) {
            sendFin(output, now);
        }
        sendAcknowledgement(output);
        if (asking && output.hasRoom()) {
            asking = false;
            output.send(
                    new TcpHeader(next - 1, receiver.expected(), TcpSegment.ACK, windowField(), 0, -1, 0),
                    sending,
                    0,
                    0);
        }
        // Data, but no window for them: the guest may forget to say when there is one (RFC 9293, section 3.8.6.1).
        if (deadline == NEVER && next - dataStart < sending.size() && nextData() == 0) {
            deadline = now + roundTrip.timeout();
        }
    }

    /** Bytes that may be sent from {@link #next} on. */
    private int nextData() {
        if (state == State.TIME_WAIT) {
            return 0;
        }
        int offset = next - dataStart;
        int left = sending.size() - offset;
        if (left <= 0) {
            return 0;
        }
        int allowed = Math.min(probing ? Math.max(window, 1) : window, congestion.bytes()) - (next - unacknowledged);
        int count = Math.min(left, allowed);
        // RFC 9293, section 3.8.6.2.1: no scraps while there is more and the window is nearly full.
        return count < left && count < maximumSegment && !probing && next != unacknowledged ? 0 : Math.max(count, 0);
    }

    private boolean finIsDue() {
        return finishing
                && next == dataStart + sending.size()
                && (state == State.ESTABLISHED
                        || state == State.CLOSE_WAIT
                        || state == State.FIN_WAIT_1
                        || state == State.CLOSING
                        || state == State.LAST_ACK);
    }

    private int windowField() {
        acknowledge = false;
        return receiver.announce();
    }

    private void sendSyn(Output output, long now) {
        boolean answer = state != State.SYN_SENT;
        acknowledge = false;
        output.send(
                new TcpHeader(
                        initialSequence,
                        answer ? receiver.expected() : 0,
                        TcpSegment.SYN | (answer ? TcpSegment.ACK : 0),
                        receiver.announceInSyn(),
                        MAXIMUM_SEGMENT,
                        receiver.scale(),
                        0),
                sending,
                0,
                0);
        sent(1, now);
    }

    private void sendData(Output output, int count, long now) {
        int offset = next - dataStart;
        boolean last = offset + count == sending.size();
        output.send(
                new TcpHeader(
                        next,
                        receiver.expected(),
                        TcpSegment.ACK | (last ? TcpSegment.PSH : 0),
                        windowField(),
                        0,
                        -1,
                        maximumSegment),
                sending,
                offset,
                count);
        sent(count, now);
    }

    private void sendFin(Output output, long now) {
        output.send(
                new TcpHeader(next, receiver.expected(), TcpSegment.FIN | TcpSegment.ACK, windowField(), 0, -1, 0),
                sending,
                0,
                0);
        if (state == State.ESTABLISHED) {
            state = State.FIN_WAIT_1;
        } else if (state == State.CLOSE_WAIT) {
            state = State.LAST_ACK;
        }
        sent(1, now);
    }

    private void sendAcknowledgement(Output output) {
        for (; acknowledge && output.hasRoom(); acknowledge = repeats-- > 0) {
            output.send(
                    new TcpHeader(next, receiver.expected(), TcpSegment.ACK, windowField(), 0, -1, 0), sending, 0, 0);
        }
        repeats = Math.max(repeats, 0);
    }

    private void sent(int count, long now) {
        if (next == highest) {
            roundTrip.sent(next, now);
        }
        next += count;
        if (next - highest > 0) {
            highest = next;
        }
        if (deadline == NEVER || state == State.TIME_WAIT) {
            deadline = now + roundTrip.timeout();
        }
    }

    // Time.

    /** When {@link #timer} is due, in nanoseconds. */
    long deadline() {
        return deadline != NEVER || state == State.HELD ? deadline : heard + KEEP_ALIVE_NANOS;
    }

    /** Does what is due. Nothing times out while {@code output} does not take what is to be sent. */
    void timer(Output output, long now) {
        if (closed() || now < deadline()) {
            return;
        }
        if (state == State.TIME_WAIT) {
            close(End.FINISHED);
            return;
        }
        if (!output.hasRoom()) {
            deadline = now + roundTrip.timeout();
            return;
        }
        retries++;
        if (retries > MOST_RETRIES) {
            close(End.TIMED_OUT);
            return;
        }
        roundTrip.backOff();
        if (next == unacknowledged && next - dataStart >= sending.size()) {
            // Nothing is outstanding: is the guest still there (RFC 9293, section 3.8.4)?
            asking = true;
            deadline = now + roundTrip.timeout();
            return;
        }
        if (window == 0 && state != State.SYN_SENT && state != State.SYN_RECEIVED) {
            probing = true;
        } else if (next != unacknowledged) {
            congestion.timedOut(next - unacknowledged, maximumSegment);
        }
        next = unacknowledged;
        deadline = NEVER;
    }

    /** Ends it at once; the guest gets an RST if it has been told of the connection. */
    void abort(Output output) {
        if (!closed()) {
            boolean answers = state == State.HELD;
            if (state != State.SYN_SENT && state != State.TIME_WAIT) {
                output.send(
                        new TcpHeader(
                                answers ? 0 : highest,
                                receiver.expected(),
                                TcpSegment.RST | TcpSegment.ACK,
                                0,
                                0,
                                -1,
                                0),
                        sending,
                        0,
                        0);
            }
            close(End.ABORTED);
        }
    }

    private void close(End how) {
        state = State.CLOSED;
        end = how;
        deadline = NEVER;
        sending.close();
        if (how != End.FINISHED) {
            receiver.close();
        }
    }

    /** Gives its memory back. What came from a guest that has finished may be taken until then. */
    @Override
    public void close() {
        if (!closed()) {
            close(End.ABORTED);
        }
        receiver.close();
    }
}
