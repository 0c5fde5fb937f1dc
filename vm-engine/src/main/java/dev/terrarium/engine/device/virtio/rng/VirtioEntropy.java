// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio.rng;

import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.chipset.PciState;
import dev.terrarium.engine.device.virtio.DescriptorChain;
import dev.terrarium.engine.device.virtio.DeviceType;
import dev.terrarium.engine.device.virtio.TransportState;
import dev.terrarium.engine.device.virtio.VirtioFunction;
import java.util.List;
import java.util.function.Consumer;

/** A source of random bytes for the guest (VIRTIO 1.2, section 5.4). */
public final class VirtioEntropy extends VirtioFunction<VirtioEntropy.State> {
    private static final int QUEUE_SIZE = 64;

    /** The most bytes that one buffer is given; a driver asks again for more. */
    private static final int MOST_BYTES = 4096;

    /** The registers. */
    public record State(PciState pci, TransportState transport) {}

    private final Consumer<byte[]> source;

    /** @param source fills arrays with random bytes, without blocking */
    public VirtioEntropy(String name, DeviceMemory memory, Consumer<byte[]> source) {
        super(name, DeviceType.ENTROPY, memory, 0, List.of(QUEUE_SIZE), 0);
        this.source = source;
    }

    @Override
    protected void notified(int index) {
        DescriptorChain chain;
        while ((chain = queue(index).take()) != null) {
            byte[] bytes = new byte[(int) Math.min(chain.writableBytes(), MOST_BYTES)];
            source.accept(bytes);
            queue(index).complete(chain, chain.write(0, bytes, 0, bytes.length));
        }
        interrupt(index);
    }

    @Override
    protected void deviceReset() {}

    @Override
    public State save() {
        return new State(savePci(), saveTransport());
    }

    @Override
    public void restore(State state) {
        checkPci(state.pci);
        checkTransport(state.transport);
        restorePci(state.pci);
        restoreTransport(state.transport);
    }
}
