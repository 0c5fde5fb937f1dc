// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.display;

import dev.terrarium.engine.device.InvalidStateException;

/**
 * The VGA's registers at ports 3B0h to 3DFh: sequencer, CRT controller, graphics controller, attribute controller, DAC
 * and the external registers (IBM Personal System/2 Hardware Interface Technical Reference, Video Subsystem).
 */
final class VgaRegisters {
    static final int SEQ_CLOCKING_MODE = 1;
    static final int SEQ_MAP_MASK = 2;
    static final int SEQ_CHARACTER_MAP = 3;
    static final int SEQ_MEMORY_MODE = 4;

    static final int CRTC_DISPLAY_END = 0x01;
    static final int CRTC_OVERFLOW = 0x07;
    static final int CRTC_MAX_SCAN_LINE = 0x09;
    static final int CRTC_CURSOR_START = 0x0A;
    static final int CRTC_CURSOR_END = 0x0B;
    static final int CRTC_START_HIGH = 0x0C;
    static final int CRTC_START_LOW = 0x0D;
    static final int CRTC_CURSOR_HIGH = 0x0E;
    static final int CRTC_CURSOR_LOW = 0x0F;
    static final int CRTC_RETRACE_END = 0x11;
    static final int CRTC_VERTICAL_DISPLAY_END = 0x12;
    static final int CRTC_OFFSET = 0x13;
    static final int CRTC_MODE_CONTROL = 0x17;
    static final int CRTC_LINE_COMPARE = 0x18;

    static final int GC_SET_RESET = 0;
    static final int GC_ENABLE_SET_RESET = 1;
    static final int GC_COLOR_COMPARE = 2;
    static final int GC_DATA_ROTATE = 3;
    static final int GC_READ_MAP = 4;
    static final int GC_MODE = 5;
    static final int GC_MISCELLANEOUS = 6;
    static final int GC_COLOR_DONT_CARE = 7;
    static final int GC_BIT_MASK = 8;

    static final int ATTR_MODE_CONTROL = 0x10;
    static final int ATTR_PLANE_ENABLE = 0x12;
    static final int ATTR_PIXEL_PANNING = 0x13;
    static final int ATTR_COLOR_SELECT = 0x14;

    static final int MISC_COLOR = 0x01;
    static final int MISC_RAM_ENABLE = 0x02;

    private static final int PALETTE_ADDRESS_SOURCE = 0x20;
    private static final int CRTC_PROTECT = 0x80;
    private static final int OVERFLOW_LINE_COMPARE = 0x10;

    private static final int SEQUENCER_SIZE = 5;
    private static final int CRTC_SIZE = 0x19;
    private static final int GRAPHICS_SIZE = 9;
    private static final int ATTRIBUTE_SIZE = 0x15;

    private static final int[] SEQUENCER_MASK = {0x03, 0x3D, 0x0F, 0x3F, 0x0E};
    private static final int[] GRAPHICS_MASK = {0x0F, 0x0F, 0x0F, 0x1F, 0x03, 0x7B, 0x0F, 0x0F, 0xFF};

    private static final int STATUS_DISPLAY_DISABLED = 0x01;
    private static final int STATUS_VERTICAL_RETRACE = 0x08;

    /** A port, as it is named for colour adapters; on monochrome ones 3D4h, 3D5h and 3DAh are 3B4h, 3B5h and 3BAh. */
    private enum Port {
        ATTRIBUTE(0x3C0),
        ATTRIBUTE_READ(0x3C1),
        MISCELLANEOUS(0x3C2),
        SEQUENCER_INDEX(0x3C4),
        SEQUENCER_DATA(0x3C5),
        PEL_MASK(0x3C6),
        PEL_READ(0x3C7),
        PEL_WRITE(0x3C8),
        PEL_DATA(0x3C9),
        FEATURE_READ(0x3CA),
        MISCELLANEOUS_READ(0x3CC),
        GRAPHICS_INDEX(0x3CE),
        GRAPHICS_DATA(0x3CF),
        CRTC_INDEX(0x3D4),
        CRTC_DATA(0x3D5),
        INPUT_STATUS(0x3DA),
        NONE(0);

