// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A kernel with all that goes with it, in the form that the boot ROM copies into memory: a plan, then the pieces one after
 * the other. The plan's layout is described in {@code boot-rom.asm}.
 */
public final class BootPayload {
    private static final String ROM_FILE = "genroms/terrarium-boot.bin";
    private static final String PAYLOAD_FILE = "opt/dev.terrarium/boot";

    private static final int PLAN_SIZE = 32;
    private static final int REQUEST_SIZE = 16;
    private static final int MAX_PIECES = 200;
    private static final int DMA_READ = 0x02;
    private static final int DMA_SELECT = 0x08;

    /** An item that does not exist reads as zeros. */
    private static final int NO_ITEM = 0xFFFF;

    private enum Kind {
        LINUX(1),
        MULTIBOOT(2);

        private final int code;

        Kind(int code) {
            this.code = code;
        }
    }

    private record Piece(long address, byte[] content, int offset, int length) {}

    private record Zeros(long address, long length) {}

    private final Kind kind;
    private final int entry;
    private final int information;
    private final int codeSegment;
    private final int dataSegment;
    private final int stackPointer;
    private final List<Piece> pieces = new ArrayList<>();
    private final List<Zeros> zeros = new ArrayList<>();

    private BootPayload(Kind kind, int entry, int information, int codeSegment, int dataSegment, int stackPointer) {
        this.kind = kind;
        this.entry = entry;
        this.information = information;
        this.codeSegment = codeSegment;
        this.dataSegment = dataSegment;
        this.stackPointer = stackPointer;
    }

    /** A kernel that is entered in real mode at {@code codeSegment:0}. */
    static BootPayload linux(int codeSegment, int dataSegment, int stackPointer) {
        return new BootPayload(Kind.LINUX, 0, 0, codeSegment, dataSegment, stackPointer);
    }

    /** A kernel that is entered in protected mode at {@code entry}, EBX pointing to {@code information}. */
    static BootPayload multiboot(int entry, int information) {
        return new BootPayload(Kind.MULTIBOOT, entry, information, 0, 0, 0);
    }

    /** Puts {@code content[offset .. offset + length)} at a physical address. */
    void add(long address, byte[] content, int offset, int length) {
        if (length > 0) {
            pieces.add(new Piece(address, content, offset, length));
        }
    }

    void add(long address, byte[] content) {
        add(address, content, 0, content.length);
    }

    /** Clears a stretch of memory, after all pieces have been put in place. */
    void addZeros(long address, long length) {
        if (length > 0) {
            zeros.add(new Zeros(address, length));
        }
    }

    boolean full() {
        return pieces.size() + zeros.size() >= MAX_PIECES;
    }

    /** Hands the kernel to the machine. The result is its line in the boot order. */
    public String addTo(FirmwareConfig config) {
        config.addFile(PAYLOAD_FILE, toByteArray());
        config.addFile(ROM_FILE, BootRom.image());
        return BootOrder.rom(ROM_FILE);
    }

    byte[] toByteArray() {
        int count = pieces.size() + zeros.size();
        int size = PLAN_SIZE + REQUEST_SIZE * count;
        for (Piece piece : pieces) {
            size = Math.addExact(size, piece.length());
        }
        ByteBuffer payload = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        payload.put(new byte[] {'T', 'R', 'M', 'B'})
                .putShort((short) kind.code)
                .putShort((short) count)
                .putInt(entry)
                .putInt(information)
                .putShort((short) codeSegment)
                .putShort((short) dataSegment)
                .putShort((short) stackPointer)
                .position(PLAN_SIZE);
        payload.order(ByteOrder.BIG_ENDIAN);
        for (Piece piece : pieces) {
            payload.putInt(DMA_READ).putInt(piece.length()).putLong(piece.address());
        }
        for (Zeros zero : zeros) {
            payload.putInt(NO_ITEM << 16 | DMA_SELECT | DMA_READ)
                    .putInt((int) zero.length())
                    .putLong(zero.address());
        }
        for (Piece piece : pieces) {
            payload.put(piece.content(), piece.offset(), piece.length());
        }
        return payload.array();
    }
}
