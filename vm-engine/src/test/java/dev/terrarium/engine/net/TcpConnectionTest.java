// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import static dev.terrarium.engine.net.TcpSegment.ACK;
import static dev.terrarium.engine.net.TcpSegment.FIN;
import static dev.terrarium.engine.net.TcpSegment.PSH;
import static dev.terrarium.engine.net.TcpSegment.RST;
import static dev.terrarium.engine.net.TcpSegment.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.net.TcpConnection.End;
import dev.terrarium.engine.net.TcpConnection.State;
import dev.terrarium.engine.net.TcpConnection.TcpHeader;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;

/** One connection by the clauses of RFC 9293 and its companions; the test is the guest and the clock. */
class TcpConnectionTest {
    private static final long SECOND = 1_000_000_000L;
    // Sums of these overflow, on purpose: no constants to the compiler.
    private static final int OURS = Integer.parseUnsignedInt("7FFFFFF0", 16);
    private static final int GUEST = Integer.parseUnsignedInt("FFFFFFF0", 16);

    private record Sent(TcpHeader header, byte[] data) {
        boolean is(int flags) {
            return header.flags() == flags;
        }
    }

    private final ByteRing.Budget budget = new ByteRing.Budget(1 << 20);
    private final Deque<Sent> sent = new ArrayDeque<>();
    private boolean room = true;
    private long now = 1000 * SECOND;

    private final TcpConnection.Output output = new TcpConnection.Output() {
        @Override
        public boolean hasRoom() {
            return room;
        }

        @Override
        public int mostData(int maximumSegment) {
            return maximumSegment;
        }

        @Override
        public void send(TcpHeader header, ByteRing ring, int offset, int length) {
            byte[] data = new byte[length];
            ring.copy(offset, data, 0, length);
            sent.add(new Sent(header, data));
        }
    };

    private static TcpSegment segment(int sequence, int acknowledgement, int flags, int window, byte... data) {
        return new TcpSegment(40_000, 80, sequence, acknowledgement, flags, window, 0, -1, data, 0, data.length);
    }

    private static TcpSegment syn(int maximumSegment, int scale) {
        return new TcpSegment(40_000, 80, GUEST, 0, SYN, 65_535, maximumSegment, scale, new byte[0], 0, 0);
    }

    /** A connection that both have agreed on; the guest's next byte is GUEST + 1, ours OURS + 1. */
    private TcpConnection established(int window) {
        TcpConnection connection = TcpConnection.fromGuest(syn(1000, -1), OURS, budget, now);
        connection.accept();
        connection.transmit(output, now);
        connection.segment(segment(GUEST + 1, OURS + 1, ACK, window), now);
        connection.transmit(output, now);
        assertThat(connection.state()).isEqualTo(State.ESTABLISHED);
        sent.clear();
        return connection;
    }

    private void write(TcpConnection connection, int count) {
        for (int left = count; left > 0; ) {
            ByteBuffer free = connection.free(left);
            int length = free.remaining();
            for (int i = 0; i < length; i++) {
                free.put((byte) (count - left + i));
            }
            connection.added(length);
            left -= length;
        }
        connection.transmit(output, now);
    }

    private void later(TcpConnection connection, long nanos) {
        now += nanos;
        connection.timer(output, now);
        connection.transmit(output, now);
    }

    private Sent only() {
        assertThat(sent).hasSize(1);
        return sent.remove();
    }

    @Test
    void aSynWaitsForTheHostAndIsAnsweredWithOptions() {
        TcpConnection connection = TcpConnection.fromGuest(syn(1460, 7), OURS, budget, now);
        connection.transmit(output, now);
        later(connection, 100 * SECOND);
        assertThat(sent).isEmpty();
        connection.accept();
        connection.transmit(output, now);
        Sent answer = only();
        assertThat(answer.is(SYN | ACK)).isTrue();
        assertThat(answer.header().acknowledgement()).isEqualTo(GUEST + 1);
        assertThat(answer.header().maximumSegment()).isEqualTo(1460);
        assertThat(answer.header().windowScale()).isPositive();
        // RFC 6298, section 2: a second until it is sent again, then two.
        later(connection, SECOND);
        assertThat(only().is(SYN | ACK)).isTrue();
        later(connection, SECOND);
        assertThat(sent).isEmpty();
        later(connection, SECOND);
        assertThat(only().is(SYN | ACK)).isTrue();
    }

