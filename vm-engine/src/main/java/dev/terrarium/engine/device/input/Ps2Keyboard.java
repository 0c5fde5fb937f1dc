// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.input;

import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.KeyboardSink;
import dev.terrarium.engine.device.StateCheck;

/**
 * A PS/2 keyboard with 102 keys and more. It speaks scan code set 2 until the guest chooses another; repetition of a
 * held key is the business of whoever presses it.
 */
public final class Ps2Keyboard extends Ps2Device implements Device<Ps2Keyboard.State>, KeyboardSink {
    private static final int EVENT_BYTES = 256;
    /** Pressing a key needs this much room, so that there is some left for its release. */
    private static final int PRESS_ROOM = 96;

    private static final int LONGEST_SEQUENCE = 8;

    private static final int SET_LEDS = 0xED;
    private static final int ECHO = 0xEE;
    private static final int SCAN_CODE_SET = 0xF0;
    private static final int IDENTIFY = 0xF2;
    private static final int SET_TYPEMATIC = 0xF3;
    private static final int ENABLE = 0xF4;
    private static final int DISABLE = 0xF5;
    private static final int SET_DEFAULTS = 0xF6;
    private static final int ALL_KEYS_TYPEMATIC = 0xF7;
    private static final int ALL_KEYS_TYPEMATIC_MAKE_BREAK = 0xFA;
    private static final int KEY_TYPEMATIC = 0xFB;
    private static final int KEY_MAKE = 0xFD;
    private static final int RESET = 0xFF;

    private static final int FIRST_COMMAND = 0xED;
    private static final int[] IDENTITY = {0xAB, 0x83};
    private static final int LEDS = 0x07;
    private static final int DEFAULT_TYPEMATIC = 0x2B;

    private static final int KEY_EXTENDED = 0x80;
    private static final int KEY_CODE = 0x7F;
    private static final int KEY_CONTROL = 0x1D;
    private static final int KEY_ALT = 0x38;
    private static final int KEY_LEFT_SHIFT = 0x2A;
    private static final int KEY_PRINT = 0x37 | KEY_EXTENDED;
    private static final int KEY_SYS_RQ = 0x54;
    private static final int KEY_PAUSE = 0x46 | KEY_EXTENDED;
    private static final int KEY_NUM_LOCK = 0x45;

    /** What the next byte from the host belongs to. */
    enum Awaiting {
        COMMAND,
        LEDS,
        SCAN_CODE_SET,
        TYPEMATIC,
        KEY
    }

    /** The keyboard's settings and what it has still to send. */
    public record State(
            int scanCodeSet,
            int leds,
            int typematic,
            boolean scanning,
            Awaiting awaiting,
            int controlKeys,
            int altKeys,
            boolean sysRq,
            Output output) {}

    private int scanCodeSet = 2;
    private int leds;
    private int typematic = DEFAULT_TYPEMATIC;
    private boolean scanning = true;
    private Awaiting awaiting = Awaiting.COMMAND;
    private int controlKeys;
    private int altKeys;
    private boolean sysRq;

    public Ps2Keyboard() {
        super(EVENT_BYTES);
    }

    @Override
    public String name() {
        return "ps2-keyboard";
    }

    @Override
    public int leds() {
        return leds;
    }

    @Override
    public void key(int scanCode, boolean down) {
        boolean extended = (scanCode & KEY_EXTENDED) != 0;
        int side = extended ? 2 : 1;
        switch (scanCode & KEY_CODE) {
            case KEY_CONTROL -> controlKeys = down ? controlKeys | side : controlKeys & ~side;
            case KEY_ALT -> altKeys = down ? altKeys | side : altKeys & ~side;
            default -> {}
        }
        if (!scanning || room() < (down ? PRESS_ROOM : LONGEST_SEQUENCE)) {
            return;
        }
        switch (scanCode) {
            case KEY_PAUSE -> pause(down);
            case KEY_PRINT, KEY_SYS_RQ -> print(down);
            default -> plain(scanCode & KEY_CODE, extended, down);
        }
    }

    private void plain(int code, boolean extended, boolean down) {
        int sent =
                switch (scanCodeSet) {
                    case 1 -> down ? code : code | ScanCodes.SET_1_BREAK_BIT;
                    case 2 -> ScanCodes.set2(code);
                    default -> ScanCodes.set3(code, extended);
                };
        if (sent == 0) {
            return;
        }
        if (extended && scanCodeSet != 3) {
            event(ScanCodes.EXTENDED);
        }
        if (!down && scanCodeSet != 1) {
            event(ScanCodes.BREAK);
        }
        event(sent);
    }

    /** Print screen: with alt it is another key, SysRq; without, it pretends that shift is held too. */
    private void print(boolean down) {
        if (down) {
            sysRq = altKeys != 0;
        }
        if (scanCodeSet == 3) {
            plain(KEY_SYS_RQ, false, down);
        } else if (sysRq) {
            plain(KEY_SYS_RQ, false, down);
        } else if (down) {
            plain(KEY_LEFT_SHIFT, true, true);
            plain(KEY_PRINT & KEY_CODE, true, true);
        } else {
            plain(KEY_PRINT & KEY_CODE, true, false);
            plain(KEY_LEFT_SHIFT, true, false);
        }
    }

