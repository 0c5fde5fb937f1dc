// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio.net;

import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.NetworkBackend;
import dev.terrarium.engine.device.NetworkFrame;
import dev.terrarium.engine.device.NetworkFrame.Segmentation;
import dev.terrarium.engine.device.chipset.PciState;
import dev.terrarium.engine.device.virtio.DescriptorChain;
import dev.terrarium.engine.device.virtio.DeviceType;
import dev.terrarium.engine.device.virtio.TransportState;
import dev.terrarium.engine.device.virtio.VirtioFunction;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A network card (VIRTIO 1.2, section 5.1) with one pair of queues and a control queue. Checksums and segmentation are left to the
 * other end of the cable where both sides can.
 */
public final class VirtioNetwork extends VirtioFunction<VirtioNetwork.State> implements NetworkBackend.Card {
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int CONTROL = 2;
    private static final List<Integer> QUEUE_SIZES = List.of(256, 256, 64);

    private static final int CONFIG_BYTES = 8;
    private static final int CONFIG_STATUS = 6;
    private static final int LINK_UP = 1;

    private static final int CLASS_RX = 0;
    private static final int RX_PROMISC = 0;
    private static final int RX_ALLMULTI = 1;
    private static final int CLASS_MAC = 1;
    private static final int MAC_TABLE_SET = 0;
    private static final int MAC_ADDR_SET = 1;
    private static final int MOST_COMMAND_BYTES = 16 << 10;
    private static final byte COMMAND_OK = 0;
    private static final byte COMMAND_ERROR = 1;

    /**
     * The registers, the filter and the cable.
     *
     * @param refused a frame was refused because there was no room
     */
    public record State(
            PciState pci, TransportState transport, ReceiveFilter.State filter, boolean linkUp, boolean refused) {}

    private final NetworkBackend backend;
    private final ReceiveFilter filter;
    private boolean linkUp = true;
    private boolean refused;
    private long packetsSent;
    private long packetsReceived;
    private long bytesSent;
    private long bytesReceived;
    private long dropped;

    /** @param mac the card's address, 6 bytes */
    public VirtioNetwork(String name, DeviceMemory memory, NetworkBackend backend, byte[] mac) {
        super(name, DeviceType.NETWORK, memory, NetworkFeatures.OFFERED, QUEUE_SIZES, CONFIG_BYTES);
        this.backend = backend;
        filter = new ReceiveFilter(mac);
        backend.connect(this);
    }

    /** Plugs the cable in or pulls it out; the guest is told. */
    public void setLink(boolean up) {
        if (up != linkUp) {
            linkUp = up;
            configurationChanged();
        }
    }

    @Override
    protected boolean accepts(long features) {
        return NetworkFeatures.fit(features);
    }

    private long accepted() {
        long features = 0;
        for (long bits = NetworkFeatures.OFFERED; bits != 0; bits &= bits - 1) {
            long bit = Long.lowestOneBit(bits);
            features |= has(bit) ? bit : 0;
        }
        return features;
    }

    @Override
    protected void notified(int index) {
        switch (index) {
            case RECEIVE -> roomAgain();
            case TRANSMIT -> transmit();
            default -> control();
        }
    }

    private void roomAgain() {
        if (refused && queue(RECEIVE).hasMore()) {
            refused = false;
            backend.ready();
        }
    }

    private void transmit() {
        long accepted = accepted();
        DescriptorChain chain;
        while ((chain = queue(TRANSMIT).take()) != null) {
            send(chain, accepted);
            queue(TRANSMIT).complete(chain, 0);
        }
        interrupt(TRANSMIT);
    }

    private void send(DescriptorChain chain, long accepted) {
        long length = chain.readableBytes();
        if (!linkUp || length < PacketHeader.BYTES || length > PacketHeader.BYTES + NetworkFrame.LARGEST) {
            dropped++;
            return;
        }
        byte[] packet = new byte[(int) length];
        chain.read(0, packet, 0, packet.length);
        NetworkFrame frame = PacketHeader.frame(packet, packet.length, accepted);
        if (frame == null) {
            dropped++;
            return;
        }
        packetsSent++;
        bytesSent += frame.length();
        backend.send(frame);
    }

    @Override
    public boolean takesUnfinishedFrames() {
        return has(NetworkFeatures.GUEST_CSUM) && has(NetworkFeatures.GUEST_TSO4) && has(NetworkFeatures.GUEST_TSO6);
    }

    @Override
    public boolean receive(NetworkFrame frame) {
        boolean unfinished = frame.checksumStart() >= 0 || frame.segmentation() != Segmentation.NONE;
        if (!isReady() || !linkUp || !filter.takes(frame.bytes()) || unfinished && !takesUnfinishedFrames()) {
            dropped++;
            return true;
        }
        int length = PacketHeader.BYTES + frame.length();
        List<DescriptorChain> chains = room(length);
        if (chains.isEmpty()) {
            refused = true;
            return false;
        }
        if (bytesOf(chains) < length) {
            // Without MRG_RXBUF a frame that is longer than the driver's buffer is lost (section 5.1.6.3.1).
            queue(RECEIVE).putBack(chains.getFirst());
            dropped++;
            return true;
        }
        fill(chains, frame, length);
        packetsReceived++;
        bytesReceived += frame.length();
        interrupt(RECEIVE);
        return true;
    }

