// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.StateCheck;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The 82093AA I/O APIC (Intel data sheet 290566) with 24 pins. */
public final class IoApic implements Device<IoApic.State> {
    /** Where a PC shows it. */
    public static final long BASE_ADDRESS = 0xFEC0_0000L;

    /** Interrupt inputs. */
    public static final int PINS = 24;

    private static final int IOREGSEL = 0x00;
    private static final int IOWIN = 0x10;

    private static final int REGISTER_ID = 0x00;
    private static final int REGISTER_VERSION = 0x01;
    private static final int REGISTER_ARBITRATION = 0x02;
    private static final int REGISTER_REDIRECTION = 0x10;
    private static final int VERSION = PINS - 1 << 16 | 0x11;
    private static final int ID_MASK = 0x0F00_0000;

    private static final long ENTRY_VECTOR = 0xFF;
    private static final long ENTRY_LOGICAL = 0x800;
    private static final long ENTRY_REMOTE_IRR = 0x4000;
    private static final long ENTRY_LEVEL = 0x8000;
    private static final long ENTRY_MASKED = 0x1_0000;
    private static final long ENTRY_WRITABLE = 0xFF00_0000_0001_AFFFL;
    private static final int ENTRY_DESTINATION_SHIFT = 56;

    private static final int ID_SHIFT = 24;
    private static final int IMAGE_BYTES = 216;
    private static final int IMAGE_SELECT = 8;
    private static final int IMAGE_ID = 12;
    private static final int IMAGE_ENTRIES = 24;

    /** The registers, and the levels of the pins, a bit each. */
    public record State(int id, int select, long[] redirection, int lines) {}

    private final ApicBus bus;
    private final long[] redirection = new long[PINS];
    private int id;
    private int select;
    private int lines;

    public IoApic(ApicBus bus) {
        this.bus = bus;
        Arrays.fill(redirection, ENTRY_MASKED);
        bus.attach(this);
    }

    @Override
    public String name() {
        return "ioapic";
    }

    /** Pin {@code pin}, 0 to 23. */
    public InterruptLine input(int pin) {
        if (pin < 0 || pin >= PINS) {
            throw new IllegalArgumentException("There is no pin " + pin);
        }
        return asserted -> setPin(pin, asserted);
    }

    /** The 4 KiB of registers at {@link #BASE_ADDRESS}. */
    public RegisterWindow registers() {
        return new RegisterWindow() {
            @Override
            public long read(long offset, int size) {
                return switch ((int) offset) {
                    case IOREGSEL -> select;
                    case IOWIN -> Integer.toUnsignedLong(readRegister());
                    default -> 0;
                };
            }

            @Override
            public void write(long offset, int size, long value) {
                if (offset == IOREGSEL) {
                    select = (int) value & 0xFF;
                } else if (offset == IOWIN && size >= Integer.BYTES) {
                    writeRegister((int) value);
                }
            }
        };
    }

    private int readRegister() {
        return switch (select) {
            case REGISTER_ID, REGISTER_ARBITRATION -> id;
            case REGISTER_VERSION -> VERSION;
            default -> {
                int pin = select - REGISTER_REDIRECTION >> 1;
                if (select < REGISTER_REDIRECTION || pin >= PINS) {
                    yield 0;
                }
                yield (int) (redirection[pin] >>> 32 * (select & 1));
            }
        };
    }

    private void writeRegister(int value) {
        int pin = select - REGISTER_REDIRECTION >> 1;
        if (select == REGISTER_ID) {
            id = value & ID_MASK;
        } else if (select >= REGISTER_REDIRECTION && pin < PINS) {
            int shift = 32 * (select & 1);
            long written = ENTRY_WRITABLE & 0xFFFF_FFFFL << shift;
            redirection[pin] = redirection[pin] & ~written | Integer.toUnsignedLong(value) << shift & written;
            if ((redirection[pin] & ENTRY_LEVEL) == 0) {
                redirection[pin] &= ~ENTRY_REMOTE_IRR;
            }
            serviceLevel(pin);
        }
    }