    @Test
    void whoDoesNotOfferScalingGetsNone() {
        TcpConnection connection = TcpConnection.fromGuest(syn(0, -1), OURS, budget, now);
        connection.accept();
        connection.transmit(output, now);
        Sent answer = only();
        assertThat(answer.header().windowScale()).isEqualTo(-1);
        assertThat(answer.header().window()).isEqualTo(65_535);
    }

    @Test
    void aRefusedSynIsAnsweredWithReset() {
        TcpConnection connection = TcpConnection.fromGuest(syn(1460, 7), OURS, budget, now);
        connection.abort(output);
        Sent answer = only();
        assertThat(answer.is(RST | ACK)).isTrue();
        assertThat(answer.header().sequence()).isZero();
        assertThat(answer.header().acknowledgement()).isEqualTo(GUEST + 1);
        assertThat(connection.closed()).isTrue();
    }

    @Test
    void dataGoOutInSegmentsAsTheWindowAllows() {
        TcpConnection connection = established(2500);
        write(connection, 6000);
        assertThat(sent).extracting(each -> each.data().length).containsExactly(1000, 1000);
        sent.clear();
        connection.segment(segment(GUEST + 1, OURS + 1 + 2000, ACK, 4000), now);
        connection.transmit(output, now);
        assertThat(sent).extracting(each -> each.data().length).containsExactly(1000, 1000, 1000, 1000);
        assertThat(sent.getLast().is(ACK | PSH)).isTrue();
        assertThat(sent.getFirst().data()[0]).isEqualTo((byte) 2000);
    }

    @Test
    void whatIsNotAcknowledgedIsSentAgainEverLaterAndThenGivenUp() {
        TcpConnection connection = established(60_000);
        write(connection, 10);
        sent.clear();
        int times = 0;
        long first = now;
        while (!connection.closed()) {
            later(connection, SECOND / 10);
            while (!sent.isEmpty()) {
                assertThat(sent.remove().data()).hasSize(10);
                times++;
            }
        }
        assertThat(connection.end()).isEqualTo(End.TIMED_OUT);
        assertThat(times).isEqualTo(8);
        assertThat(now - first).isGreaterThan(20 * SECOND);
    }

    @Test
    void nothingTimesOutWhileTheGuestsLinkIsFull() {
        TcpConnection connection = established(60_000);
        write(connection, 10);
        room = false;
        for (int i = 0; i < 1000; i++) {
            later(connection, SECOND);
        }
        assertThat(connection.closed()).isFalse();
    }

    @Test
    void threeDuplicatesBringTheLostSegmentAtOnce() {
        TcpConnection connection = established(60_000);
        write(connection, 5000);
        sent.clear();
        for (int i = 0; i < 3; i++) {
            assertThat(sent).isEmpty();
            connection.segment(segment(GUEST + 1, OURS + 1, ACK, 60_000), now);
            connection.transmit(output, now);
        }
        assertThat(sent.getFirst().header().sequence()).isEqualTo(OURS + 1);
        assertThat(sent.getFirst().data()).hasSize(1000);
    }

    @Test
    void aClosedWindowIsProbedForEver() {
        TcpConnection connection = established(0);
        write(connection, 100);
        assertThat(sent).isEmpty();
        for (int i = 0; i < 30; i++) {
            later(connection, 61 * SECOND);
            Sent probe = sent.removeLast();
            sent.clear();
            assertThat(probe.data()).hasSize(1);
            connection.segment(segment(GUEST + 1, OURS + 1, ACK, 0), now);
            connection.transmit(output, now);
        }
        assertThat(connection.closed()).isFalse();
        connection.segment(segment(GUEST + 1, OURS + 1, ACK, 1000), now);
        later(connection, 61 * SECOND);
        assertThat(sent.getLast().data().length + sent.getFirst().data().length).isGreaterThanOrEqualTo(99);
    }

