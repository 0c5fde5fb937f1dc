// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.InvalidStateException;
import java.util.List;

/**
 * The bus master of a PCI IDE controller: for each channel it follows a table of physical region descriptors in guest
 * memory (Programming Interface for Bus Master IDE Controller, revision 1.0).
 *
 * <p>The table is the guest's and may never end or lead nowhere. Each descriptor moves at least two bytes, and a drive
 * asks for no more than its buffer at once, so every call ends.
 */
public final class BusMasterIde implements Device<BusMasterIde.State> {
    /** The ports of both channels together, at BAR 4. */
    public static final int PORTS = 16;

    private static final int COMMAND = 0;
    private static final int STATUS = 2;
    private static final int TABLE = 4;
    private static final int CHANNEL_PORTS = 8;

    private static final int COMMAND_START = 0x01;
    private static final int COMMAND_TO_MEMORY = 0x08;
    private static final int STATUS_ACTIVE = 0x01;
    private static final int STATUS_ERROR = 0x02;
    private static final int STATUS_INTERRUPT = 0x04;
    private static final int STATUS_DRIVES_CAPABLE = 0x60;

    private static final int END_OF_TABLE = 0x8000_0000;

    /** Both channels' state. */
    public record State(EngineState primary, EngineState secondary) {}

    /**
     * One channel's state.
     *
     * @param table the descriptor table's address register
     * @param nextDescriptor where the next descriptor is read from
     * @param address where the current region goes on
     * @param left bytes left of the current region
     * @param ended whether the current region is the table's last
     */
    public record EngineState(
            int command, int status, int table, int nextDescriptor, int address, int left, boolean ended) {}

    private final String name;
    private final DeviceMemory memory;
    private final List<Engine> engines;

    public BusMasterIde(String name, DeviceMemory memory, IdeChannel primary, IdeChannel secondary) {
        this.name = name;
        this.memory = memory;
        this.engines = List.of(new Engine(primary), new Engine(secondary));
    }

    /** The registers of both channels. */
    public ByteRegisters registers() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return offset >= PORTS
                        ? 0xFF
                        : engines.get(offset / CHANNEL_PORTS).read(offset % CHANNEL_PORTS);
            }

            @Override
            public void writeByte(int offset, int value) {
                if (offset < PORTS) {
                    engines.get(offset / CHANNEL_PORTS).write(offset % CHANNEL_PORTS, value);
                }
            }
        };
    }

    /** One channel's half. */
    final class Engine {
        private final IdeChannel channel;
        private int command;
        private int status;
        private int table;
        private int nextDescriptor;
        private int address;
        private int left;
        private boolean ended;
        private boolean interruptLevel;

        private Engine(IdeChannel channel) {
            this.channel = channel;
            channel.connect(this);
        }

        boolean started() {
            return (command & COMMAND_START) != 0 && (status & STATUS_ACTIVE) != 0;
        }

        /** The drive's interrupt line changed: its rising edge is latched. */
        void interrupt(boolean asserted) {
            if (asserted && !interruptLevel) {
                status |= STATUS_INTERRUPT;
            }
            interruptLevel = asserted;
        }

        /** Sets the level without an edge: the latch is restored from its own state. */
        void setInterruptLevel(boolean asserted) {
            interruptLevel = asserted;
        }

        /** The drive has no more to move. */
        void finished() {
            status &= ~STATUS_ACTIVE;
        }

        private int read(int offset) {
            return switch (offset) {
                case COMMAND -> command;
                case STATUS -> status;
                case TABLE, TABLE + 1, TABLE + 2, TABLE + 3 -> table >>> (8 * (offset - TABLE)) & 0xFF;
                default -> 0xFF;
            };
        }

        private void write(int offset, int value) {
            switch (offset) {
                case COMMAND -> writeCommand(value & (COMMAND_START | COMMAND_TO_MEMORY));
                case STATUS ->
                    status = status & ~STATUS_DRIVES_CAPABLE & ~(value & (STATUS_ERROR | STATUS_INTERRUPT))
                            | value & STATUS_DRIVES_CAPABLE;
                case TABLE, TABLE + 1, TABLE + 2, TABLE + 3 -> {
                    int shift = 8 * (offset - TABLE);
                    table = (table & ~(0xFF << shift) | value << shift) & ~3;
                }
                default -> {}
            }
        }

        private void writeCommand(int value) {
            boolean start = (value & ~command & COMMAND_START) != 0;
            command = value;
            if (start) {
                nextDescriptor = table;
                left = 0;
                ended = false;
                status |= STATUS_ACTIVE;
                channel.busMasterStarted();
            } else if ((value & COMMAND_START) == 0) {
                status &= ~STATUS_ACTIVE;
            }
        }

        int toMemory(byte[] source, int offset, int length) {
            int moved = 0;
            while (moved < length && nextRegion()) {
                int part = Math.min(left, length - moved);
                memory.write(Integer.toUnsignedLong(address), source, offset + moved, part);
                advance(part);
                moved += part;
            }
            return moved;
        }

        int fromMemory(byte[] target, int offset, int length) {
            int moved = 0;
            while (moved < length && nextRegion()) {
                int part = Math.min(left, length - moved);
                memory.read(Integer.toUnsignedLong(address), target, offset + moved, part);
                advance(part);
                moved += part;
            }
            return moved;
        }

        private void advance(int bytes) {
            address += bytes;
            left -= bytes;
        }

        /** Goes to the next descriptor if the current region is used up; false at the end of the table. */
        private boolean nextRegion() {
            if (left > 0) {
                return true;
            }
            if (ended) {
                status &= ~STATUS_ACTIVE;
                return false;
            }
            address = memory.readInt(Integer.toUnsignedLong(nextDescriptor)) & ~1;
            int control = memory.readInt(Integer.toUnsignedLong(nextDescriptor + 4));
            nextDescriptor += 8;
            int count = control & 0xFFFE;
            left = count == 0 ? 0x10000 : count;
            ended = (control & END_OF_TABLE) != 0;
            return true;
        }

        private void reset() {
            restore(new EngineState(0, 0, 0, 0, 0, 0, false));
        }

        private EngineState save() {
            return new EngineState(command, status, table, nextDescriptor, address, left, ended);
        }

        private void restore(EngineState state) {
            command = state.command();
            status = state.status();
            table = state.table();
            nextDescriptor = state.nextDescriptor();
            address = state.address();
            left = state.left();
            ended = state.ended();
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void reset() {
        engines.forEach(Engine::reset);
    }

    @Override
    public State save() {
        return new State(engines.get(0).save(), engines.get(1).save());
    }

    /** Requires that this bus master can be in {@code state}, without changing anything. */
    void check(State state) {
        validate(state.primary());
        validate(state.secondary());
    }

    @Override
    public void restore(State state) {
        check(state);
        engines.get(0).restore(state.primary());
        engines.get(1).restore(state.secondary());
    }

    private static void validate(EngineState state) {
        InvalidStateException.require(
                (state.command() & ~(COMMAND_START | COMMAND_TO_MEMORY)) == 0
                        && (state.status() & ~(STATUS_ACTIVE | STATUS_ERROR | STATUS_INTERRUPT | STATUS_DRIVES_CAPABLE))
                                == 0
                        && state.left() >= 0
                        && state.left() <= 0x10000
                        && (state.table() & 3) == 0,
                "bus master IDE registers");
    }
}
