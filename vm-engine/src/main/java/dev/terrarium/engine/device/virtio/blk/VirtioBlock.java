// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio.blk;

import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.StorageBackend;
import dev.terrarium.engine.device.chipset.PciState;
import dev.terrarium.engine.device.virtio.DescriptorChain;
import dev.terrarium.engine.device.virtio.DeviceType;
import dev.terrarium.engine.device.virtio.TransportState;
import dev.terrarium.engine.device.virtio.VirtioFunction;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.stream.IntStream;

/**
 * A disk (VIRTIO 1.2, section 5.2): reads, writes, flushes, discards, writes zeros, on one or several queues. Requests go to the medium
 * as they come, at most {@link #MOST_REQUESTS} at a time, and end in any order.
 */
public final class VirtioBlock extends VirtioFunction<VirtioBlock.State> {
    private static final int QUEUE_SIZE = 256;
    private static final int CONFIG_BYTES = 60;
    private static final int WRITEBACK = 32;
    private static final byte BLOCK_EXPONENT = 3; // 4 KiB physical blocks
    private static final int DISCARD_ALIGNMENT = 8;

    /** Requests under way; those beyond wait in their queue. */
    private static final int MOST_REQUESTS = 32;

    /** The registers; {@code writeBack} is the cache mode that the driver chose. */
    public record State(PciState pci, TransportState transport, boolean writeBack) {}

    private final StorageBackend backend;
    private final String serial;
    private final ByteBuffer config = ByteBuffer.allocate(CONFIG_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private boolean writeBack = true;
    private final int[] running;
    private int stale;
    private boolean starting;

    /**
     * @param backend the medium
     * @param serial what the guest is told, at most 20 ASCII characters
     * @param queues 1 to 16
     */
    public VirtioBlock(String name, DeviceMemory memory, StorageBackend backend, String serial, int queues) {
        super(
                name,
                DeviceType.BLOCK,
                memory,
                BlockFeatures.of(backend.readOnly(), queues),
                Collections.nCopies(queues, QUEUE_SIZE),
                CONFIG_BYTES);
        this.backend = backend;
        this.serial = serial;
        running = new int[queues];
        // struct virtio_blk_config, section 5.2.4
        config.putLong(0, backend.size() / BlockRequest.SECTOR);
        config.putInt(12, QUEUE_SIZE - 2);
        config.putInt(20, BlockRequest.SECTOR);
        config.put(24, BLOCK_EXPONENT);
        config.putShort(26, (short) 1);
        config.putShort(34, (short) queues);
        if (!backend.readOnly()) {
            config.putInt(36, BlockRequest.MOST_SECTORS);
            config.putInt(40, BlockRequest.MOST_SEGMENTS);
            config.putInt(44, DISCARD_ALIGNMENT);
            config.putInt(48, BlockRequest.MOST_SECTORS);
            config.putInt(52, BlockRequest.MOST_SEGMENTS);
            config.put(56, (byte) 1);
        }
    }

    String serial() {
        return serial;
    }

    /** May a write be completed before it is on the host's disk (section 5.2.6.2)? */
    boolean writesBack() {
        return has(BlockFeatures.CONFIG_WCE) ? writeBack : has(BlockFeatures.FLUSH);
    }

    /** Is a request the driver's still, who has not reset its queue since? */
    boolean owns(BlockRequest request) {
        return queue(request.queue()).owns(request.chain());
    }

    @Override
    protected void notified(int index) {
        if (starting) {
            return;
        }
        starting = true;
        while (startNext(index)) {
            // until the queue is empty or enough is under way
        }
        starting = false;
        interrupt(index);
    }

    private boolean startNext(int index) {
        // A write of an earlier life of the queue must not overtake one of this life.
        if (stale > 0 || IntStream.of(running).sum() >= MOST_REQUESTS || !isReady()) {
            return false;
        }
        DescriptorChain chain = queue(index).take();
        if (chain == null) {
            return false;
        }
        if (!BlockRequest.isWhole(chain)) {
            fault("a request has no room for its header and its status");
            return false;
        }
        running[index]++;
        new BlockRequest(this, backend, index, chain).start();
        return true;
    }

    /** A request has ended, whose status is written; {@code written} bytes in all. */
    void ended(BlockRequest request, long written) {
        int index = request.queue();
        if (owns(request)) {
            running[index]--;
            queue(index).complete(request.chain(), written);
        } else {
            stale--;
        }
        if (!starting) {
            interrupt(index);
            for (int i = 0; i < running.length && isReady(); i++) {
                // The last to have ended comes last, so that all get their turn.
                int next = (index + 1 + i) % running.length;
                if (queue(next).isEnabled()) {
                    notified(next);
                }
            }
        }
    }

    @Override
    protected void deviceReset() {
        for (int i = 0; i < running.length; i++) {
            queueReset(i);
        }
        writeBack = true;
    }

    @Override
    protected void queueReset(int index) {
        stale += running[index];
        running[index] = 0;
    }

    @Override
    protected int readConfigByte(int offset) {
        return offset == WRITEBACK ? writeBack ? 1 : 0 : config.get(offset) & 0xFF;
    }

    @Override
    protected void writeConfiguration(int offset, int size, long value) {
        if (offset == WRITEBACK && size == 1 && has(BlockFeatures.CONFIG_WCE)) {
            writeBack = (value & 1) != 0;
        }
    }

    @Override
    public State save() {
        return new State(savePci(), saveTransport(), writeBack);
    }

    @Override
    public void restore(State state) {
        checkPci(state.pci);
        checkTransport(state.transport);
        deviceReset();
        restorePci(state.pci);
        writeBack = state.writeBack;
        restoreTransport(state.transport);
    }
}