        private static final Port[] BY_NUMBER = new Port[0x30];

        static {
            java.util.Arrays.fill(BY_NUMBER, NONE);
            for (Port port : values()) {
                if (port != NONE) {
                    BY_NUMBER[port.number - 0x3B0] = port;
                }
            }
        }

        private final int number;

        Port(int number) {
            this.number = number;
        }
    }

    /** The registers' values; {@code external} holds the ones that belong to no controller, in a fixed order. */
    record State(int[] sequencer, int[] crtc, int[] graphics, int[] attribute, byte[] dac, int[] external) {}

    /** Told after a register has changed that matters for the picture. */
    private final Runnable pictureChanged;

    /** Told after a register has changed that matters for what the window at A0000h shows. */
    private final Runnable windowChanged;

    private final int[] sequencer = new int[SEQUENCER_SIZE];
    private final int[] crtc = new int[CRTC_SIZE];
    private final int[] graphics = new int[GRAPHICS_SIZE];
    private final int[] attribute = new int[ATTRIBUTE_SIZE];
    private final byte[] dac = new byte[768];
    private int miscellaneous;
    private int feature;
    private int sequencerIndex;
    private int crtcIndex;
    private int graphicsIndex;
    private int attributeIndex;
    private boolean attributeData;
    private int pelMask;
    private int pelRead;
    private int pelWrite;
    private int pelComponent;
    private int pelState;
    private int status;

    VgaRegisters(Runnable pictureChanged, Runnable windowChanged) {
        this.pictureChanged = pictureChanged;
        this.windowChanged = windowChanged;
    }

    int sequencer(int index) {
        return sequencer[index];
    }

    int crtc(int index) {
        return crtc[index];
    }

    int graphics(int index) {
        return graphics[index];
    }

    int attribute(int index) {
        return attribute[index];
    }

    int miscellaneous() {
        return miscellaneous;
    }

    int pelMask() {
        return pelMask;
    }

    boolean screenEnabled() {
        return (attributeIndex & PALETTE_ADDRESS_SOURCE) != 0;
    }

    /** A DAC entry as red, green, blue of 8 bits each. */
    int color(int index, boolean eightBits) {
        int at = 3 * (index & 0xFF);
        return level(dac[at], eightBits) << 16 | level(dac[at + 1], eightBits) << 8 | level(dac[at + 2], eightBits);
    }

    private static int level(byte value, boolean eightBits) {
        int six = value & 0x3F;
        return eightBits ? value & 0xFF : six << 2 | six >> 4;
    }

    private Port port(int number) {
        if (number < 0x3B0 || number > 0x3DF) {
            return Port.NONE;
        }
        boolean color = (miscellaneous & MISC_COLOR) != 0;
        if (number < 0x3C0) {
            return color ? Port.NONE : Port.BY_NUMBER[number + 0x20 - 0x3B0];
        }
        return number >= 0x3D0 && !color ? Port.NONE : Port.BY_NUMBER[number - 0x3B0];
    }

    int read(int number) {
        return switch (port(number)) {
            case ATTRIBUTE -> attributeData ? 0 : attributeIndex;
            case ATTRIBUTE_READ -> (attributeIndex & 0x1F) < ATTRIBUTE_SIZE ? attribute[attributeIndex & 0x1F] : 0;
            case MISCELLANEOUS -> 0x10;
            case SEQUENCER_INDEX -> sequencerIndex;
            case SEQUENCER_DATA -> sequencerIndex < SEQUENCER_SIZE ? sequencer[sequencerIndex] : 0;
            case PEL_MASK -> pelMask;
            case PEL_READ -> pelState;
            case PEL_WRITE -> pelWrite;
            case PEL_DATA -> readPel();
            case FEATURE_READ -> feature;
            case MISCELLANEOUS_READ -> miscellaneous;
            case GRAPHICS_INDEX -> graphicsIndex;
            case GRAPHICS_DATA -> graphicsIndex < GRAPHICS_SIZE ? graphics[graphicsIndex] : 0;
            case CRTC_INDEX -> crtcIndex;
            case CRTC_DATA -> crtcIndex < CRTC_SIZE ? crtc[crtcIndex] : 0;
            case INPUT_STATUS -> {
                attributeData = false;
                status ^= STATUS_DISPLAY_DISABLED | STATUS_VERTICAL_RETRACE;
                yield status;
            }
            case NONE -> 0xFF;
        };
    }

