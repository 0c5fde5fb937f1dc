// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.device.MemoryBus;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.StateCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A function on the PCI bus: its configuration space, its base address registers and its interrupt pin
 * (PCI Local Bus Specification 3.0, chapter 6).
 *
 * <p>A subclass declares its registers in its constructor ({@link #ioBar}, {@link #memoryBar}, {@link #directBar},
 * {@link #romBar}, {@link #interruptPin}, {@link #messageInterrupts}, {@link #capability}, {@link #configDefault}, {@link #configWritable}). Windows appear on the buses and
 * vanish as the guest moves them. Its {@code reset}, {@code save} and {@code restore} call {@link #resetPci},
 * {@link #savePci}, and {@link #checkPci} then {@link #restorePci}.
 *
 * @param <S> the state of the subclass, with a {@link PciState} in it
 */
public abstract class PciFunction<S extends Record> implements Device<S> {
    /** Bytes of configuration space. */
    public static final int CONFIG_SIZE = 256;

    /** Configuration space offsets. */
    protected static final int VENDOR_ID = 0x00;

    protected static final int DEVICE_ID = 0x02;
    protected static final int COMMAND = 0x04;
    protected static final int STATUS = 0x06;
    protected static final int REVISION_ID = 0x08;
    protected static final int CLASS_CODE = 0x09;
    protected static final int CACHE_LINE_SIZE = 0x0C;
    protected static final int LATENCY_TIMER = 0x0D;
    protected static final int HEADER_TYPE = 0x0E;
    protected static final int BASE_ADDRESS_0 = 0x10;
    protected static final int SUBSYSTEM_VENDOR_ID = 0x2C;
    protected static final int SUBSYSTEM_ID = 0x2E;
    protected static final int EXPANSION_ROM_BASE = 0x30;
    protected static final int CAPABILITIES_POINTER = 0x34;
    protected static final int INTERRUPT_LINE = 0x3C;
    protected static final int INTERRUPT_PIN = 0x3D;

    protected static final int COMMAND_IO = 0x0001;
    protected static final int COMMAND_MEMORY = 0x0002;
    protected static final int COMMAND_BUS_MASTER = 0x0004;
    protected static final int COMMAND_INTERRUPT_DISABLE = 0x0400;
    private static final int COMMAND_WRITABLE = 0x0547;

    protected static final int STATUS_INTERRUPT = 0x0008;
    protected static final int STATUS_CAPABILITIES = 0x0010;
    private static final int STATUS_WRITE_ONE_TO_CLEAR = 0xF900;

    private static final int FIRST_CAPABILITY = 0x40;
    private static final int CAPABILITY_MSIX = 0x11;
    private static final int MSIX_BYTES = 12;
    private static final int MSIX_CONTROL = 2;
    private static final int MSIX_ENABLE = 0x8000;
    private static final int MSIX_MASK = 0x4000;

    private static final int HEADER_MULTI_FUNCTION = 0x80;
    private static final int BAR_IO = 0x1;
    private static final int BAR_PREFETCHABLE = 0x8;
    private static final int ROM_ENABLE = 0x1;
    private static final int BAR_COUNT = 6;
    private static final int SMALLEST_IO_BAR = 4;
    private static final int LARGEST_IO_BAR = 256;
    private static final int SMALLEST_MEMORY_BAR = 4096;
    private static final long PORT_SPACE = 0x1_0000L;
    private static final long MEMORY_SPACE = 0x1_0000_0000L;

    /** In place of an address: the window is not mapped. */
    protected static final int UNMAPPED = -1;

    /** A window that follows the configuration space. */
    private static final class Decoder {
        private final LongSupplier wanted;
        private final MapAt map;
        private long base = UNMAPPED;
        private Runnable unmap = () -> {};

        private Decoder(LongSupplier wanted, MapAt map) {
            this.wanted = wanted;
            this.map = map;
        }

        private void update(PciBus on) {
            long now = wanted.getAsLong();
            if (now != base) {
                unmap.run();
                unmap = () -> {};
                base = now;
                if (now != UNMAPPED) {
                    unmap = map.at(on, now);
                }
            }
        }
    }

    private interface MapAt {
        /** Maps at {@code base}; the result takes the mapping away. */
        Runnable at(PciBus bus, long base);
    }

    private final String name;
    private final byte[] powerOn = new byte[CONFIG_SIZE];
    private final byte[] writable = new byte[CONFIG_SIZE];
    private final byte[] writeOneToClear = new byte[CONFIG_SIZE];
    private final byte[] ownedByDevice = new byte[CONFIG_SIZE];
    private final byte[] config = new byte[CONFIG_SIZE];
    private final List<Decoder> decoders = new ArrayList<>();
    private final InterruptLine intx = this::setInterrupt;
    private @Nullable PciBus bus;
    private int slot;
    private boolean interrupt;
    private boolean drivesPin;
    private int nextCapability = FIRST_CAPABILITY;
    private int lastPointer = CAPABILITIES_POINTER;
    private @Nullable MessageInterrupts messages;
    private int messageControl;

    protected PciFunction(String name, PciIdentity identity) {
        this.name = name;
        configDefault(VENDOR_ID, 2, identity.vendor());
        configDefault(DEVICE_ID, 2, identity.device());
        configDefault(REVISION_ID, 1, identity.revision());
        configDefault(CLASS_CODE, 3, identity.classCode());
        configDefault(SUBSYSTEM_VENDOR_ID, 2, identity.subsystemVendor());
        configDefault(SUBSYSTEM_ID, 2, identity.subsystemDevice());
        configWritable(COMMAND, 2, COMMAND_WRITABLE);
        configWritable(CACHE_LINE_SIZE, 1, 0xFF);
        configWritable(LATENCY_TIMER, 1, 0xFF);
        configWritable(INTERRUPT_LINE, 1, 0xFF);
        put(writeOneToClear, STATUS, 2, STATUS_WRITE_ONE_TO_CLEAR);
        configOwned(STATUS, 2, STATUS_INTERRUPT);
    }

    @Override
    public final String name() {
        return name;
    }

    // Declarations, for constructors.

    /** Sets the power-on value of a register of {@code size} bytes. */
    protected final void configDefault(int offset, int size, int value) {
        put(powerOn, offset, size, value);
        put(config, offset, size, value);
    }

    /** Lets the guest write the bits {@code mask} of a register of {@code size} bytes, and no others. */
    protected final void configWritable(int offset, int size, int mask) {
        put(writable, offset, size, mask);
    }

    /** Lets the guest clear the bits {@code mask} by writing ones; the device sets them with {@link #setConfig}. */
    protected final void configWriteOneToClear(int offset, int size, int mask) {
        put(writeOneToClear, offset, size, mask);
    }

    /** Declares the bits {@code mask} that {@link #setConfig} changes while the machine runs. */
    protected final void configOwned(int offset, int size, int mask) {
        put(ownedByDevice, offset, size, mask);
    }

    /** Declares base address register {@code index}, 0 to 5, for {@code size} I/O ports, a power of two. */
    protected final void ioBar(int index, int size, RegisterWindow window) {
        requireSize(size, SMALLEST_IO_BAR, LARGEST_IO_BAR);
        int offset = declareBar(index, size, BAR_IO);
        ioDecoder(size, window, () -> ioEnabled() ? portBase(config(offset, 4) & -size, size) : UNMAPPED);
    }

    /** Declares base address register {@code index} for {@code size} bytes of registers, a power of two from 4096. */
    protected final void memoryBar(int index, int size, RegisterWindow window) {
        int offset = declareMemoryBar(index, size, 0);
        decoders.add(new Decoder(
                () -> memoryBase(offset, size), (on, base) -> on.memory().mapWindow(base, size, window)::remove));
    }

    /**
     * Declares base address register {@code index} for {@code size} bytes of host memory, which the guest reads and
     * writes without calling the device.
     */
    protected final void directBar(int index, int size, long hostAddress) {
        int offset = declareMemoryBar(index, size, BAR_PREFETCHABLE);
        decoders.add(new Decoder(
                () -> memoryBase(offset, size),
                (on, base) -> on.memory().mapDirect(base, size, hostAddress, hostAddress)::remove));
    }

    /** Declares the expansion ROM: {@code size} bytes, a power of two from 4096, of host memory. */
    protected final void romBar(int size, long hostAddress) {
        requireSize(size, SMALLEST_MEMORY_BAR, 1 << 30);
        configWritable(EXPANSION_ROM_BASE, 4, -size | ROM_ENABLE);
        decoders.add(new Decoder(
                () -> (config(EXPANSION_ROM_BASE, 4) & ROM_ENABLE) != 0
                        ? memoryBase(EXPANSION_ROM_BASE, size)
                        : UNMAPPED,
                (on, base) -> on.memory().mapDirect(base, size, hostAddress, MemoryBus.NOT_DIRECT)::remove));
    }

    /**
     * Declares ports that the device answers at addresses of its own making, such as legacy ones.
     *
     * @param base where the ports are now, or {@link #UNMAPPED}; asked again after each change of the configuration
     */
    protected final void ioDecoder(int count, RegisterWindow window, IntSupplier base) {
        decoders.add(new Decoder(() -> base.getAsInt(), (on, at) -> on.ports().map((int) at, count, window)::remove));
    }

    /** Declares the interrupt pin: 1 is INTA. */
    protected final void interruptPin(int pin) {
        StateCheck.range("pin", pin, 1, PciBus.PIRQS);
        configDefault(INTERRUPT_PIN, 1, pin);
    }

    /**
     * Declares a capability of {@code bytes} bytes, in the order of the list; its ID and the pointer to the next are filled in.
     *
     * @return its offset in the configuration space
     */
    protected final int capability(int id, int bytes) {
        int offset = nextCapability;
        nextCapability += bytes + 3 & -4;
        if (nextCapability > CONFIG_SIZE) {
            throw new IllegalArgumentException(name + " has more capabilities than fit");
        }
        configDefault(STATUS, 2, powerOn(STATUS, 2) | STATUS_CAPABILITIES);
        configDefault(lastPointer, 1, offset);
        configDefault(offset, 1, id);
        lastPointer = offset + 1;
        return offset;
    }

    /**
     * Declares MSI-X with {@code vectors} vectors, whose table takes all of base address register {@code bar} (PCI 3.0, section 6.8.2).
     */
    protected final void messageInterrupts(int bar, int vectors) {
        MessageInterrupts table = new MessageInterrupts(vectors, this::sendMessage);
        messages = table;
        int at = capability(CAPABILITY_MSIX, MSIX_BYTES);
        messageControl = at + MSIX_CONTROL;
        configDefault(messageControl, 2, vectors - 1);
        configWritable(messageControl, 2, MSIX_ENABLE | MSIX_MASK);
        configDefault(at + 4, 4, bar);
        configDefault(at + 8, 4, MessageInterrupts.PENDING_OFFSET | bar);
        memoryBar(bar, MessageInterrupts.BYTES, table.registers());
    }

    private static void requireSize(int size, int smallest, int largest) {
        if (Integer.bitCount(size) != 1 || size < smallest || size > largest) {
            throw new IllegalArgumentException("A base address register cannot cover " + size + " bytes");
        }
    }

    private int declareMemoryBar(int index, int size, int flags) {
        requireSize(size, SMALLEST_MEMORY_BAR, 1 << 30);
        return declareBar(index, size, flags);
    }

    private int declareBar(int index, int size, int flags) {
        if (index < 0 || index >= BAR_COUNT) {
            throw new IllegalArgumentException("There is no base address register " + index);
        }
        int offset = BASE_ADDRESS_0 + 4 * index;
        configDefault(offset, 4, flags);
        configWritable(offset, 4, -size);
        return offset;
    }

    // While the machine runs.

    /** A register of the configuration space, as it lies there. */
    protected final int config(int offset, int size) {
        return get(config, offset, size);
    }

    private int powerOn(int offset, int size) {
        return get(powerOn, offset, size);
    }

    /** Changes a register of the configuration space from the device's side. */
    protected final void setConfig(int offset, int size, int value) {
        put(config, offset, size, value);
    }

    /** The interrupt pin. */
    public final InterruptLine intx() {
        return intx;
    }

    /** May the device answer at I/O ports? */
    protected final boolean ioEnabled() {
        return (config(COMMAND, 2) & COMMAND_IO) != 0;
    }

    /** May the device answer at memory addresses? */
    protected final boolean memoryEnabled() {
        return (config(COMMAND, 2) & COMMAND_MEMORY) != 0;
    }

    /** May the device access guest memory? */
    protected final boolean busMasterEnabled() {
        return (config(COMMAND, 2) & COMMAND_BUS_MASTER) != 0;
    }

    /** How many message-signalled interrupts there are. */
    protected final int messageVectors() {
        return messages == null ? 0 : messages.vectors();
    }

    /** Does the guest want messages in place of the pin? */
    protected final boolean messagesEnabled() {
        return messages != null && messages.enabled();
    }

    /** Sends message {@code vector}, at once or when it is unmasked; nothing if there is none or messages are not enabled. */
    protected final void signalMessage(int vector) {
        if (messages != null) {
            messages.signal(vector);
        }
    }

    private void sendMessage(long address, int data) {
        if (bus != null && busMasterEnabled()) {
            bus.message(address, data);
        }
    }

    /** Called before the guest reads {@code size} bytes at {@code offset}, for registers made up when read. */
    protected void beforeConfigRead(int offset, int size) {}

    /** Called after the guest wrote {@code size} bytes at {@code offset}, before windows move. */
    protected void configWritten(int offset, int size) {}

    /** A guest's read of 1, 2 or 4 bytes within the configuration space. */
    final int readConfig(int offset, int size) {
        beforeConfigRead(offset, size);
        return config(offset, size);
    }

    /** A guest's write of 1, 2 or 4 bytes within the configuration space. */
    final void writeConfig(int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            int at = offset + i;
            int written = value >>> 8 * i;
            int kept = config[at] & ~writable[at] & ~(written & writeOneToClear[at]);
            config[at] = (byte) (kept | written & writable[at]);
        }
        controlMessages();
        configWritten(offset, size);
        updateWindows();
        driveInterrupt();
    }

    private void controlMessages() {
        if (messages != null) {
            int control = config(messageControl, 2);
            messages.control((control & MSIX_ENABLE) != 0, (control & MSIX_MASK) != 0);
        }
    }

    final void attached(PciBus to, int atSlot) {
        if (bus != null) {
            throw new IllegalStateException(name + " is on a bus already");
        }
        bus = to;
        slot = atSlot;
        updateWindows();
        driveInterrupt();
    }

    final void setMultiFunction() {
        configDefault(HEADER_TYPE, 1, powerOn[HEADER_TYPE] | HEADER_MULTI_FUNCTION);
    }

    private void updateWindows() {
        if (bus != null) {
            for (Decoder decoder : decoders) {
                decoder.update(bus);
            }
        }
    }

    private static int portBase(int base, int size) {
        return base > 0 && base + (long) size <= PORT_SPACE ? base : UNMAPPED;
    }

    private long memoryBase(int offset, int size) {
        long base = Integer.toUnsignedLong(config(offset, 4) & -size);
        return memoryEnabled() && base != 0 && base + size < MEMORY_SPACE ? base : UNMAPPED;
    }

    private void setInterrupt(boolean asserted) {
        interrupt = asserted;
        driveInterrupt();
    }

    private void driveInterrupt() {
        int status = config(STATUS, 2);
        setConfig(STATUS, 2, interrupt ? status | STATUS_INTERRUPT : status & ~STATUS_INTERRUPT);
        int pin = config[INTERRUPT_PIN] - 1;
        boolean drive =
                interrupt && (config(COMMAND, 2) & COMMAND_INTERRUPT_DISABLE) == 0 && pin >= 0 && !messagesEnabled();
        if (bus != null && drive != drivesPin) {
            drivesPin = drive;
            bus.pinChanged(slot, pin, drive);
        }
    }

    // For reset, save and restore of subclasses.

    /** Returns the configuration space to its power-on state, takes the windows away and releases the pin. */
    protected final void resetPci() {
        System.arraycopy(powerOn, 0, config, 0, CONFIG_SIZE);
        interrupt = false;
        if (messages != null) {
            messages.reset();
        }
        updateWindows();
        driveInterrupt();
    }

    protected final PciState savePci() {
        return new PciState(
                config.clone(),
                interrupt,
                messages == null ? new int[0] : messages.saveTable(),
                messages == null ? new long[0] : messages.savePending());
    }

    /** Requires that this function can be in {@code state}, without changing anything. */
    protected final void checkPci(PciState state) {
        StateCheck.length(name + " configuration space", state.config().length, CONFIG_SIZE);
        for (int i = 0; i < CONFIG_SIZE; i++) {
            int fixed = ~(writable[i] | writeOneToClear[i] | ownedByDevice[i]);
            if (((state.config()[i] ^ powerOn[i]) & fixed) != 0) {
                throw new InvalidStateException(name + " cannot have configuration byte " + i + " = "
                        + Integer.toHexString(state.config()[i] & 0xFF));
            }
        }
        boolean shown = (state.config()[STATUS] & STATUS_INTERRUPT) != 0;
        InvalidStateException.require(shown == state.interrupt(), name + " hides its interrupt");
        if (messages != null) {
            messages.check(state.messages(), state.pendingMessages());
        } else {
            StateCheck.length(name + " messages", state.messages().length, 0);
            StateCheck.length(name + " pending messages", state.pendingMessages().length, 0);
        }
    }

    /** Takes over a checked state, and moves the windows and the interrupt pin to match. */
    protected final void restorePci(PciState state) {
        System.arraycopy(state.config(), 0, config, 0, CONFIG_SIZE);
        interrupt = state.interrupt();
        if (messages != null) {
            int control = config(messageControl, 2);
            messages.restore(
                    state.messages(),
                    state.pendingMessages(),
                    (control & MSIX_ENABLE) != 0,
                    (control & MSIX_MASK) != 0);
        }
        updateWindows();
        driveInterrupt();
    }

    private static int get(byte[] array, int offset, int size) {
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= (array[offset + i] & 0xFF) << 8 * i;
        }
        return value;
    }

    private static void put(byte[] array, int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            array[offset + i] = (byte) (value >>> 8 * i);
        }
    }
}