    /** Pause has no release of its own: it sends both when pressed. With control it is another key, Break. */
    private void pause(boolean down) {
        if (scanCodeSet == 3) {
            plain(KEY_PAUSE & KEY_CODE, true, down);
        } else if (down && controlKeys != 0) {
            plain(KEY_PAUSE & KEY_CODE, true, true);
            plain(KEY_PAUSE & KEY_CODE, true, false);
        } else if (down && scanCodeSet == 1) {
            event(ScanCodes.EXTENDED_ONE, KEY_CONTROL, KEY_NUM_LOCK);
            event(
                    ScanCodes.EXTENDED_ONE,
                    KEY_CONTROL | ScanCodes.SET_1_BREAK_BIT,
                    KEY_NUM_LOCK | ScanCodes.SET_1_BREAK_BIT);
        } else if (down) {
            int control = ScanCodes.set2(KEY_CONTROL);
            int numLock = ScanCodes.set2(KEY_NUM_LOCK);
            event(ScanCodes.EXTENDED_ONE, control, numLock);
            event(ScanCodes.EXTENDED_ONE, ScanCodes.BREAK, control, ScanCodes.BREAK, numLock);
        }
    }

    @Override
    void receive(int value) {
        Awaiting what = value >= FIRST_COMMAND ? Awaiting.COMMAND : awaiting;
        awaiting = Awaiting.COMMAND;
        switch (what) {
            case COMMAND -> command(value);
            case LEDS -> {
                leds = value & LEDS;
                reply(ACKNOWLEDGE);
            }
            case TYPEMATIC -> {
                typematic = value & 0x7F;
                reply(ACKNOWLEDGE);
            }
            case SCAN_CODE_SET -> {
                if (value == 0) {
                    reply(ACKNOWLEDGE, scanCodeSet);
                } else if (value <= 3) {
                    scanCodeSet = value;
                    reply(ACKNOWLEDGE);
                } else {
                    reply(RESEND);
                }
            }
            case KEY -> {
                awaiting = Awaiting.KEY;
                reply(ACKNOWLEDGE);
            }
        }
    }

    private void command(int value) {
        switch (value) {
            case SET_LEDS -> await(Awaiting.LEDS);
            case SCAN_CODE_SET -> await(Awaiting.SCAN_CODE_SET);
            case SET_TYPEMATIC -> await(Awaiting.TYPEMATIC);
            case ECHO -> reply(ECHO);
            case IDENTIFY -> {
                reply(ACKNOWLEDGE);
                reply(IDENTITY);
            }
            case ENABLE -> {
                clearOutput();
                scanning = true;
                reply(ACKNOWLEDGE);
            }
            case DISABLE -> {
                defaults();
                scanning = false;
                reply(ACKNOWLEDGE);
            }
            case SET_DEFAULTS -> {
                defaults();
                reply(ACKNOWLEDGE);
            }
            case RESEND -> reply(lastSent());
            case RESET -> {
                defaults();
                reply(ACKNOWLEDGE, SELF_TEST_PASSED);
            }
            default -> {
                if (value >= KEY_TYPEMATIC && value <= KEY_MAKE) {
                    await(Awaiting.KEY);
                } else if (value >= ALL_KEYS_TYPEMATIC && value <= ALL_KEYS_TYPEMATIC_MAKE_BREAK) {
                    reply(ACKNOWLEDGE);
                } else {
                    reply(RESEND);
                }
            }
        }
    }

    private void await(Awaiting what) {
        awaiting = what;
        reply(ACKNOWLEDGE);
    }

    private void defaults() {
        clearOutput();
        scanCodeSet = 2;
        leds = 0;
        typematic = DEFAULT_TYPEMATIC;
        scanning = true;
        awaiting = Awaiting.COMMAND;
    }

    /** Power-on; the keys that a person holds stay held. */
    @Override
    public void reset() {
        defaults();
        resetOutput();
        sysRq = false;
    }

    @Override
    public State save() {
        return new State(scanCodeSet, leds, typematic, scanning, awaiting, controlKeys, altKeys, sysRq, saveOutput());
    }

    @Override
    public void restore(State state) {
        StateCheck.range("scanCodeSet", state.scanCodeSet, 1, 3);
        StateCheck.bits("leds", state.leds, LEDS);
        StateCheck.bits("typematic", state.typematic, 0x7F);
        StateCheck.bits("controlKeys", state.controlKeys, 3);
        StateCheck.bits("altKeys", state.altKeys, 3);
        checkOutput(state.output);
        scanCodeSet = state.scanCodeSet;
        leds = state.leds;
        typematic = state.typematic;
        scanning = state.scanning;
        awaiting = state.awaiting;
        controlKeys = state.controlKeys;
        altKeys = state.altKeys;
        sysRq = state.sysRq;
        restoreOutput(state.output);
    }
}