    private void setPin(int pin, boolean asserted) {
        int bit = 1 << pin;
        boolean rises = asserted && (lines & bit) == 0;
        lines = asserted ? lines | bit : lines & ~bit;
        if (!rises) {
            return;
        }
        if ((redirection[pin] & ENTRY_LEVEL) != 0) {
            serviceLevel(pin);
        } else if ((redirection[pin] & ENTRY_MASKED) == 0) {
            send(redirection[pin]);
        }
    }

    /** Sends the interrupt of a level-triggered pin that is asserted and not being served. */
    private void serviceLevel(int pin) {
        long entry = redirection[pin];
        if ((entry & (ENTRY_LEVEL | ENTRY_MASKED | ENTRY_REMOTE_IRR)) == ENTRY_LEVEL
                && (lines & 1 << pin) != 0
                && send(entry)) {
            redirection[pin] |= ENTRY_REMOTE_IRR;
        }
    }

    private boolean send(long entry) {
        DeliveryMode mode = DeliveryMode.of((int) entry);
        boolean level =
                (entry & ENTRY_LEVEL) != 0 && (mode == DeliveryMode.FIXED || mode == DeliveryMode.LOWEST_PRIORITY);
        boolean taken = bus.deliver(new ApicMessage(
                (int) (entry >>> ENTRY_DESTINATION_SHIFT),
                (entry & ENTRY_LOGICAL) != 0,
                mode,
                (int) (entry & ENTRY_VECTOR),
                level));
        return taken && level;
    }

    /** A processor has finished with level-triggered interrupt {@code vector}. */
    void endOfInterrupt(int vector) {
        for (int pin = 0; pin < PINS; pin++) {
            long entry = redirection[pin];
            if ((entry & ENTRY_REMOTE_IRR) != 0 && (entry & ENTRY_VECTOR) == vector) {
                redirection[pin] &= ~ENTRY_REMOTE_IRR;
                serviceLevel(pin);
            }
        }
    }

    /** Returns the registers to power-on; the pins keep the level that their drivers give them. */
    @Override
    public void reset() {
        id = 0;
        select = 0;
        Arrays.fill(redirection, ENTRY_MASKED);
    }

    /** The registers as hypervisors exchange them: linux/kvm.h, struct kvm_ioapic_state. Level-triggered pins ask again. */
    byte[] lend() {
        ByteBuffer image = ByteBuffer.allocate(IMAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int asking = 0;
        for (int pin = 0; pin < PINS; pin++) {
            asking |= (redirection[pin] & ENTRY_LEVEL) != 0 ? lines & 1 << pin : 0;
        }
        image.putLong(BASE_ADDRESS)
                .putInt(select)
                .putInt(id >>> ID_SHIFT)
                .putInt(asking)
                .putInt(0);
        for (long entry : redirection) {
            image.putLong(entry);
        }
        return image.array();
    }

    /**
     * Takes over from a controller that worked in this one's place.
     *
     * @param levels of the pins, a bit each
     */
    void takeBack(byte[] bytes, int levels) {
        ByteBuffer image = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long[] entries = new long[PINS];
        for (int pin = 0; pin < PINS; pin++) {
            entries[pin] = image.getLong(IMAGE_ENTRIES + 8 * pin) & (ENTRY_WRITABLE | ENTRY_REMOTE_IRR);
        }
        restore(new State(
                image.getInt(IMAGE_ID) << ID_SHIFT & ID_MASK, image.getInt(IMAGE_SELECT) & 0xFF, entries, levels));
    }

    @Override
    public State save() {
        return new State(id, select, redirection.clone(), lines);
    }

    @Override
    public void restore(State state) {
        StateCheck.bits("id", state.id, ID_MASK);
        StateCheck.bits("select", state.select, 0xFF);
        StateCheck.length("redirection", state.redirection.length, PINS);
        for (long entry : state.redirection) {
            StateCheck.bits("redirection", entry, ENTRY_WRITABLE | ENTRY_REMOTE_IRR);
        }
        StateCheck.bits("lines", state.lines, (1 << PINS) - 1);
        id = state.id;
        select = state.select;
        System.arraycopy(state.redirection, 0, redirection, 0, PINS);
        lines = state.lines;
    }
}
