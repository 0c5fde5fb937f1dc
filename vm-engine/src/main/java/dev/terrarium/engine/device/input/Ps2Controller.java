// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.input;

import dev.terrarium.engine.device.ByteQueue;
import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.StateCheck;
import dev.terrarium.engine.device.chipset.A20Gate;
import dev.terrarium.engine.device.chipset.SystemControl;
import java.util.Arrays;

/**
 * The 8042 keyboard controller of a PS/2: it passes bytes between the guest and the keyboard and mouse, translates scan
 * codes of set 2 to set 1, and holds the A20 gate and the reset wire.
 */
public final class Ps2Controller implements Device<Ps2Controller.State> {
    private static final int REPLIES = 16;
    private static final int RAM_SIZE = 32;

    private static final int STATUS_OUTPUT_FULL = 0x01;
    private static final int STATUS_SYSTEM = 0x04;
    private static final int STATUS_COMMAND = 0x08;
    private static final int STATUS_UNLOCKED = 0x10;
    private static final int STATUS_OUTPUT_MOUSE = 0x20;

    private static final int MODE_KEYBOARD_INTERRUPT = 0x01;
    private static final int MODE_MOUSE_INTERRUPT = 0x02;
    private static final int MODE_SYSTEM = 0x04;
    private static final int MODE_KEYBOARD_DISABLED = 0x10;
    private static final int MODE_MOUSE_DISABLED = 0x20;
    private static final int MODE_TRANSLATE = 0x40;
    private static final int MODE_POWER_ON = MODE_KEYBOARD_INTERRUPT | MODE_MOUSE_INTERRUPT;

    private static final int READ_RAM = 0x20;
    private static final int WRITE_RAM = 0x60;
    private static final int MODE_ADDRESS = 0;
    private static final int TEST_PASSWORD = 0xA4;
    private static final int DISABLE_MOUSE = 0xA7;
    private static final int ENABLE_MOUSE = 0xA8;
    private static final int TEST_MOUSE_PORT = 0xA9;
    private static final int SELF_TEST = 0xAA;
    private static final int TEST_KEYBOARD_PORT = 0xAB;
    private static final int DISABLE_KEYBOARD = 0xAD;
    private static final int ENABLE_KEYBOARD = 0xAE;
    private static final int READ_INPUT_PORT = 0xC0;
    private static final int READ_OUTPUT_PORT = 0xD0;
    private static final int WRITE_OUTPUT_PORT = 0xD1;
    private static final int WRITE_KEYBOARD_OUTPUT = 0xD2;
    private static final int WRITE_MOUSE_OUTPUT = 0xD3;
    private static final int WRITE_MOUSE = 0xD4;
    private static final int DISABLE_A20 = 0xDD;
    private static final int ENABLE_A20 = 0xDF;
    private static final int READ_TEST_INPUTS = 0xE0;
    private static final int PULSE_OUTPUT_PORT = 0xF0;

    private static final int NO_PASSWORD = 0xF1;
    private static final int SELF_TEST_PASSED = 0x55;
    private static final int PORT_TEST_PASSED = 0x00;
    private static final int INPUT_PORT_UNLOCKED = 0x80;

    private static final int OUTPUT_NOT_RESET = 0x01;
    private static final int OUTPUT_A20 = 0x02;
    private static final int OUTPUT_KEYBOARD_FULL = 0x10;
    private static final int OUTPUT_MOUSE_FULL = 0x20;

    /** What the next byte written to port 0x60 is. */
    enum DataMeans {
        KEYBOARD_BYTE,
        RAM,
        OUTPUT_PORT,
        KEYBOARD_OUTPUT,
        MOUSE_OUTPUT,
        MOUSE_BYTE
    }

    /** The controller's memory, whose byte 0 is the mode, its output buffer, and replies that wait for it. */
    public record State(
            byte[] ram,
            DataMeans dataMeans,
            int ramAddress,
            boolean lastWasCommand,
            boolean outputFull,
            boolean outputFromMouse,
            int output,
            boolean breakSeen,
            byte[] keyboardReplies,
            byte[] mouseReplies) {}

    private final InterruptLine keyboardIrq;
    private final InterruptLine mouseIrq;
    private final Ps2Keyboard keyboard;
    private final Ps2Mouse mouse;
    private final A20Gate a20;
    private final SystemControl system;
    private final byte[] ram = new byte[RAM_SIZE];
    private final ByteQueue keyboardReplies = new ByteQueue(REPLIES);
    private final ByteQueue mouseReplies = new ByteQueue(REPLIES);
    private DataMeans dataMeans = DataMeans.KEYBOARD_BYTE;
    private int ramAddress;
    private boolean lastWasCommand = true;
    private boolean outputFull;
    private boolean outputFromMouse;
    private int output;
    private boolean breakSeen;

