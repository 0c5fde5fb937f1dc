// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.input;

import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.PointerSink;
import dev.terrarium.engine.device.StateCheck;

/** A PS/2 mouse that turns into an IntelliMouse with a wheel if the guest knows the knock. */
public final class Ps2Mouse extends Ps2Device implements Device<Ps2Mouse.State>, PointerSink {
    private static final int EVENT_BYTES = 64;
    private static final int LONGEST_PACKET = 4;

    private static final int SET_SCALING_1_TO_1 = 0xE6;
    private static final int SET_SCALING_2_TO_1 = 0xE7;
    private static final int SET_RESOLUTION = 0xE8;
    private static final int STATUS_REQUEST = 0xE9;
    private static final int SET_STREAM_MODE = 0xEA;
    private static final int READ_DATA = 0xEB;
    private static final int RESET_WRAP_MODE = 0xEC;
    private static final int SET_WRAP_MODE = 0xEE;
    private static final int SET_REMOTE_MODE = 0xF0;
    private static final int IDENTIFY = 0xF2;
    private static final int SET_SAMPLE_RATE = 0xF3;
    private static final int ENABLE = 0xF4;
    private static final int DISABLE = 0xF5;
    private static final int SET_DEFAULTS = 0xF6;
    private static final int RESET = 0xFF;

    private static final int STATUS_REMOTE = 0x40;
    private static final int STATUS_ENABLED = 0x20;
    private static final int STATUS_SCALING = 0x10;

    private static final int PACKET_ALWAYS = 0x08;
    private static final int PACKET_X_SIGN = 0x10;
    private static final int PACKET_Y_SIGN = 0x20;

    private static final int IDENTITY_STANDARD = 0;
    private static final int IDENTITY_WHEEL = 3;
    /** The sample rates 200, 100 and 80 one after the other, eight bits each. */
    private static final int WHEEL_KNOCK = 200 << 16 | 100 << 8 | 80;

    private static final int KNOCK_MASK = 0xFF_FFFF;

    private static final int BUTTONS = 0x07;
    private static final int SINK_LEFT = 0x01;
    private static final int SINK_MIDDLE = 0x02;
    private static final int SINK_RIGHT = 0x04;
    private static final int PACKET_LEFT = 0x01;
    private static final int PACKET_RIGHT = 0x02;
    private static final int PACKET_MIDDLE = 0x04;

    private static final int LARGEST_STEP = 255;
    private static final int LARGEST_WHEEL_STEP = 7;
    /** Motion that the guest does not fetch is forgotten beyond this. */
    private static final int LARGEST_MOTION = 4095;

    private static final int DEFAULT_RESOLUTION = 2;
    private static final int DEFAULT_SAMPLE_RATE = 100;

    /** What the next byte from the host belongs to. */
    enum Awaiting {
        COMMAND,
        RESOLUTION,
        SAMPLE_RATE
    }

    /** The mouse's settings, the motion that it has not yet sent, and what it is sending. */
    public record State(
            int identity,
            int knock,
            int resolution,
            int sampleRate,
            boolean doubled,
            boolean remote,
            boolean reporting,
            boolean wrap,
            Awaiting awaiting,
            int buttons,
            int sentButtons,
            int dx,
            int dy,
            int wheel,
            Output output) {}

    private int identity = IDENTITY_STANDARD;
    private int knock;
    private int resolution = DEFAULT_RESOLUTION;
    private int sampleRate = DEFAULT_SAMPLE_RATE;
    private boolean doubled;
    private boolean remote;
    private boolean reporting;
    private boolean wrap;
    private Awaiting awaiting = Awaiting.COMMAND;
    private int buttons;
    private int sentButtons;
    private int dx;
    private int dy;
    private int wheel;

    public Ps2Mouse() {
        super(EVENT_BYTES);
    }

    @Override
    public String name() {
        return "ps2-mouse";
    }

    /** Does the guest listen to this mouse? */
    public boolean reporting() {
        return reporting;
    }