    private int readPel() {
        int value = dac[3 * pelRead + pelComponent] & 0xFF;
        if (++pelComponent == 3) {
            pelComponent = 0;
            pelRead = pelRead + 1 & 0xFF;
        }
        return value;
    }

    void write(int number, int value) {
        switch (port(number)) {
            case ATTRIBUTE -> writeAttribute(value);
            case MISCELLANEOUS -> {
                miscellaneous = value & ~0x10;
                windowChanged.run();
            }
            case SEQUENCER_INDEX -> sequencerIndex = value & 7;
            case SEQUENCER_DATA -> writeSequencer(value);
            case PEL_MASK -> {
                pelMask = value;
                pictureChanged.run();
            }
            case PEL_READ -> {
                pelRead = value;
                pelComponent = 0;
                pelState = 3;
            }
            case PEL_WRITE -> {
                pelWrite = value;
                pelComponent = 0;
                pelState = 0;
            }
            case PEL_DATA -> writePel(value);
            case GRAPHICS_INDEX -> graphicsIndex = value & 0xF;
            case GRAPHICS_DATA -> writeGraphics(value);
            case CRTC_INDEX -> crtcIndex = value & 0x3F;
            case CRTC_DATA -> writeCrtc(value);
            case INPUT_STATUS -> feature = value & 0x10;
            case ATTRIBUTE_READ, FEATURE_READ, MISCELLANEOUS_READ, NONE -> {}
        }
    }

    private void writeAttribute(int value) {
        attributeData = !attributeData;
        if (attributeData) {
            boolean wasEnabled = screenEnabled();
            attributeIndex = value & 0x3F;
            if (wasEnabled != screenEnabled()) {
                pictureChanged.run();
            }
            return;
        }
        int index = attributeIndex & 0x1F;
        if (index < ATTRIBUTE_SIZE && (index >= ATTR_MODE_CONTROL || !screenEnabled())) {
            attribute[index] = value & (index < ATTR_MODE_CONTROL ? 0x3F : 0xFF);
            pictureChanged.run();
        }
    }

    private void writeSequencer(int value) {
        if (sequencerIndex >= SEQUENCER_SIZE) {
            return;
        }
        int written = value & SEQUENCER_MASK[sequencerIndex];
        if (sequencer[sequencerIndex] == written) {
            return;
        }
        sequencer[sequencerIndex] = written;
        if (sequencerIndex == SEQ_MAP_MASK || sequencerIndex == SEQ_MEMORY_MODE) {
            windowChanged.run();
        } else {
            pictureChanged.run();
        }
    }

    private void writeGraphics(int value) {
        if (graphicsIndex >= GRAPHICS_SIZE) {
            return;
        }
        int old = graphics[graphicsIndex];
        graphics[graphicsIndex] = value & GRAPHICS_MASK[graphicsIndex];
        if (old != graphics[graphicsIndex] && (graphicsIndex == GC_MODE || graphicsIndex == GC_MISCELLANEOUS)) {
            pictureChanged.run();
            windowChanged.run();
        }
    }