    /**
     * @param keyboardIrq IRQ 1
     * @param mouseIrq IRQ 12
     */
    public Ps2Controller(
            InterruptLine keyboardIrq,
            InterruptLine mouseIrq,
            Ps2Keyboard keyboard,
            Ps2Mouse mouse,
            A20Gate a20,
            SystemControl system) {
        this.keyboardIrq = keyboardIrq;
        this.mouseIrq = mouseIrq;
        this.keyboard = keyboard;
        this.mouse = mouse;
        this.a20 = a20;
        this.system = system;
        ram[MODE_ADDRESS] = MODE_POWER_ON;
        keyboard.connect(this::fillOutput);
        mouse.connect(this::fillOutput);
    }

    @Override
    public String name() {
        return "ps2-controller";
    }

    /** Port 0x60. */
    public RegisterWindow dataPort() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return offset == 0 ? readData() : 0xFF;
            }

            @Override
            public void writeByte(int offset, int value) {
                if (offset == 0) {
                    writeData(value);
                }
            }
        };
    }

    /** Port 0x64: status when read, command when written. */
    public RegisterWindow commandPort() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return offset == 0 ? status() : 0xFF;
            }

            @Override
            public void writeByte(int offset, int value) {
                if (offset == 0) {
                    lastWasCommand = true;
                    command(value);
                    fillOutput();
                }
            }
        };
    }

    private boolean mode(int bit) {
        return (ram[MODE_ADDRESS] & bit) != 0;
    }

    private void setMode(int bit, boolean set) {
        ram[MODE_ADDRESS] = (byte) (set ? ram[MODE_ADDRESS] | bit : ram[MODE_ADDRESS] & ~bit);
    }

    private int status() {
        return (outputFull ? STATUS_OUTPUT_FULL : 0)
                | (mode(MODE_SYSTEM) ? STATUS_SYSTEM : 0)
                | (lastWasCommand ? STATUS_COMMAND : 0)
                | STATUS_UNLOCKED
                | (outputFull && outputFromMouse ? STATUS_OUTPUT_MOUSE : 0);
    }

    private int readData() {
        int value = output;
        if (outputFull) {
            outputFull = false;
            driveInterrupts();
            fillOutput();
        }
        return value;
    }

    /** Moves the next byte into the output buffer if it is free: own replies first, then keyboard, then mouse. */
    private void fillOutput() {
        while (!outputFull) {
            if (!keyboardReplies.isEmpty()) {
                put(keyboardReplies.remove(), false);
            } else if (!mouseReplies.isEmpty()) {
                put(mouseReplies.remove(), true);
            } else if (keyboard.hasOutput() && !mode(MODE_KEYBOARD_DISABLED)) {
                fromKeyboard(keyboard.take());
            } else if (mouse.hasOutput() && !mode(MODE_MOUSE_DISABLED)) {
                // Claimed first, because taking may make the mouse offer its next packet.
                put(0, true);
                output = mouse.take();
            } else {
                break;
            }
        }
        driveInterrupts();
    }

    private void fromKeyboard(int value) {
        if (!mode(MODE_TRANSLATE)) {
            breakSeen = false;
            put(value, false);
        } else if (value == ScanCodes.BREAK) {
            breakSeen = true;
        } else {
            int translated = ScanCodes.translate(value);
            put(breakSeen ? translated | ScanCodes.SET_1_BREAK_BIT : translated, false);
            breakSeen = false;
        }
    }

    private void put(int value, boolean fromMouse) {
        output = value;
        outputFromMouse = fromMouse;
        outputFull = true;
    }

    private void driveInterrupts() {
        keyboardIrq.set(outputFull && !outputFromMouse && mode(MODE_KEYBOARD_INTERRUPT));
        mouseIrq.set(outputFull && outputFromMouse && mode(MODE_MOUSE_INTERRUPT));
    }

    private void command(int value) {
        dataMeans = DataMeans.KEYBOARD_BYTE;
        if (value >= READ_RAM && value < READ_RAM + RAM_SIZE) {
            keyboardReplies.add(ram[value - READ_RAM]);
            return;
        }
        if (value >= WRITE_RAM && value < WRITE_RAM + RAM_SIZE) {
            ramAddress = value - WRITE_RAM;
            dataMeans = DataMeans.RAM;
            return;
        }
        if (value >= PULSE_OUTPUT_PORT) {
            if ((value & OUTPUT_NOT_RESET) == 0) {
                system.requestReset();
            }
            return;
        }
        switch (value) {
            case TEST_PASSWORD -> keyboardReplies.add(NO_PASSWORD);
            case DISABLE_MOUSE -> setMode(MODE_MOUSE_DISABLED, true);
            case ENABLE_MOUSE -> setMode(MODE_MOUSE_DISABLED, false);
            case TEST_MOUSE_PORT, TEST_KEYBOARD_PORT -> keyboardReplies.add(PORT_TEST_PASSED);
            case SELF_TEST -> {
                setMode(MODE_SYSTEM, true);
                keyboardReplies.add(SELF_TEST_PASSED);
            }
            case DISABLE_KEYBOARD -> setMode(MODE_KEYBOARD_DISABLED, true);
            case ENABLE_KEYBOARD -> setMode(MODE_KEYBOARD_DISABLED, false);
            case READ_INPUT_PORT -> keyboardReplies.add(INPUT_PORT_UNLOCKED);
            case READ_OUTPUT_PORT -> keyboardReplies.add(outputPort());
            case WRITE_OUTPUT_PORT -> dataMeans = DataMeans.OUTPUT_PORT;
            case WRITE_KEYBOARD_OUTPUT -> dataMeans = DataMeans.KEYBOARD_OUTPUT;
            case WRITE_MOUSE_OUTPUT -> dataMeans = DataMeans.MOUSE_OUTPUT;
            case WRITE_MOUSE -> dataMeans = DataMeans.MOUSE_BYTE;
            case DISABLE_A20 -> a20.set(false);
            case ENABLE_A20 -> a20.set(true);
            case READ_TEST_INPUTS -> keyboardReplies.add(0);
            default -> {}
        }
    }

    private int outputPort() {
        return OUTPUT_NOT_RESET
                | (a20.enabled() ? OUTPUT_A20 : 0)
                | (outputFull && !outputFromMouse ? OUTPUT_KEYBOARD_FULL : 0)
                | (outputFull && outputFromMouse ? OUTPUT_MOUSE_FULL : 0);
    }

    private void writeData(int value) {
        lastWasCommand = false;
        DataMeans what = dataMeans;
        dataMeans = DataMeans.KEYBOARD_BYTE;
        switch (what) {
            case KEYBOARD_BYTE -> {
                setMode(MODE_KEYBOARD_DISABLED, false);
                keyboard.receive(value);
            }
            case MOUSE_BYTE -> {
                setMode(MODE_MOUSE_DISABLED, false);
                mouse.receive(value);
            }
            case RAM -> ram[ramAddress] = (byte) value;
            case KEYBOARD_OUTPUT -> keyboardReplies.add(value);
            case MOUSE_OUTPUT -> mouseReplies.add(value);
            case OUTPUT_PORT -> {
                a20.set((value & OUTPUT_A20) != 0);
                if ((value & OUTPUT_NOT_RESET) == 0) {
                    system.requestReset();
                }
            }
        }
        fillOutput();
    }

    @Override
    public void reset() {
        Arrays.fill(ram, (byte) 0);
        ram[MODE_ADDRESS] = MODE_POWER_ON;
        dataMeans = DataMeans.KEYBOARD_BYTE;
        ramAddress = 0;
        lastWasCommand = true;
        outputFull = false;
        outputFromMouse = false;
        output = 0;
        breakSeen = false;
        keyboardReplies.clear();
        mouseReplies.clear();
        driveInterrupts();
    }

    @Override
    public State save() {
        return new State(
                ram.clone(),
                dataMeans,
                ramAddress,
                lastWasCommand,
                outputFull,
                outputFromMouse,
                output,
                breakSeen,
                keyboardReplies.toByteArray(),
                mouseReplies.toByteArray());
    }

    @Override
    public void restore(State state) {
        StateCheck.length("ram", state.ram.length, RAM_SIZE);
        StateCheck.range("ramAddress", state.ramAddress, 0, RAM_SIZE - 1);
        StateCheck.bits("output", state.output, 0xFF);
        StateCheck.range("keyboardReplies", state.keyboardReplies.length, 0, REPLIES);
        StateCheck.range("mouseReplies", state.mouseReplies.length, 0, REPLIES);
        System.arraycopy(state.ram, 0, ram, 0, RAM_SIZE);
        dataMeans = state.dataMeans;
        ramAddress = state.ramAddress;
        lastWasCommand = state.lastWasCommand;
        outputFull = state.outputFull;
        outputFromMouse = state.outputFromMouse;
        output = state.output;
        breakSeen = state.breakSeen;
        keyboardReplies.set(state.keyboardReplies);
        mouseReplies.set(state.mouseReplies);
        driveInterrupts();
    }
}
