// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio.net;

import static dev.terrarium.engine.device.virtio.TestRing.in;
import static dev.terrarium.engine.device.virtio.TestRing.out;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.NetworkBackend;
import dev.terrarium.engine.device.NetworkFrame;
import dev.terrarium.engine.device.NetworkFrame.Segmentation;
import dev.terrarium.engine.device.virtio.Features;
import dev.terrarium.engine.device.virtio.GuestRam;
import dev.terrarium.engine.device.virtio.TestDriver;
import dev.terrarium.engine.device.virtio.TestRing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The network device by the clauses of VIRTIO 1.2, section 5.1. */
class VirtioNetworkTest {
    private static final byte[] MAC = {0x52, 0x54, 0, 1, 2, 3};
    private static final long CSUM = 1;
    private static final long GUEST_ALL = 1 << 1 | 1 << 7 | 1 << 8;
    private static final long HOST_TSO4 = 1 << 11;
    private static final long MRG_RXBUF = 1 << 15;
    private static final long CTRL = 1 << 17 | 1 << 18 | 1 << 23;
    private static final int TX = 0x8_0000;
    private static final int RX = 0xA_0000;

    /** Keeps what the card sends. */
    private static final class Cable implements NetworkBackend {
        final List<NetworkFrame> frames = new ArrayList<>();
        int ready;

        @Override
        public void send(NetworkFrame frame) {
            frames.add(frame);
        }

        @Override
        public void connect(Card card) {}

        @Override
        public void ready() {
            ready++;
        }
    }

    private final GuestRam ram = new GuestRam();
    private final Cable cable = new Cable();
    private final VirtioNetwork card = new VirtioNetwork("net", ram, cable, MAC);
    private final TestDriver driver = new TestDriver(ram, card);
    private TestRing receive;
    private TestRing transmit;
    private TestRing control;

    private void start(long features) {
        List<TestRing> rings = driver.start(Features.VERSION_1 | features, 64);
        receive = rings.get(0);
        transmit = rings.get(1);
        control = rings.get(2);
    }

    /** Sends a frame of {@code length} bytes with that header; returns what came out of the card. */
    private List<NetworkFrame> send(int flags, int gso, int segment, int start, int offset, int length) {
        cable.frames.clear();
        Arrays.fill(ram.bytes, TX, TX + 12, (byte) 0);
        ram.bytes[TX] = (byte) flags;
        ram.bytes[TX + 1] = (byte) gso;
        ram.writeShort(TX + 4, segment);
        ram.writeShort(TX + 6, start);
        ram.writeShort(TX + 8, offset);
        for (int i = 0; i < Math.min(length, 70_000); i++) {
            ram.bytes[TX + 12 + i] = (byte) i;
        }
        int before = transmit.usedIndex();
        transmit.add(out(TX, 5), out(TX + 5, 7 + length));
        transmit.kick();
        assertThat(transmit.usedIndex()).isEqualTo(before + 1);
        return List.copyOf(cable.frames);
    }

    private static NetworkFrame frame(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        System.arraycopy(MAC, 0, bytes, 0, 6);
        return new NetworkFrame(bytes, length);
    }

    private byte[] received(int at, int length) {
        return Arrays.copyOfRange(ram.bytes, at, at + length);
    }

    @Test
    void s5_1_4_configurationHasTheAddressAndTheLink() {
        for (int i = 0; i < 6; i++) {
            assertThat((byte) driver.read(TestDriver.CONFIG + i, 1)).isEqualTo(MAC[i]);
        }
        assertThat(driver.read(TestDriver.CONFIG + 6, 2)).isEqualTo(1);
        start(1 << 16);
        driver.useMessages(3);
        int generation = (int) driver.read(TestDriver.GENERATION, 1);
        card.setLink(false);
        assertThat(driver.read(TestDriver.CONFIG + 6, 2)).isZero();
        assertThat(driver.messages).containsExactly("fee00000:0");
        assertThat((int) driver.read(TestDriver.GENERATION, 1)).isNotEqualTo(generation);
        assertThat(send(0, 0, 0, 0, 0, 100)).as("sent without a link").isEmpty();
    }

    @Test
    void s5_1_3_1_featuresNeedThoseTheyStandOn() {
        assertThat(driver.negotiate(Features.VERSION_1 | HOST_TSO4)).isFalse();
        assertThat(driver.negotiate(Features.VERSION_1 | HOST_TSO4 | CSUM)).isTrue();
        assertThat(driver.negotiate(Features.VERSION_1 | 1 << 7)).isFalse();
        assertThat(driver.negotiate(Features.VERSION_1 | 1 << 18)).isFalse();
        assertThat(driver.negotiate(driver.offered())).isTrue();
    }