    @Test
    void dataOutOfOrderAreKeptAndEachAskedFor() {
        TcpConnection connection = established(60_000);
        connection.segment(segment(GUEST + 3, OURS + 1, ACK, 60_000, (byte) 3, (byte) 4), now);
        connection.segment(segment(GUEST + 5, OURS + 1, ACK, 60_000, (byte) 5), now);
        connection.transmit(output, now);
        assertThat(connection.waiting().remaining()).isZero();
        assertThat(sent).hasSizeBetween(2, 3).allMatch(each -> each.header().acknowledgement() == GUEST + 1);
        sent.clear();
        connection.segment(segment(GUEST + 1, OURS + 1, ACK, 60_000, (byte) 1, (byte) 2), now);
        connection.transmit(output, now);
        assertThat(only().header().acknowledgement()).isEqualTo(GUEST + 6);
        byte[] got = new byte[5];
        connection.waiting().get(got);
        assertThat(got).containsExactly(1, 2, 3, 4, 5);
    }

    @Test
    void oldDataAreAnsweredAndNotTakenTwice() {
        TcpConnection connection = established(60_000);
        connection.segment(segment(GUEST + 1, OURS + 1, ACK, 60_000, (byte) 1, (byte) 2), now);
        connection.segment(segment(GUEST + 1, OURS + 1, ACK, 60_000, (byte) 1, (byte) 2, (byte) 3), now);
        connection.segment(segment(GUEST + 1, OURS + 1, ACK, 60_000, (byte) 1), now);
        connection.transmit(output, now);
        byte[] got = new byte[connection.waiting().remaining()];
        connection.waiting().get(got);
        assertThat(got).containsExactly(1, 2, 3);
        assertThat(sent.getLast().header().acknowledgement()).isEqualTo(GUEST + 4);
    }

    @Test
    void whatIsNotTakenClosesTheWindowAndTakingOpensIt() {
        TcpConnection connection = established(60_000);
        int sequence = GUEST + 1;
        byte[] data = new byte[1000];
        while (true) {
            connection.segment(segment(sequence, OURS + 1, ACK, 60_000, data), now);
            connection.transmit(output, now);
            Sent answer = sent.removeLast();
            sequence = answer.header().acknowledgement();
            if (answer.header().window() == 0) {
                break;
            }
            assertThat(sequence - GUEST).isLessThan(TcpConnection.RING_BYTES + 2);
        }
        assertThat(sequence - GUEST - 1).isEqualTo(TcpConnection.RING_BYTES);
        sent.clear();
        // The guest's probe of the closed window is refused, and answered.
        connection.segment(segment(sequence, OURS + 1, ACK, 60_000, (byte) 1), now);
        connection.transmit(output, now);
        assertThat(only().header().acknowledgement()).isEqualTo(sequence);
        connection.remove(10_000);
        connection.transmit(output, now);
        assertThat(only().header().window()).isBetween(9_000, 10_000);
    }

    @Test
    void bothSidesFinishInEitherOrder() {
        TcpConnection connection = established(60_000);
        connection.segment(segment(GUEST + 1, OURS + 1, ACK | FIN, 60_000, (byte) 9), now);
        connection.transmit(output, now);
        assertThat(connection.guestFinished()).isFalse();
        assertThat(only().header().acknowledgement()).isEqualTo(GUEST + 3);
        connection.remove(1);
        assertThat(connection.guestFinished()).isTrue();
        connection.finish();
        write(connection, 0);
        assertThat(only().is(FIN | ACK)).isTrue();
        connection.segment(segment(GUEST + 3, OURS + 2, ACK, 60_000), now);
        assertThat(connection.end()).isEqualTo(End.FINISHED);

        connection = established(60_000);
        write(connection, 5);
        connection.finish();
        connection.transmit(output, now);
        assertThat(sent.removeLast().header().sequence()).isEqualTo(OURS + 6);
        connection.segment(segment(GUEST + 1, OURS + 7, ACK, 60_000), now);
        assertThat(connection.state()).isEqualTo(State.FIN_WAIT_2);
        connection.segment(segment(GUEST + 1, OURS + 7, ACK | FIN, 60_000), now);
        assertThat(connection.state()).isEqualTo(State.TIME_WAIT);
        later(connection, 3 * SECOND);
        assertThat(connection.end()).isEqualTo(End.FINISHED);
    }