    /** Buffers for a packet, several only if the driver can take that; none if there are not enough now. */
    private List<DescriptorChain> room(int length) {
        List<DescriptorChain> chains = new ArrayList<>();
        long bytes = 0;
        while (bytes < length && (chains.isEmpty() || has(NetworkFeatures.MRG_RXBUF))) {
            DescriptorChain chain = queue(RECEIVE).take();
            if (chain == null) {
                chains.reversed().forEach(queue(RECEIVE)::putBack);
                return List.of();
            }
            chains.add(chain);
            bytes += chain.writableBytes();
        }
        return chains;
    }

    private static long bytesOf(List<DescriptorChain> chains) {
        return chains.stream().mapToLong(DescriptorChain::writableBytes).sum();
    }

    private void fill(List<DescriptorChain> chains, NetworkFrame frame, int length) {
        byte[] packet = new byte[length];
        System.arraycopy(PacketHeader.of(frame, chains.size()), 0, packet, 0, PacketHeader.BYTES);
        System.arraycopy(frame.bytes(), 0, packet, PacketHeader.BYTES, frame.length());
        long[] written = new long[chains.size()];
        int done = 0;
        for (int i = 0; i < written.length; i++) {
            int part = chains.get(i).write(0, packet, done, length - done);
            written[i] = part;
            done += part;
        }
        queue(RECEIVE).completeTogether(chains, written);
    }

    private void control() {
        DescriptorChain chain;
        while ((chain = queue(CONTROL).take()) != null) {
            if (chain.writableBytes() < 1 || chain.readableBytes() < 2) {
                fault("a command has no room for its class or its answer");
                return;
            }
            boolean done = chain.readableBytes() <= MOST_COMMAND_BYTES && obey(chain);
            chain.write(0, new byte[] {done ? COMMAND_OK : COMMAND_ERROR}, 0, 1);
            queue(CONTROL).complete(chain, 1);
        }
        interrupt(CONTROL);
    }

    private boolean obey(DescriptorChain chain) {
        byte[] bytes = new byte[(int) chain.readableBytes()];
        chain.read(0, bytes, 0, bytes.length);
        ByteBuffer command = ByteBuffer.wrap(bytes);
        int kind = command.get();
        int what = command.get();
        if (kind == CLASS_RX && has(NetworkFeatures.CTRL_RX)) {
            return setMode(what, command);
        }
        if (kind == CLASS_MAC && what == MAC_TABLE_SET && has(NetworkFeatures.CTRL_RX)) {
            return filter.setTable(command);
        }
        if (kind == CLASS_MAC && what == MAC_ADDR_SET && has(NetworkFeatures.CTRL_MAC_ADDR)) {
            boolean whole = command.remaining() == ReceiveFilter.ADDRESS_BYTES;
            if (whole) {
                filter.setAddress(ReceiveFilter.read(bytes, command.position()));
            }
            return whole;
        }
        return false;
    }

    private boolean setMode(int what, ByteBuffer command) {
        if (command.remaining() != 1) {
            return false;
        }
        boolean on = command.get() != 0;
        switch (what) {
            case RX_PROMISC -> filter.setAll(on);
            case RX_ALLMULTI -> filter.setAllMulticast(on);
            default -> {
                return false;
            }
        }
        return true;
    }

    @Override
    protected int readConfigByte(int offset) {
        if (offset < ReceiveFilter.ADDRESS_BYTES) {
            return filter.addressByte(offset);
        }
        return offset == CONFIG_STATUS && linkUp ? LINK_UP : 0;
    }

    /** The cable stays as it is. */
    @Override
    protected void deviceReset() {
        filter.reset();
        refused = false;
    }

    /** What has passed since the card was made, in both directions. */
    public Counters counters() {
        return new Counters(packetsSent, bytesSent, packetsReceived, bytesReceived, dropped);
    }

    /**
     * Frames and their bytes.
     *
     * @param dropped frames of either direction that were lost in the card
     */
    public record Counters(long packetsSent, long bytesSent, long packetsReceived, long bytesReceived, long dropped) {}

    @Override
    public State save() {
        return new State(savePci(), saveTransport(), filter.save(), linkUp, refused);
    }

    @Override
    public void restore(State state) {
        checkPci(state.pci);
        checkTransport(state.transport);
        ReceiveFilter.check(state.filter);
        restorePci(state.pci);
        filter.restore(state.filter);
        linkUp = state.linkUp;
        refused = state.refused;
        restoreTransport(state.transport);
    }
}