    @Test
    void s5_1_6_2_framesAreSentWhole() {
        start(0);
        NetworkFrame frame = send(0, 0, 0, 0, 0, 60).getFirst();
        assertThat(frame.length()).isEqualTo(60);
        assertThat(frame.bytes()).startsWith(0, 1, 2, 3);
        assertThat(frame.checksumStart()).isEqualTo(-1);
        assertThat(send(0, 0, 0, 0, 0, 13)).as("shorter than a header").isEmpty();
        assertThat(card.counters()).isEqualTo(new VirtioNetwork.Counters(1, 60, 0, 0, 1));
    }

    @Test
    void s5_1_6_2_checksumsAndSegmentsAreLeftToTheOtherEndIfNegotiated() {
        start(CSUM | HOST_TSO4);
        NetworkFrame frame = send(1, 0, 0, 34, 16, 100).getFirst();
        assertThat(frame.checksumStart()).isEqualTo(34);
        assertThat(frame.checksumOffset()).isEqualTo(16);
        frame = send(1, 1, 1448, 34, 16, 65_550).getFirst();
        assertThat(frame.segmentation()).isEqualTo(Segmentation.TCP_IPV4);
        assertThat(frame.segmentBytes()).isEqualTo(1448);
        assertThat(send(1, 1, 1448, 34, 16, 65_551))
                .as("longer than any packet")
                .isEmpty();
        assertThat(send(1, 0, 0, 90, 9, 100)).as("checksum outside the frame").isEmpty();
        assertThat(send(1, 0, 0, 0xFFFF, 0xFFFF, 100)).isEmpty();
        assertThat(send(1, 1, 0, 34, 16, 5000)).as("segments of nothing").isEmpty();
        assertThat(send(0, 1, 1448, 34, 16, 5000))
                .as("segments without a checksum")
                .isEmpty();
        assertThat(send(1, 4, 1448, 34, 16, 5000)).as("not negotiated").isEmpty();
        assertThat(send(1, 3, 1448, 34, 16, 5000)).as("not offered").isEmpty();
        start(0);
        assertThat(send(1, 0, 0, 34, 16, 100)).as("not negotiated").isEmpty();
        assertThat(driver.status()).isEqualTo(15);
    }