    @Override
    public void move(int moveX, int moveY, int moveWheel, int newButtons) {
        boolean pressed = (newButtons & BUTTONS) != buttons;
        buttons = newButtons & BUTTONS;
        if (!reporting && !remote) {
            sentButtons = buttons;
            return;
        }
        dx = bounded((long) dx + moveX);
        dy = bounded((long) dy - moveY);
        wheel = bounded((long) wheel - moveWheel);
        if (streaming() && changed() && (pressed && room() >= LONGEST_PACKET || noEvents())) {
            event(packet());
        }
    }

    private static int bounded(long motion) {
        return (int) Math.clamp(motion, -LARGEST_MOTION, LARGEST_MOTION);
    }

    private boolean streaming() {
        return reporting && !remote && !wrap;
    }

    private boolean changed() {
        return (dx | dy | (identity == IDENTITY_WHEEL ? wheel : 0)) != 0 || buttons != sentButtons;
    }

    @Override
    void drained() {
        if (streaming() && changed()) {
            event(packet());
        }
    }

    /** The next packet; motion that it has no room for stays for another. */
    private int[] packet() {
        int x = Math.clamp(dx, -LARGEST_STEP, LARGEST_STEP);
        int y = Math.clamp(dy, -LARGEST_STEP, LARGEST_STEP);
        dx -= x;
        dy -= y;
        if (doubled && !remote) {
            x = Math.clamp(doubled(x), -LARGEST_STEP, LARGEST_STEP);
            y = Math.clamp(doubled(y), -LARGEST_STEP, LARGEST_STEP);
        }
        sentButtons = buttons;
        int first = PACKET_ALWAYS
                | ((buttons & SINK_LEFT) != 0 ? PACKET_LEFT : 0)
                | ((buttons & SINK_RIGHT) != 0 ? PACKET_RIGHT : 0)
                | ((buttons & SINK_MIDDLE) != 0 ? PACKET_MIDDLE : 0)
                | (x < 0 ? PACKET_X_SIGN : 0)
                | (y < 0 ? PACKET_Y_SIGN : 0);
        if (identity != IDENTITY_WHEEL) {
            wheel = 0;
            return new int[] {first, x & 0xFF, y & 0xFF};
        }
        int z = Math.clamp(wheel, -LARGEST_WHEEL_STEP, LARGEST_WHEEL_STEP);
        wheel -= z;
        return new int[] {first, x & 0xFF, y & 0xFF, z & 0xFF};
    }

    /** Scaling 2:1 as the technical reference tabulates it: small motions precise, large ones doubled. */
    private static int doubled(int motion) {
        int size = Math.abs(motion);
        int scaled =
                switch (size) {
                    case 0, 1 -> size;
                    case 2 -> 1;
                    case 3 -> 3;
                    case 4 -> 6;
                    case 5 -> 9;
                    default -> 2 * size;
                };
        return motion < 0 ? -scaled : scaled;
    }

    @Override
    void receive(int value) {
        if (wrap && value != RESET && value != RESET_WRAP_MODE) {
            reply(value);
            return;
        }
        Awaiting what = awaiting;
        awaiting = Awaiting.COMMAND;
        switch (what) {
            case COMMAND -> command(value);
            case RESOLUTION -> {
                resolution = value & 3;
                reply(ACKNOWLEDGE);
            }
            case SAMPLE_RATE -> {
                sampleRate = value;
                knock = (knock << 8 | value) & KNOCK_MASK;
                if (knock == WHEEL_KNOCK) {
                    identity = IDENTITY_WHEEL;
                }
                reply(ACKNOWLEDGE);
            }
        }
    }

