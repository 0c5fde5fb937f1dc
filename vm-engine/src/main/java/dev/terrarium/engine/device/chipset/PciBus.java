// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.device.MemoryBus;
import dev.terrarium.engine.device.PortBus;
import dev.terrarium.engine.device.RegisterWindow;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * PCI bus 0: configuration mechanism 1 (PCI Local Bus Specification 3.0, section 3.2.2.3.2) and the wiring of the
 * slots' interrupt pins to PIRQA to PIRQD.
 */
public final class PciBus implements Device<PciBus.State> {
    /** Interrupt pins of a slot, and interrupt wires of the bus. */
    public static final int PIRQS = 4;

    private static final int SLOTS = 32;
    private static final int FUNCTIONS = 8;

    private static final int CONFIG_DATA = 4;
    private static final int PORTS = 8;
    private static final int RESET_CONTROL = 1;

    private static final int ADDRESS_ENABLE = 0x8000_0000;
    private static final int ADDRESS_WRITABLE = ADDRESS_ENABLE | 0x00FF_FFFC;

    /** The configuration address register. */
    public record State(int configAddress) {}

    private static final RegisterWindow NOTHING = new RegisterWindow() {
        @Override
        public long read(long offset, int size) {
            return -1;
        }

        @Override
        public void write(long offset, int size, long value) {}
    };

    private final PortBus ports;
    private final MemoryBus memory;
    private final Map<Integer, PciFunction<?>> functions = new HashMap<>();
    private final int[] asserted = new int[PIRQS];
    private PirqRouter router = (pirq, level) -> {};
    private InterruptMessages messages = (address, data) -> {};
    private RegisterWindow resetControl = NOTHING;
    private int configAddress;

    /** The buses that windows of functions are mapped on. */
    public PciBus(PortBus ports, MemoryBus memory) {
        this.ports = ports;
        this.memory = memory;
    }

    @Override
    public String name() {
        return "pci";
    }

    PortBus ports() {
        return ports;
    }

    MemoryBus memory() {
        return memory;
    }

    /** Plugs {@code function} in. A slot with a function above 0 has a function 0 too, plugged in first. */
    public void attach(int slot, int number, PciFunction<?> function) {
        if (slot < 0 || slot >= SLOTS || number < 0 || number >= FUNCTIONS) {
            throw new IllegalArgumentException("There is no slot " + slot + " function " + number);
        }
        int index = slot * FUNCTIONS + number;
        if (functions.containsKey(index)) {
            throw new IllegalArgumentException("Slot " + slot + " function " + number + " is taken");
        }
        if (number > 0) {
            PciFunction<?> first = functions.get(slot * FUNCTIONS);
            if (first == null) {
                throw new IllegalArgumentException("Slot " + slot + " has no function 0");
            }
            first.setMultiFunction();
        }
        functions.put(index, function);
        function.attached(this, slot);
    }

    /** Connects the ends of PIRQA to PIRQD. */
    public void connect(PirqRouter newRouter) {
        router = newRouter;
        for (int i = 0; i < PIRQS; i++) {
            newRouter.pirq(i, asserted[i] != 0);
        }
    }

    /** Names who takes the message-signalled interrupts of functions. */
    public void connectMessages(InterruptMessages receiver) {
        messages = receiver;
    }

    /** A function's write of {@code data} to an address at which interrupts are taken. */
    void message(long address, int data) {
        messages.send(address, data);
    }

    /** Names who answers byte accesses to port 0xCF9, which lies within the configuration address register. */
    public void connectResetControl(RegisterWindow port) {
        resetControl = port;
    }

    /** The eight ports from 0xCF8, among them the reset control port 0xCF9 for byte accesses. */
    public RegisterWindow configPorts() {
        return new RegisterWindow() {
            @Override
            public long read(long offset, int size) {
                if (offset >= CONFIG_DATA && offset < PORTS) {
                    return readData((int) offset - CONFIG_DATA, size);
                }
                if (offset == 0 && size >= Integer.BYTES) {
                    return Integer.toUnsignedLong(configAddress);
                }
                return offset == RESET_CONTROL && size == 1 ? resetControl.read(0, 1) : -1;
            }

            @Override
            public void write(long offset, int size, long value) {
                if (offset >= CONFIG_DATA && offset < PORTS) {
                    writeData((int) offset - CONFIG_DATA, size, value);
                } else if (offset == 0 && size >= Integer.BYTES) {
                    configAddress = (int) value & ADDRESS_WRITABLE;
                } else if (offset == RESET_CONTROL && size == 1) {
                    resetControl.write(0, 1, value);
                }
            }
        };
    }

    /** The function that the address register selects on this bus, or null. */
    private @Nullable PciFunction<?> selected() {
        if ((configAddress & ADDRESS_ENABLE) == 0 || (configAddress >> 16 & 0xFF) != 0) {
            return null;
        }
        return functions.get(configAddress >> 8 & SLOTS * FUNCTIONS - 1);
    }

    private long readData(int offset, int size) {
        PciFunction<?> function = selected();
        if (function == null) {
            return -1;
        }
        int width = Math.min(size, Integer.BYTES - offset);
        if (Integer.bitCount(width) == 1) {
            long read = Integer.toUnsignedLong(function.readConfig(register() + offset, width));
            return width == size ? read : read | -1L << 8 * width;
        }
        long value = -1;
        for (int i = 0; i < width; i++) {
            long read = function.readConfig(register() + offset + i, 1) & 0xFF;
            value = value & ~(0xFFL << 8 * i) | read << 8 * i;
        }
        return value;
    }

    private void writeData(int offset, int size, long value) {
        PciFunction<?> function = selected();
        if (function == null) {
            return;
        }
        int width = Math.min(size, Integer.BYTES - offset);
        if (Integer.bitCount(width) == 1) {
            function.writeConfig(register() + offset, width, (int) value);
            return;
        }
        for (int i = 0; i < width; i++) {
            function.writeConfig(register() + offset + i, 1, (int) (value >>> 8 * i) & 0xFF);
        }
    }

    private int register() {
        return configAddress & 0xFC;
    }

    /** A function in {@code slot} drives or releases its pin, 0 to 3. */
    void pinChanged(int slot, int pin, boolean level) {
        int pirq = slot - 1 + pin & PIRQS - 1;
        boolean before = asserted[pirq] != 0;
        asserted[pirq] += level ? 1 : -1;
        boolean after = asserted[pirq] != 0;
        if (before != after) {
            router.pirq(pirq, after);
        }
    }

    @Override
    public void reset() {
        configAddress = 0;
    }

    @Override
    public State save() {
        return new State(configAddress);
    }

    @Override
    public void restore(State state) {
        if ((state.configAddress & ~ADDRESS_WRITABLE) != 0) {
            throw new InvalidStateException("configAddress has reserved bits");
        }
        configAddress = state.configAddress;
    }
}