    private void writeCrtc(int value) {
        if (crtcIndex >= CRTC_SIZE) {
            return;
        }
        int written = value;
        if (crtcIndex <= CRTC_OVERFLOW && (crtc[CRTC_RETRACE_END] & CRTC_PROTECT) != 0) {
            if (crtcIndex != CRTC_OVERFLOW) {
                return;
            }
            written = crtc[CRTC_OVERFLOW] & ~OVERFLOW_LINE_COMPARE | value & OVERFLOW_LINE_COMPARE;
        }
        if (crtc[crtcIndex] != written) {
            crtc[crtcIndex] = written;
            // The cursor's place is looked at with every picture.
            if (crtcIndex != CRTC_CURSOR_HIGH && crtcIndex != CRTC_CURSOR_LOW) {
                pictureChanged.run();
            }
        }
    }

    private void writePel(int value) {
        dac[3 * pelWrite + pelComponent] = (byte) value;
        if (++pelComponent == 3) {
            pelComponent = 0;
            pelWrite = pelWrite + 1 & 0xFF;
        }
        pictureChanged.run();
    }

    void reset() {
        restore(new State(
                new int[SEQUENCER_SIZE],
                new int[CRTC_SIZE],
                new int[GRAPHICS_SIZE],
                new int[ATTRIBUTE_SIZE],
                new byte[768],
                new int[] {0, 0, 0, 0, 0, 0, 0, 0xFF, 0, 0, 0, 0, 0}));
    }

    State save() {
        return new State(sequencer.clone(), crtc.clone(), graphics.clone(), attribute.clone(), dac.clone(), new int[] {
            miscellaneous,
            feature,
            sequencerIndex,
            crtcIndex,
            graphicsIndex,
            attributeIndex,
            attributeData ? 1 : 0,
            pelMask,
            pelRead,
            pelWrite,
            pelComponent,
            pelState,
            status
        });
    }

    static void validate(State state) {
        InvalidStateException.require(
                state.sequencer().length == SEQUENCER_SIZE
                        && state.crtc().length == CRTC_SIZE
                        && state.graphics().length == GRAPHICS_SIZE
                        && state.attribute().length == ATTRIBUTE_SIZE
                        && state.dac().length == 768
                        && state.external().length == 13,
                "number of VGA registers");
        for (int[] registers :
                new int[][] {state.sequencer(), state.crtc(), state.graphics(), state.attribute(), state.external()}) {
            for (int register : registers) {
                InvalidStateException.require((register & ~0xFF) == 0, "VGA register wider than a byte");
            }
        }
        for (int i = 0; i < SEQUENCER_SIZE; i++) {
            InvalidStateException.require((state.sequencer()[i] & ~SEQUENCER_MASK[i]) == 0, "VGA sequencer register");
        }
        for (int i = 0; i < GRAPHICS_SIZE; i++) {
            InvalidStateException.require((state.graphics()[i] & ~GRAPHICS_MASK[i]) == 0, "VGA graphics register");
        }
        int[] external = state.external();
        InvalidStateException.require(
                external[2] <= 7
                        && external[3] <= 0x3F
                        && external[4] <= 0xF
                        && external[5] <= 0x3F
                        && external[6] <= 1
                        && external[10] <= 2,
                "VGA index register");
    }

    void restore(State state) {
        System.arraycopy(state.sequencer(), 0, sequencer, 0, SEQUENCER_SIZE);
        System.arraycopy(state.crtc(), 0, crtc, 0, CRTC_SIZE);
        System.arraycopy(state.graphics(), 0, graphics, 0, GRAPHICS_SIZE);
        System.arraycopy(state.attribute(), 0, attribute, 0, ATTRIBUTE_SIZE);
        System.arraycopy(state.dac(), 0, dac, 0, dac.length);
        int[] external = state.external();
        miscellaneous = external[0];
        feature = external[1];
        sequencerIndex = external[2];
        crtcIndex = external[3];
        graphicsIndex = external[4];
        attributeIndex = external[5];
        attributeData = external[6] != 0;
        pelMask = external[7];
        pelRead = external[8];
        pelWrite = external[9];
        pelComponent = external[10];
        pelState = external[11];
        status = external[12];
    }
}
