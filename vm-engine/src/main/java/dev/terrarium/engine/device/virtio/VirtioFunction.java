// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.StateCheck;
import dev.terrarium.engine.device.chipset.PciFunction;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A virtio device on the PCI bus, by the modern interface only (VIRTIO 1.2, section 4.1), with MSI-X or its interrupt pin: features,
 * status, queues and notifications. A subclass is the device itself.
 *
 * <p>Life: the driver resets it, accepts features and enables queues; {@link #ready} is called when it says DRIVER_OK, and from then on
 * {@link #notified} when a queue may have chains; {@link #deviceReset} at every reset. A driver's mistake that leaves the device unable
 * to go on sets DEVICE_NEEDS_RESET (section 2.1.2): queues then give nothing out until the driver resets the device.
 *
 * @param <S> the state of the subclass, with a {@code PciState} and a {@link TransportState} in it
 */
public abstract class VirtioFunction<S extends Record> extends PciFunction<S> {
    private static final Logger LOG = LoggerFactory.getLogger(VirtioFunction.class);

    private static final int MESSAGES_BAR = 1;
    private static final int REGISTERS_BAR = 4;
    private static final int REGISTERS_BYTES = 0x4000;
    private static final int ISR = 0x1000;
    private static final int DEVICE_CONFIG = 0x2000;
    private static final int NOTIFY = 0x3000;
    static final int NOTIFY_MULTIPLIER = 4;

    private static final int CAPABILITY_VENDOR = 0x09;
    private static final int CAPABILITY_BYTES = 16;
    private static final int CONFIG_ACCESS_DATA = 16;

    private static final int ISR_QUEUE = 1;
    private static final int ISR_CONFIG = 2;

    /** Status bits (section 2.1). */
    static final int ACKNOWLEDGE = 1;

    static final int DRIVER = 2;
    static final int DRIVER_OK = 4;
    static final int FEATURES_OK = 8;
    static final int NEEDS_RESET = 64;
    static final int FAILED = 128;
    private static final int STATUS_BITS = ACKNOWLEDGE | DRIVER | DRIVER_OK | FEATURES_OK | NEEDS_RESET | FAILED;

    /** The kinds of structures that capabilities lead to (section 4.1.4). */
    private enum Structure {
        NONE,
        COMMON,
        NOTIFY,
        ISR,
        DEVICE,
        PCI_ACCESS
    }

    private final long offered;

    private final List<Virtqueue> queues = new ArrayList<>();
    private final CommonConfiguration common;
    private final RegisterWindow registers = new Registers();
    private final int configAccess;
    private final int configBytes;
    private boolean wasBusMaster;
    private String faultReason = "";
    private int faults;

    int status;
    long driverFeatures;
    int configVector = Virtqueue.NO_VECTOR;
    int generation;
    private int interrupts;

    /**
     * @param features what the device offers beyond {@link Features#COMMON}
     * @param queueSizes the largest size of each queue
     * @param configBytes length of the device's own configuration (section 2.5)
     */
    protected VirtioFunction(
            String name,
            DeviceType type,
            DeviceMemory memory,
            long features,
            List<Integer> queueSizes,
            int configBytes) {
        super(name, type.identity());
        offered = features | Features.COMMON;
        this.configBytes = configBytes;
        for (int size : queueSizes) {
            queues.add(new Virtqueue(size, memory, this::fault));
        }
        common = new CommonConfiguration(this);
        interruptPin(1);
        messageInterrupts(MESSAGES_BAR, queues.size() + 1);
        memoryBar(REGISTERS_BAR, REGISTERS_BYTES, registers);
        structure(Structure.COMMON, 0, CommonConfiguration.BYTES, 0);
        structure(Structure.ISR, ISR, 1, 0);
        if (configBytes > 0) {
            structure(Structure.DEVICE, DEVICE_CONFIG, configBytes, 0);
        }
        int notify = structure(Structure.NOTIFY, NOTIFY, queues.size() * NOTIFY_MULTIPLIER, 4);
        configDefault(notify + CAPABILITY_BYTES, 4, NOTIFY_MULTIPLIER);
        configAccess = structure(Structure.PCI_ACCESS, 0, 0, 4);
        configWritable(configAccess + 4, 1, 0xFF);
        configWritable(configAccess + 8, 4, -1);
        configWritable(configAccess + 12, 4, -1);
        configWritable(configAccess + CONFIG_ACCESS_DATA, 4, -1);
    }

    /** Writes a struct virtio_pci_cap. */
    private int structure(Structure kind, int offset, int length, int extraBytes) {
        int at = capability(CAPABILITY_VENDOR, CAPABILITY_BYTES + extraBytes);
        configDefault(at + 2, 1, CAPABILITY_BYTES + extraBytes);
        configDefault(at + 3, 1, kind.ordinal());
        configDefault(at + 4, 1, kind == Structure.PCI_ACCESS ? 0 : REGISTERS_BAR);
        configDefault(at + 8, 4, offset);
        configDefault(at + 12, 4, length);
        return at;
    }

    // What a device does.

    /** The driver is ready: queues may be used from now on. */
    protected void ready() {}

    /** There may be chains in queue {@code index}; called only between {@link #ready} and {@link #deviceReset}. */
    protected abstract void notified(int index);

    /** The device returns to its first state; its queues have done so already, and give nothing out. */
    protected abstract void deviceReset();

    /** Queue {@code index} was reset by itself (section 2.6.1). */
    protected void queueReset(int index) {}

    /** A byte of the device's own configuration, 0 to 255. */
    protected int readConfigByte(int offset) {
        return 0;
    }

    /** The driver writes to the device's own configuration. */
    protected void writeConfiguration(int offset, int size, long value) {}

    /** May the driver accept these features together? They are among those offered. */
    protected boolean accepts(long features) {
        return true;
    }

    // What a device may ask.

    /** Everything that the device offers. */
    public final long offeredFeatures() {
        return offered;
    }

    /** Has the driver accepted a feature? */
    protected final boolean has(long feature) {
        return (status & FEATURES_OK) != 0 && (driverFeatures & feature) != 0;
    }

    /** May queues be used? */
    protected final boolean isReady() {
        return (status & (DRIVER_OK | NEEDS_RESET)) == DRIVER_OK && busMasterEnabled();
    }

    protected final Virtqueue queue(int index) {
        return queues.get(index);
    }

    protected final List<Virtqueue> queues() {
        return queues;
    }

    /** Tells the driver that chains of queue {@code index} were completed, if it wants to know. */
    protected final void interrupt(int index) {
        Virtqueue queue = queues.get(index);
        if (isReady() && queue.interruptNeeded()) {
            if (messagesEnabled()) {
                signalMessage(queue.vector);
            } else {
                raise(ISR_QUEUE);
            }
        }
    }

    /** The device's own configuration has changed (section 2.5.1). */
    protected final void configurationChanged() {
        generation = generation + 1 & 0xFF;
        if ((status & DRIVER_OK) != 0) {
            raise(ISR_CONFIG);
            signalMessage(configVector);
        }
    }

    private void raise(int cause) {
        interrupts |= cause;
        intx().set(true);
    }

    /** The driver did what leaves the device unable to go on: it needs a reset (section 2.1.2). */
    protected final void fault(String what) {
        faults++;
        faultReason = what;
        if ((status & NEEDS_RESET) == 0) {
            LOG.debug("{} needs a reset: {}", name(), what);
            status |= NEEDS_RESET;
            configurationChanged();
        }
    }

    /** What the driver did wrong last; empty if nothing. */
    public final String faultReason() {
        return faultReason;
    }

    /** How often the driver did something wrong. */
    public final int faults() {
        return faults;
    }

    // The transport.

    void writeStatus(int value) {
        if (value == 0) {
            resetTransport();
            return;
        }
        int wanted = value & STATUS_BITS & ~NEEDS_RESET;
        if ((wanted & FEATURES_OK) != 0 && (status & FEATURES_OK) == 0) {
            if (!acceptable()) {
                wanted &= ~FEATURES_OK;
            } else {
                negotiated();
            }
        }
        if (((wanted | status) & FEATURES_OK) == 0) {
            wanted &= ~DRIVER_OK;
        }
        boolean becomesReady = (wanted & ~status & DRIVER_OK) != 0;
        status |= wanted;
        if (becomesReady) {
            ready();
            lookAtAllQueues();
        }
    }

    private boolean acceptable() {
        return (driverFeatures & Features.VERSION_1) != 0
                && (driverFeatures & ~offered) == 0
                && accepts(driverFeatures);
    }

    private void negotiated() {
        boolean indirect = (driverFeatures & Features.INDIRECT_DESCRIPTORS) != 0;
        boolean eventIndex = (driverFeatures & Features.EVENT_INDEX) != 0;
        queues.forEach(queue -> queue.negotiated(indirect, eventIndex));
    }

    /** A driver may have added chains when nobody was there to look. */
    private void lookAtAllQueues() {
        for (int i = 0; isReady() && i < queues.size(); i++) {
            if (queues.get(i).isEnabled()) {
                notified(i);
            }
        }
    }

    void notifyQueue(int index) {
        if (index < queues.size() && isReady()) {
            notified(index);
        }
    }

    void resetQueue(int index) {
        if (has(Features.RING_RESET)) {
            queues.get(index).reset();
            queueReset(index);
        }
    }

    private void resetTransport() {
        status = 0;
        driverFeatures = 0;
        configVector = Virtqueue.NO_VECTOR;
        interrupts = 0;
        intx().set(false);
        common.reset();
        queues.forEach(Virtqueue::reset);
        queues.forEach(queue -> queue.negotiated(false, false));
        deviceReset();
    }

    /** A vector that the driver chooses; one that is not there becomes none (section 4.1.5.1.2.1). */
    int usableVector(int vector) {
        return vector < messageVectors() ? vector : Virtqueue.NO_VECTOR;
    }

    private int readByte(int offset) {
        if (offset < CommonConfiguration.BYTES) {
            return common.readByte(offset);
        }
        if (offset == ISR) {
            int value = interrupts;
            interrupts = 0;
            intx().set(false);
            return value;
        }
        int config = offset - DEVICE_CONFIG;
        return config >= 0 && config < configBytes ? readConfigByte(config) : 0;
    }

    /** The structures in the order of their capabilities, a page each. */
    private final class Registers implements RegisterWindow {
        @Override
        public long read(long offset, int size) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (long) readByte((int) offset + i) << 8 * i;
            }
            return value;
        }

        @Override
        public void write(long offset, int size, long value) {
            if (offset < CommonConfiguration.BYTES) {
                common.write((int) offset, size, value);
            } else if (offset >= NOTIFY) {
                notifyQueue((int) (offset - NOTIFY) / NOTIFY_MULTIPLIER);
            } else if (offset >= DEVICE_CONFIG && offset + size <= DEVICE_CONFIG + configBytes) {
                writeConfiguration((int) offset - DEVICE_CONFIG, size, value);
            }
        }
    }

    @Override
    protected void beforeConfigRead(int offset, int size) {
        int data = configAccess + CONFIG_ACCESS_DATA;
        if (offset == data && accessWidth() != 0) {
            setConfig(data, 4, (int) registers.read(accessOffset(), accessWidth()));
        }
    }

    @Override
    protected void configWritten(int offset, int size) {
        int data = configAccess + CONFIG_ACCESS_DATA;
        if (offset == data && accessWidth() != 0) {
            long value = Integer.toUnsignedLong(config(data, 4));
            registers.write(accessOffset(), accessWidth(), value & (1L << 8 * accessWidth()) - 1);
        }
        boolean busMaster = busMasterEnabled();
        boolean began = busMaster && !wasBusMaster;
        wasBusMaster = busMaster;
        if (began) {
            lookAtAllQueues();
        }
    }

    /** The access that the PCI configuration access capability stands for (section 4.1.4.9); 0 if it is none. */
    private int accessWidth() {
        int length = config(configAccess + 12, 4);
        long offset = accessOffset();
        boolean valid = config(configAccess + 4, 1) == REGISTERS_BAR
                && (length == 1 || length == 2 || length == 4)
                && offset % length == 0
                && offset + length <= REGISTERS_BYTES;
        return valid ? length : 0;
    }

    private long accessOffset() {
        return Integer.toUnsignedLong(config(configAccess + 8, 4));
    }

    // For save and restore of subclasses.

    @Override
    public final void reset() {
        resetPci();
        wasBusMaster = false;
        generation = 0;
        resetTransport();
    }

    /** The registers and the queues. */
    protected final TransportState saveTransport() {
        return new TransportState(
                status,
                common.deviceFeatureSelect,
                common.driverFeatureSelect,
                driverFeatures,
                configVector,
                generation,
                interrupts,
                common.queueSelect,
                queues.stream().map(Virtqueue::save).toList());
    }

    /** Requires that this function can be in {@code state}, without changing anything. */
    protected final void checkTransport(TransportState state) {
        StateCheck.bits("status", state.status(), STATUS_BITS);
        InvalidStateException.require(
                (state.status() & (DRIVER_OK | FEATURES_OK)) != DRIVER_OK, name() + " is ready without features");
        if ((state.status() & FEATURES_OK) != 0) {
            StateCheck.bits("features", state.driverFeatures(), offered);
            StateCheck.bits("version", Features.VERSION_1 & ~state.driverFeatures(), 0);
        }
        if (state.configVector() != Virtqueue.NO_VECTOR) {
            StateCheck.range("configuration vector", state.configVector(), 0, messageVectors() - 1L);
        }
        StateCheck.range("generation", state.generation(), 0, 0xFF);
        StateCheck.bits("interrupts", state.interrupts(), ISR_QUEUE | ISR_CONFIG);
        StateCheck.range("selected queue", state.queueSelect(), 0, 0xFFFF);
        StateCheck.length("queues", state.queues().size(), queues.size());
        for (int i = 0; i < queues.size(); i++) {
            queues.get(i).check(state.queues().get(i), messageVectors());
        }
    }

    /**
     * Takes over a checked state; {@code restorePci} and the device's own come before. Guest memory is restored already: what was under
     * way begins again.
     */
    protected final void restoreTransport(TransportState state) {
        status = state.status();
        common.deviceFeatureSelect = state.deviceFeatureSelect();
        common.driverFeatureSelect = state.driverFeatureSelect();
        driverFeatures = state.driverFeatures();
        configVector = state.configVector();
        generation = state.generation();
        interrupts = state.interrupts();
        common.queueSelect = state.queueSelect();
        wasBusMaster = busMasterEnabled();
        for (int i = 0; i < queues.size(); i++) {
            queues.get(i).restore(state.queues().get(i));
        }
        negotiated();
        for (int i = 0; i < queues.size(); i++) {
            if (state.queues().get(i).outstanding().length > 0) {
                notifyQueue(i);
            }
        }
    }
}