    @Test
    void s5_1_6_4_aFrameFillsABufferAfterItsHeader() {
        start(0);
        receive.add(in(RX, 12), in(RX + 0x1000, 1514));
        assertThat(card.receive(frame(100))).isTrue();
        assertThat(receive.usedLength(0)).isEqualTo(112);
        assertThat(received(RX, 12)).containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0);
        assertThat(received(RX + 0x1000, 100)).isEqualTo(frame(100).bytes());
        receive.add(in(RX, 60));
        assertThat(card.receive(frame(100))).as("too long for the buffer: lost").isTrue();
        assertThat(receive.usedIndex()).isEqualTo(1);
        assertThat(card.receive(frame(48))).isTrue();
        assertThat(receive.usedIndex()).isEqualTo(2);
    }

    @Test
    void s5_1_6_4_1_mergeableBuffersAppearTogether() {
        start(MRG_RXBUF);
        receive.add(in(RX, 100));
        receive.add(in(RX + 0x1000, 100));
        assertThat(card.receive(frame(250))).isFalse();
        assertThat(receive.usedIndex()).isZero();
        receive.add(in(RX + 0x2000, 100));
        receive.kick();
        assertThat(cable.ready).isEqualTo(1);
        assertThat(card.receive(frame(250))).isTrue();
        assertThat(receive.usedIndex()).isEqualTo(3);
        assertThat(List.of(receive.usedLength(0), receive.usedLength(1), receive.usedLength(2)))
                .containsExactly(100, 100, 62);
        assertThat(ram.readShort(RX + 10)).isEqualTo(3);
        assertThat(received(RX + 0x2000, 62))
                .isEqualTo(Arrays.copyOfRange(frame(250).bytes(), 188, 250));
    }

    @Test
    void s5_1_6_4_unfinishedFramesComeOnlyToDriversThatTakeThem() {
        byte[] bytes = frame(3000).bytes();
        bytes[34 + 12] = 0x50;
        NetworkFrame unfinished = new NetworkFrame(bytes, 3000, 34, 16, Segmentation.TCP_IPV4, 1448);
        start(0);
        assertThat(card.takesUnfinishedFrames()).isFalse();
        start(GUEST_ALL);
        assertThat(card.takesUnfinishedFrames()).isTrue();
        receive.add(in(RX, 4096));
        assertThat(card.receive(unfinished)).isTrue();
        assertThat(received(RX, 2)).containsExactly(1, 1);
        assertThat(ram.readShort(RX + 2)).isEqualTo(54);
        assertThat(ram.readShort(RX + 4)).isEqualTo(1448);
        assertThat(ram.readShort(RX + 6)).isEqualTo(34);
        assertThat(ram.readShort(RX + 8)).isEqualTo(16);
    }

    @Test
    void aCardWithoutRoomSaysWhenItHasSome() {
        start(Features.EVENT_INDEX);
        assertThat(card.receive(frame(60))).isFalse();
        receive.kick();
        assertThat(cable.ready).as("still no buffer").isZero();
        receive.add(in(RX, 1526));
        receive.kick();
        assertThat(cable.ready).isEqualTo(1);
        assertThat(card.receive(frame(60))).isTrue();
        driver.write(TestDriver.STATUS, 1, 0);
        assertThat(card.receive(frame(60))).as("nobody to wait for").isTrue();
    }

    private int command(int kind, int what, byte... data) {
        ram.bytes[TX] = (byte) kind;
        ram.bytes[TX + 1] = (byte) what;
        System.arraycopy(data, 0, ram.bytes, TX + 2, data.length);
        control.add(out(TX, 2 + data.length), in(RX, 1));
        control.kick();
        return ram.bytes[RX];
    }

    private boolean takes(int... destination) {
        byte[] bytes = new byte[60];
        for (int i = 0; i < 6; i++) {
            bytes[i] = (byte) destination[i];
        }
        long before = card.counters().packetsReceived();
        receive.add(in(RX + 0x1000, 1526));
        card.receive(new NetworkFrame(bytes, 60));
        return card.counters().packetsReceived() > before;
    }

    @Test
    void s5_1_6_5_commandsChooseWhatIsReceived() {
        start(CTRL);
        assertThat(takes(2, 0, 0, 0, 0, 9)).as("everything, to begin with").isTrue();
        assertThat(command(0, 0, (byte) 0)).isZero();
        assertThat(takes(2, 0, 0, 0, 0, 9)).isFalse();
        assertThat(takes(0x52, 0x54, 0, 1, 2, 3)).isTrue();
        assertThat(takes(255, 255, 255, 255, 255, 255)).isTrue();
        assertThat(takes(0x33, 0x33, 0, 0, 0, 1)).isFalse();
        assertThat(command(
                        1,
                        0,
                        (byte) 0,
                        (byte) 0,
                        (byte) 0,
                        (byte) 0,
                        (byte) 1,
                        (byte) 0,
                        (byte) 0,
                        (byte) 0,
                        (byte) 0x33,
                        (byte) 0x33,
                        (byte) 0,
                        (byte) 0,
                        (byte) 0,
                        (byte) 1))
                .isZero();
        assertThat(takes(0x33, 0x33, 0, 0, 0, 1)).isTrue();
        assertThat(takes(0x33, 0x33, 0, 0, 0, 2)).isFalse();
        assertThat(command(0, 1, (byte) 1)).isZero();
        assertThat(takes(0x33, 0x33, 0, 0, 0, 2)).isTrue();
        assertThat(command(1, 1, (byte) 2, (byte) 0, (byte) 0, (byte) 0, (byte) 0, (byte) 9))
                .isZero();
        assertThat(takes(2, 0, 0, 0, 0, 9)).isTrue();
        assertThat(takes(0x52, 0x54, 0, 1, 2, 3)).isFalse();
    }

    @Test
    void s5_1_6_5_commandsThatAreWrongAreAnsweredSo() {
        start(CTRL);
        assertThat(command(0, 2, (byte) 1)).isEqualTo(1);
        assertThat(command(0, 0)).isEqualTo(1);
        assertThat(command(9, 0, (byte) 1)).isEqualTo(1);
        assertThat(command(1, 1, (byte) 1)).isEqualTo(1);
        assertThat(command(1, 0, (byte) -1, (byte) -1, (byte) -1, (byte) -1)).isEqualTo(1);
        assertThat(command(1, 0, (byte) 0, (byte) 0, (byte) 0, (byte) 0)).isEqualTo(1);
        assertThat(driver.status()).isEqualTo(15);
        start(1 << 17);
        assertThat(command(0, 0, (byte) 0)).as("not negotiated").isEqualTo(1);
        control.add(out(TX, 3));
        control.kick();
        assertThat(driver.status() & 0x40).isNotZero();
    }
}
