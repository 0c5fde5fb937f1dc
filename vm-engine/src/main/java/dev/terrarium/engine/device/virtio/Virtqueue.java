// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.StateCheck;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A split virtqueue as its device sees it (VIRTIO 1.2, section 2.7). The rings lie in guest memory, and what is in them is the
 * driver's: a chain with a loop, too long, or outside the address space is a fault, told once, after which the queue gives nothing out
 * until it is reset.
 *
 * <p>A device {@link #take}s chains, uses them at once or later, {@link #complete}s them in any order, and then asks
 * {@link #interruptNeeded}.
 */
public final class Virtqueue {
    /** The most descriptors of a chain, in the ring or in a table of its own. */
    public static final int MOST_DESCRIPTORS = 1024;

    /** In place of a vector: no interrupt (VIRTIO 1.2, section 4.1.5.1.2). */
    public static final int NO_VECTOR = 0xFFFF;

    private static final int DESCRIPTOR_BYTES = 16;
    private static final int DESCRIPTOR_NEXT = 1;
    private static final int DESCRIPTOR_WRITE = 2;
    private static final int DESCRIPTOR_INDIRECT = 4;
    private static final int AVAILABLE_NO_INTERRUPT = 1;
    private static final int RING_INDEX = 2;
    private static final int RING_START = 4;
    private static final int USED_ELEMENT_BYTES = 8;
    private static final int INDEX_MASK = 0xFFFF;
    private static final int ADDRESS_BITS = 52;
    private static final long MOST_BYTES = 1L << 32;

    /**
     * A queue's registers and where it stands.
     *
     * @param outstanding the first descriptors of the chains that the device has taken and not completed
     * @param signalled the used index when the driver was last thought of for an interrupt
     */
    public record State(
            int size,
            boolean enabled,
            int vector,
            long descriptors,
            long available,
            long used,
            int nextAvailable,
            int nextUsed,
            int signalled,
            int[] outstanding) {}

    private final int largest;
    private final DeviceMemory memory;
    private final Consumer<String> fault;
    private final List<DescriptorChain> outstanding = new ArrayList<>();
    private final Deque<Integer> again = new ArrayDeque<>();
    private boolean indirectAllowed;
    private boolean eventIndex;
    private boolean faulty;
    private int epoch;

    int size;
    int vector;
    long descriptors;
    long available;
    long used;
    private boolean enabled;
    private int nextAvailable;
    private int nextUsed;
    private int signalled;

    /**
     * @param largest its size until the driver chooses a smaller one: a power of two, at most 32768
     * @param fault told what the driver did wrong
     */
    Virtqueue(int largest, DeviceMemory memory, Consumer<String> fault) {
        this.largest = largest;
        this.memory = memory;
        this.fault = fault;
        reset();
    }

    /** Takes the features that the driver has accepted. */
    void negotiated(boolean indirect, boolean eventIndices) {
        indirectAllowed = indirect;
        eventIndex = eventIndices;
    }

    int largest() {
        return largest;
    }

    /** Has the driver enabled it? */
    public boolean isEnabled() {
        return enabled;
    }

    /** May {@code newSize} be its size (VIRTIO 1.2, section 2.7)? */
    boolean canHaveSize(int newSize) {
        return newSize > 0 && newSize <= largest && Integer.bitCount(newSize) == 1;
    }

    /** The driver enables the queue; its rings must be aligned (VIRTIO 1.2, section 2.7) and lie where memory can be. */
    void enable() {
        if (enabled) {
            return;
        }
        enabled = true;
        if (descriptors % 16 != 0 || available % 2 != 0 || used % 4 != 0) {
            fault("a ring is not aligned");
        } else if ((descriptors | available | used) >>> ADDRESS_BITS != 0) {
            fault("a ring lies outside the address space");
        }
    }

    /** Back to its first state; what is still under way is forgotten when it ends. */
    void reset() {
        epoch++;
        outstanding.clear();
        again.clear();
        faulty = false;
        enabled = false;
        size = largest;
        vector = NO_VECTOR;
        descriptors = 0;
        available = 0;
        used = 0;
        nextAvailable = 0;
        nextUsed = 0;
        signalled = 0;
    }

    private void fault(String what) {
        if (!faulty) {
            faulty = true;
            fault.accept(what);
        }
    }

    /** The next chain that the driver has made available; null if there is none now. */
    public @Nullable DescriptorChain take() {
        if (!enabled || faulty) {
            return null;
        }
        Integer head = again.poll();
        if (head == null) {
            if (!hasMore()) {
                return null;
            }
            head = memory.readShort(available + RING_START + 2L * (nextAvailable & size - 1));
            nextAvailable = nextAvailable + 1 & INDEX_MASK;
        }
        DescriptorChain chain = follow(head);
        if (chain != null) {
            outstanding.add(chain);
        }
        return chain;
    }

    /** Is there a chain to take? If not, the driver is asked to say when there is (sections 2.7.7.2, 2.7.10). */
    public boolean hasMore() {
        if (!enabled || faulty) {
            return false;
        }
        if (!again.isEmpty() || availableNow()) {
            return !faulty;
        }
        if (eventIndex) {
            memory.writeShort(used + RING_START + (long) USED_ELEMENT_BYTES * size, nextAvailable);
            VarHandle.fullFence(); // the driver looks at the event index after it has added: one of both sees the other
            return availableNow() && !faulty;
        }
        return false;
    }

    private boolean availableNow() {
        int index = memory.readShort(available + RING_INDEX);
        VarHandle.acquireFence(); // the ring's entries are read after the index
        int count = index - nextAvailable & INDEX_MASK;
        if (count > size) {
            fault("more chains are available than the queue has descriptors");
        }
        return count > 0;
    }

    /** Gives back the chain taken last, to be taken again later. */
    public void putBack(DescriptorChain chain) {
        if (chain.epoch() == epoch && outstanding.remove(chain)) {
            again.addFirst(chain.head());
        }
    }

    private @Nullable DescriptorChain follow(int head) {
        if (head >= size) {
            fault("a chain begins outside the descriptor table");
            return null;
        }
        Walk walk = new Walk();
        return walk.table(descriptors, size, head, indirectAllowed) ? walk.chain(head) : null;
    }

    /** Collects a chain's parts; the descriptors may change meanwhile, so each is read once. */
    private final class Walk {
        private long[] addresses = new long[8];
        private long[] lengths = new long[8];
        private final byte[] descriptor = new byte[DESCRIPTOR_BYTES];
        private int count;
        private int firstWritable = -1;
        private long total;

        /** Follows a table's descriptors from {@code first}; false after a fault. */
        boolean table(long table, int entries, int first, boolean mayBeIndirect) {
            int index = first;
            for (int steps = 0; steps < entries; steps++) {
                memory.read(table + (long) DESCRIPTOR_BYTES * index, descriptor, 0, DESCRIPTOR_BYTES);
                long address = word(0) | word(4) << 32;
                long length = word(8);
                int flags = (int) word(12) & INDEX_MASK;
                if ((flags & DESCRIPTOR_INDIRECT) != 0) {
                    return mayBeIndirect ? indirect(address, length, flags) : bad("a table is not allowed here");
                }
                if (!add(address, length, (flags & DESCRIPTOR_WRITE) != 0)) {
                    return false;
                }
                if ((flags & DESCRIPTOR_NEXT) == 0) {
                    return true;
                }
                index = (int) (word(12) >>> 16);
                if (index >= entries) {
                    return bad("a descriptor's next lies outside its table");
                }
            }
            return bad("a chain is a loop");
        }

        private long word(int at) {
            return descriptor[at] & 0xFFL
                    | (descriptor[at + 1] & 0xFFL) << 8
                    | (descriptor[at + 2] & 0xFFL) << 16
                    | (descriptor[at + 3] & 0xFFL) << 24;
        }

        /** Section 2.7.5.3. */
        private boolean indirect(long table, long length, int flags) {
            if ((flags & DESCRIPTOR_NEXT) != 0) {
                return bad("a descriptor has both a table and a next");
            }
            long entries = length / DESCRIPTOR_BYTES;
            if (length % DESCRIPTOR_BYTES != 0
                    || entries == 0
                    || entries > MOST_DESCRIPTORS
                    || outside(table, length)) {
                return bad("a table of descriptors has a length or place that none can have");
            }
            return table(table, (int) entries, 0, false);
        }

        private boolean add(long address, long length, boolean writable) {
            if (outside(address, length)) {
                return bad("a buffer lies outside the address space");
            }
            total += length;
            if (count == MOST_DESCRIPTORS || total > MOST_BYTES) {
                return bad("a chain is too long");
            }
            if (writable && firstWritable < 0) {
                firstWritable = count;
            } else if (!writable && firstWritable >= 0) {
                return bad("a part to read comes after one to write"); // section 2.7.4.2
            }
            if (count == addresses.length) {
                addresses = Arrays.copyOf(addresses, 4 * count);
                lengths = Arrays.copyOf(lengths, 4 * count);
            }
            addresses[count] = address;
            lengths[count++] = length;
            return true;
        }

        private boolean outside(long address, long length) {
            return address >>> ADDRESS_BITS != 0 || address + length > 1L << ADDRESS_BITS;
        }

        private boolean bad(String what) {
            fault(what);
            return false;
        }

        DescriptorChain chain(int head) {
            return new DescriptorChain(
                    memory,
                    head,
                    epoch,
                    Arrays.copyOf(addresses, count),
                    Arrays.copyOf(lengths, count),
                    firstWritable < 0 ? count : firstWritable);
        }
    }

    /** Is a chain still the queue's, which was not reset since? Only then may guest memory be touched. */
    public boolean owns(DescriptorChain chain) {
        return chain.epoch() == epoch;
    }

    /**
     * Returns a chain to the driver (VIRTIO 1.2, section 2.7.8); does nothing if the queue was reset since.
     *
     * @param written how many bytes were written to it
     */
    public void complete(DescriptorChain chain, long written) {
        if (fill(chain, written)) {
            publish();
        }
    }

    /**
     * Completes several chains at one moment: a driver that sees the first sees all.
     *
     * @param written how many bytes were written to each
     */
    public void completeTogether(List<DescriptorChain> chains, long[] written) {
        for (int i = 0; i < written.length; i++) {
            fill(chains.get(i), written[i]);
        }
        publish();
    }

    private boolean fill(DescriptorChain chain, long written) {
        if (chain.epoch() != epoch || !outstanding.remove(chain)) {
            return false;
        }
        long element = used + RING_START + (long) USED_ELEMENT_BYTES * (nextUsed & size - 1);
        memory.writeInt(element, chain.head());
        memory.writeInt(element + 4, (int) written);
        nextUsed = nextUsed + 1 & INDEX_MASK;
        return true;
    }

    private void publish() {
        VarHandle.releaseFence(); // the index is written after the elements
        memory.writeShort(used + RING_INDEX, nextUsed);
    }

    /** Does the driver want an interrupt for what was completed since this was asked last (sections 2.7.7.2 and 2.7.10)? */
    public boolean interruptNeeded() {
        int before = signalled;
        if (!enabled || before == nextUsed) {
            return false;
        }
        VarHandle.fullFence(); // the driver writes what it wants, and then looks at the used index
        signalled = nextUsed;
        if (!eventIndex) {
            return (memory.readShort(available) & AVAILABLE_NO_INTERRUPT) == 0;
        }
        int event = memory.readShort(available + RING_START + 2L * size);
        return (nextUsed - event - 1 & INDEX_MASK) < (nextUsed - before & INDEX_MASK);
    }

    State save() {
        int[] heads = new int[outstanding.size() + again.size()];
        int at = 0;
        for (DescriptorChain chain : outstanding) {
            heads[at++] = chain.head();
        }
        for (int head : again) {
            heads[at++] = head;
        }
        return new State(
                size, enabled, vector, descriptors, available, used, nextAvailable, nextUsed, signalled, heads);
    }

    /** Requires that this queue can be in {@code state}. */
    void check(State state, int vectors) {
        StateCheck.range("queue size", canHaveSize(state.size) ? 1 : 0, 1, 1);
        if (state.vector != NO_VECTOR) {
            StateCheck.range("queue vector", state.vector, 0, vectors - 1L);
        }
        StateCheck.range("next available", state.nextAvailable, 0, INDEX_MASK);
        StateCheck.range("next used", state.nextUsed, 0, INDEX_MASK);
        StateCheck.range("signalled", state.signalled, 0, INDEX_MASK);
        StateCheck.range("outstanding chains", state.outstanding.length, 0, state.enabled ? 2L * state.size : 0);
        for (int head : state.outstanding) {
            StateCheck.range("outstanding chain", head, 0, state.size - 1L);
        }
        if (state.enabled) {
            StateCheck.bits("descriptor table", state.descriptors, (1L << ADDRESS_BITS) - 16);
            StateCheck.bits("available ring", state.available, (1L << ADDRESS_BITS) - 2);
            StateCheck.bits("used ring", state.used, (1L << ADDRESS_BITS) - 4);
        }
    }

    /** Takes over a checked state. Chains that were outstanding are taken again, so guest memory is to be restored before. */
    void restore(State state) {
        reset();
        size = state.size;
        enabled = state.enabled;
        vector = state.vector;
        descriptors = state.descriptors;
        available = state.available;
        used = state.used;
        nextAvailable = state.nextAvailable;
        nextUsed = state.nextUsed;
        signalled = state.signalled;
        for (int head : state.outstanding) {
            again.add(head);
        }
    }
}
