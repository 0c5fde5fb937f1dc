// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import java.util.Optional;

/** The commands that the drives know (ATA/ATAPI-7 volume 1, 6; DEVICE RESET and PACKET are for ATAPI alone). */
enum AtaCommand {
    NOP(0x00),
    DATA_SET_MANAGEMENT(0x06),
    DEVICE_RESET(0x08),
    READ_SECTORS(0x20),
    READ_SECTORS_NO_RETRY(0x21),
    READ_SECTORS_EXT(0x24),
    READ_DMA_EXT(0x25),
    READ_NATIVE_MAX_ADDRESS_EXT(0x27),
    READ_MULTIPLE_EXT(0x29),
    WRITE_SECTORS(0x30),
    WRITE_SECTORS_NO_RETRY(0x31),
    WRITE_SECTORS_EXT(0x34),
    WRITE_DMA_EXT(0x35),
    WRITE_MULTIPLE_EXT(0x39),
    WRITE_DMA_FUA_EXT(0x3D),
    READ_VERIFY_SECTORS(0x40),
    READ_VERIFY_SECTORS_NO_RETRY(0x41),
    READ_VERIFY_SECTORS_EXT(0x42),
    EXECUTE_DEVICE_DIAGNOSTIC(0x90),
    INITIALIZE_DEVICE_PARAMETERS(0x91),
    STANDBY_IMMEDIATE_OLD(0x94),
    IDLE_IMMEDIATE_OLD(0x95),
    STANDBY_OLD(0x96),
    IDLE_OLD(0x97),
    CHECK_POWER_MODE_OLD(0x98),
    SLEEP_OLD(0x99),
    PACKET(0xA0),
    IDENTIFY_PACKET_DEVICE(0xA1),
    SMART(0xB0),
    READ_MULTIPLE(0xC4),
    WRITE_MULTIPLE(0xC5),
    SET_MULTIPLE_MODE(0xC6),
    READ_DMA(0xC8),
    READ_DMA_NO_RETRY(0xC9),
    WRITE_DMA(0xCA),
    WRITE_DMA_NO_RETRY(0xCB),
    STANDBY_IMMEDIATE(0xE0),
    IDLE_IMMEDIATE(0xE1),
    STANDBY(0xE2),
    IDLE(0xE3),
    CHECK_POWER_MODE(0xE5),
    SLEEP(0xE6),
    FLUSH_CACHE(0xE7),
    FLUSH_CACHE_EXT(0xEA),
    IDENTIFY_DEVICE(0xEC),
    SET_FEATURES(0xEF),
    READ_NATIVE_MAX_ADDRESS(0xF8);

    private static final AtaCommand[] BY_CODE = new AtaCommand[256];

    static {
        for (AtaCommand command : values()) {
            BY_CODE[command.code] = command;
        }
    }

    private final int code;

    AtaCommand(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static Optional<AtaCommand> of(int code) {
        return Optional.ofNullable(BY_CODE[code & 0xFF]);
    }

    /** Whether the parameters are 48 bits wide. */
    boolean extended() {
        return switch (this) {
            case READ_SECTORS_EXT,
                    READ_DMA_EXT,
                    READ_NATIVE_MAX_ADDRESS_EXT,
                    READ_MULTIPLE_EXT,
                    WRITE_SECTORS_EXT,
                    WRITE_DMA_EXT,
                    WRITE_MULTIPLE_EXT,
                    WRITE_DMA_FUA_EXT,
                    READ_VERIFY_SECTORS_EXT -> true;
            default -> false;
        };
    }
}