    @Test
    void whatTheGuestSentBeforeItsEndIsThereAfterIt() {
        TcpConnection connection = established(60_000);
        connection.finish();
        connection.transmit(output, now);
        connection.segment(segment(GUEST + 1, OURS + 2, ACK | FIN, 60_000, (byte) 7), now);
        later(connection, 3 * SECOND);
        assertThat(connection.end()).isEqualTo(End.FINISHED);
        assertThat(connection.waiting().get()).isEqualTo((byte) 7);
        connection.close();
        assertThat(budget.left()).isEqualTo(1 << 20);
    }

    @Test
    void onlyAnExactResetIsBelieved() {
        TcpConnection connection = established(60_000);
        connection.segment(segment(GUEST + 100, 0, RST, 0), now);
        connection.transmit(output, now);
        assertThat(only().header().acknowledgement()).isEqualTo(GUEST + 1);
        connection.segment(segment(GUEST - 100_000, 0, RST, 0), now);
        connection.segment(segment(GUEST + 1, OURS + 1, SYN, 100), now);
        connection.transmit(output, now);
        assertThat(only().is(ACK)).isTrue();
        assertThat(connection.closed()).isFalse();
        connection.segment(segment(GUEST + 1, 0, RST, 0), now);
        assertThat(connection.end()).isEqualTo(End.RESET);
        assertThat(budget.left()).isEqualTo(1 << 20);
    }

    @Test
    void anAcknowledgementOfWhatWasNeverSentIsAnsweredAndIgnored() {
        TcpConnection connection = established(60_000);
        write(connection, 10);
        sent.clear();
        connection.segment(segment(GUEST + 1, OURS + 500, ACK, 60_000, (byte) 1), now);
        connection.transmit(output, now);
        assertThat(only().header().acknowledgement()).isEqualTo(GUEST + 1);
        assertThat(connection.waiting().hasRemaining()).isFalse();
    }

    @Test
    void aSilentGuestIsAskedWhetherItIsThere() {
        TcpConnection alive = established(60_000);
        for (int i = 0; i < 50; i++) {
            later(alive, 121 * SECOND);
            assertThat(only().header().sequence()).isEqualTo(OURS);
            alive.segment(segment(GUEST + 1, OURS + 1, ACK, 60_000), now);
            alive.transmit(output, now);
        }
        assertThat(alive.closed()).isFalse();
        TcpConnection gone = established(60_000);
        for (int i = 0; i < 20; i++) {
            later(gone, 121 * SECOND);
        }
        assertThat(gone.end()).isEqualTo(End.TIMED_OUT);
    }

    @Test
    void aConnectionToTheGuestBeginsWithOurSyn() {
        TcpConnection connection = TcpConnection.toGuest(OURS, budget, now);
        connection.transmit(output, now);
        assertThat(only().is(SYN)).isTrue();
        // Somebody else's answer.
        connection.segment(segment(77, OURS + 5, SYN | ACK, 1000), now);
        assertThat(connection.state()).isEqualTo(State.SYN_SENT);
        connection.segment(segment(GUEST, OURS + 1, SYN | ACK, 1000), now);
        connection.transmit(output, now);
        assertThat(connection.state()).isEqualTo(State.ESTABLISHED);
        assertThat(only().header().acknowledgement()).isEqualTo(GUEST + 1);
        TcpConnection refused = TcpConnection.toGuest(OURS, budget, now);
        refused.transmit(output, now);
        refused.segment(segment(0, OURS + 1, RST | ACK, 0), now);
        assertThat(refused.end()).isEqualTo(End.RESET);
    }
}
