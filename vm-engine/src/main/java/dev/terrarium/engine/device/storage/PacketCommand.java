// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import java.util.Optional;

/** The SCSI commands that the CD-ROM knows (MMC-5, 6). */
enum PacketCommand {
    TEST_UNIT_READY(0x00, true),
    REQUEST_SENSE(0x03, false),
    INQUIRY(0x12, false),
    MODE_SENSE_6(0x1A, false),
    START_STOP_UNIT(0x1B, false),
    PREVENT_ALLOW_MEDIUM_REMOVAL(0x1E, false),
    READ_CAPACITY(0x25, true),
    READ_10(0x28, true),
    SEEK_10(0x2B, true),
    READ_TOC(0x43, true),
    GET_CONFIGURATION(0x46, false),
    GET_EVENT_STATUS_NOTIFICATION(0x4A, false),
    READ_DISC_INFORMATION(0x51, true),
    MODE_SENSE_10(0x5A, false),
    READ_12(0xA8, true),
    SET_CD_SPEED(0xBB, false),
    MECHANISM_STATUS(0xBD, false),
    READ_CD(0xBE, true);

    private static final PacketCommand[] BY_CODE = new PacketCommand[256];

    static {
        for (PacketCommand command : values()) {
            BY_CODE[command.code] = command;
        }
    }

    private final int code;
    private final boolean needsMedium;

    PacketCommand(int code, boolean needsMedium) {
        this.code = code;
        this.needsMedium = needsMedium;
    }

    static Optional<PacketCommand> of(int code) {
        return Optional.ofNullable(BY_CODE[code & 0xFF]);
    }

    boolean needsMedium() {
        return needsMedium;
    }

    /** Whether it is carried out although a UNIT ATTENTION is waiting to be told. */
    boolean ignoresUnitAttention() {
        return switch (this) {
            case INQUIRY, REQUEST_SENSE, GET_CONFIGURATION, GET_EVENT_STATUS_NOTIFICATION -> true;
            default -> false;
        };
    }
}