    private void command(int value) {
        switch (value) {
            case SET_SCALING_1_TO_1 -> {
                doubled = false;
                reply(ACKNOWLEDGE);
            }
            case SET_SCALING_2_TO_1 -> {
                doubled = true;
                reply(ACKNOWLEDGE);
            }
            case SET_RESOLUTION -> await(Awaiting.RESOLUTION);
            case SET_SAMPLE_RATE -> await(Awaiting.SAMPLE_RATE);
            case STATUS_REQUEST -> reply(ACKNOWLEDGE, status(), resolution, sampleRate);
            case SET_STREAM_MODE -> {
                remote = false;
                forgetMotion();
                reply(ACKNOWLEDGE);
            }
            case SET_REMOTE_MODE -> {
                remote = true;
                forgetMotion();
                reply(ACKNOWLEDGE);
            }
            case READ_DATA -> {
                reply(ACKNOWLEDGE);
                reply(packet());
            }
            case SET_WRAP_MODE -> {
                wrap = true;
                reply(ACKNOWLEDGE);
            }
            case RESET_WRAP_MODE -> {
                wrap = false;
                reply(ACKNOWLEDGE);
            }
            case IDENTIFY -> reply(ACKNOWLEDGE, identity);
            case ENABLE -> {
                reporting = true;
                forgetMotion();
                reply(ACKNOWLEDGE);
            }
            case DISABLE -> {
                reporting = false;
                forgetMotion();
                reply(ACKNOWLEDGE);
            }
            case SET_DEFAULTS -> {
                defaults();
                reply(ACKNOWLEDGE);
            }
            case RESEND -> reply(lastSent());
            case RESET -> {
                defaults();
                identity = IDENTITY_STANDARD;
                reply(ACKNOWLEDGE, SELF_TEST_PASSED, identity);
            }
            default -> reply(RESEND);
        }
    }

    private void await(Awaiting what) {
        awaiting = what;
        reply(ACKNOWLEDGE);
    }

    /** In the status byte the buttons stand in another order than in a packet. */
    private int status() {
        return (remote ? STATUS_REMOTE : 0)
                | (reporting ? STATUS_ENABLED : 0)
                | (doubled ? STATUS_SCALING : 0)
                | ((buttons & SINK_LEFT) != 0 ? 4 : 0)
                | ((buttons & SINK_MIDDLE) != 0 ? 2 : 0)
                | ((buttons & SINK_RIGHT) != 0 ? 1 : 0);
    }

    private void forgetMotion() {
        clearOutput();
        dx = 0;
        dy = 0;
        wheel = 0;
        sentButtons = buttons;
    }

    private void defaults() {
        forgetMotion();
        resolution = DEFAULT_RESOLUTION;
        sampleRate = DEFAULT_SAMPLE_RATE;
        doubled = false;
        remote = false;
        reporting = false;
        wrap = false;
        awaiting = Awaiting.COMMAND;
    }

    /** Power-on; the buttons that a person holds stay held. */
    @Override
    public void reset() {
        defaults();
        resetOutput();
        identity = IDENTITY_STANDARD;
        knock = 0;
    }

    @Override
    public State save() {
        return new State(
                identity,
                knock,
                resolution,
                sampleRate,
                doubled,
                remote,
                reporting,
                wrap,
                awaiting,
                buttons,
                sentButtons,
                dx,
                dy,
                wheel,
                saveOutput());
    }

    @Override
    public void restore(State state) {
        StateCheck.bits("identity", state.identity, IDENTITY_WHEEL);
        StateCheck.range("identity", Integer.bitCount(state.identity) % 2, 0, 0);
        StateCheck.bits("knock", state.knock, KNOCK_MASK);
        StateCheck.range("resolution", state.resolution, 0, 3);
        StateCheck.bits("sampleRate", state.sampleRate, 0xFF);
        StateCheck.bits("buttons", state.buttons, BUTTONS);
        StateCheck.bits("sentButtons", state.sentButtons, BUTTONS);
        StateCheck.range("dx", state.dx, -LARGEST_MOTION, LARGEST_MOTION);
        StateCheck.range("dy", state.dy, -LARGEST_MOTION, LARGEST_MOTION);
        StateCheck.range("wheel", state.wheel, -LARGEST_MOTION, LARGEST_MOTION);
        checkOutput(state.output);
        identity = state.identity;
        knock = state.knock;
        resolution = state.resolution;
        sampleRate = state.sampleRate;
        doubled = state.doubled;
        remote = state.remote;
        reporting = state.reporting;
        wrap = state.wrap;
        awaiting = state.awaiting;
        buttons = state.buttons;
        sentButtons = state.sentButtons;
        dx = state.dx;
        dy = state.dy;
        wheel = state.wheel;
        restoreOutput(state.output);
    }
}
