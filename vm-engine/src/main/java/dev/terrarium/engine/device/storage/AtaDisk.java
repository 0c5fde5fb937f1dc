// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import static dev.terrarium.engine.device.storage.DriveStatus.DRDY;
import static dev.terrarium.engine.device.storage.DriveStatus.DSC;
import static dev.terrarium.engine.device.storage.DriveStatus.ERROR_ABRT;
import static dev.terrarium.engine.device.storage.DriveStatus.ERROR_IDNF;
import static dev.terrarium.engine.device.storage.DriveStatus.ERROR_UNC;

import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.device.StorageBackend;
import dev.terrarium.engine.device.storage.DriveState.Phase;
import dev.terrarium.engine.device.storage.TaskFile.Register;
import java.util.Optional;

/** An ATA hard disk: CHS, 28-bit and 48-bit addresses, PIO and DMA, a write cache that FLUSH CACHE empties. */
public final class AtaDisk extends IdeDrive {
    private static final int SECTOR = 512;
    private static final int DEFAULT_HEADS = 16;
    private static final int DEFAULT_SECTORS = 63;
    private static final int MAX_CYLINDERS = 16383;
    private static final int MAX_MULTIPLE = 16;
    private static final long MAX_LBA28 = 0x0FFF_FFFFL;
    private static final int BUFFER_SECTORS = BUFFER_SIZE / SECTOR;

    private static final int FEATURE_WRITE_CACHE_ON = 0x02;
    private static final int FEATURE_TRANSFER_MODE = 0x03;
    private static final int FEATURE_APM_ON = 0x05;
    private static final int FEATURE_LOOK_AHEAD_OFF = 0x55;
    private static final int FEATURE_REVERT_OFF = 0x66;
    private static final int FEATURE_WRITE_CACHE_OFF = 0x82;
    private static final int FEATURE_APM_OFF = 0x85;
    private static final int FEATURE_LOOK_AHEAD_ON = 0xAA;
    private static final int FEATURE_REVERT_ON = 0xCC;

    private static final int FEATURE_TRIM = 0x01;

    /** A range of TRIM: 48 bits of address, 16 of length in sectors (ACS-3, 7.6.3.1). */
    private static final int RANGE_BYTES = 8;

    /** Blocks of ranges that one command may bring, and how much is discarded at once at most. */
    private static final int MAX_RANGE_BLOCKS = 8;

    private static final int MAX_DISCARD_SECTORS = 1 << 21;

    private static final int MODE_PIO_DEFAULT = 0x00;
    private static final int MODE_MDMA = 0x20;
    private static final int MODE_UDMA = 0x40;

    private final StorageBackend backend;
    private final String serial;
    private final long sectors;

    private int heads = DEFAULT_HEADS;
    private int sectorsPerTrack = DEFAULT_SECTORS;
    private int multiple = MAX_MULTIPLE;
    private int blockSectors = 1;
    private boolean extended;
    private boolean dma;
    private boolean flushAfterWrite;
    private boolean trimming;
    private int mode = MODE_UDMA | 5;

    /** Makes a disk of what {@code backend} holds; {@code serial} is up to 20 characters of ASCII. */
    public AtaDisk(StorageBackend backend, String serial) {
        this.backend = backend;
        this.serial = serial;
        this.sectors = backend.size() / SECTOR;
    }

    @Override
    DriveState.Kind kind() {
        return DriveState.Kind.DISK;
    }

    @Override
    Optional<StorageBackend> backend() {
        return Optional.of(backend);
    }

    @Override
    void setSignature() {
        taskFile.setSignature(0, 0);
    }

    @Override
    int statusAfterReset() {
        return DRDY | DSC;
    }

    @Override
    void resetSettings(boolean powerOn) {
        blockSectors = 1;
        extended = false;
        dma = false;
        flushAfterWrite = false;
        trimming = false;
        if (powerOn) {
            heads = DEFAULT_HEADS;
            sectorsPerTrack = DEFAULT_SECTORS;
            multiple = MAX_MULTIPLE;
            mode = MODE_UDMA | 5;
        }
    }

    @Override
    void command(int code) {
        Optional<AtaCommand> known = AtaCommand.of(code);
        if (known.isEmpty()) {
            // 10h to 1Fh are all RECALIBRATE, 70h to 7Fh all SEEK (ATA-3, 7).
            if ((code & 0xF0) == 0x10 || (code & 0xF0) == 0x70) {
                succeed();
            } else {
                abort();
            }
            return;
        }
        AtaCommand command = known.get();
        extended = command.extended();
        dma = false;
        flushAfterWrite = false;
        trimming = false;
        blockSectors = 1;
        switch (command) {
            case IDENTIFY_DEVICE -> identify();
            case READ_SECTORS, READ_SECTORS_NO_RETRY, READ_SECTORS_EXT -> startTransfer(false);
            case WRITE_SECTORS, WRITE_SECTORS_NO_RETRY, WRITE_SECTORS_EXT -> startTransfer(true);
            case READ_MULTIPLE, READ_MULTIPLE_EXT -> startMultiple(false);
            case WRITE_MULTIPLE, WRITE_MULTIPLE_EXT -> startMultiple(true);
            case READ_DMA, READ_DMA_NO_RETRY, READ_DMA_EXT -> {
                dma = true;
                startTransfer(false);
            }
            case WRITE_DMA, WRITE_DMA_NO_RETRY, WRITE_DMA_EXT -> {
                dma = true;
                startTransfer(true);
            }
            case WRITE_DMA_FUA_EXT -> {
                dma = true;
                flushAfterWrite = true;
                startTransfer(true);
            }
            case READ_VERIFY_SECTORS, READ_VERIFY_SECTORS_NO_RETRY, READ_VERIFY_SECTORS_EXT -> verify();
            case FLUSH_CACHE, FLUSH_CACHE_EXT -> startFlush();
            case SET_FEATURES -> setFeatures();
            case SET_MULTIPLE_MODE -> setMultiple();
            case INITIALIZE_DEVICE_PARAMETERS -> initializeParameters();
            case READ_NATIVE_MAX_ADDRESS, READ_NATIVE_MAX_ADDRESS_EXT -> readNativeMax();
            case CHECK_POWER_MODE, CHECK_POWER_MODE_OLD -> {
                taskFile.set(Register.COUNT, 0xFF);
                succeed();
            }
            case STANDBY,
                    STANDBY_IMMEDIATE,
                    IDLE,
                    IDLE_IMMEDIATE,
                    SLEEP,
                    STANDBY_OLD,
                    STANDBY_IMMEDIATE_OLD,
                    IDLE_OLD,
                    IDLE_IMMEDIATE_OLD,
                    SLEEP_OLD -> succeed();
            case IDENTIFY_PACKET_DEVICE, PACKET, DEVICE_RESET -> {
                setSignature();
                abort();
            }
            case DATA_SET_MANAGEMENT -> startTrim();
            case NOP, SMART, EXECUTE_DEVICE_DIAGNOSTIC -> abort();
        }
    }

    private int cylinders() {
        return (int) Math.max(1, Math.min(MAX_CYLINDERS, sectors / (DEFAULT_HEADS * DEFAULT_SECTORS)));
    }

    private void identify() {
        IdentifyData data = new IdentifyData(buffer);
        long currentCylinders = Math.min(65535, Math.max(1, sectors / ((long) heads * sectorsPerTrack)));
        long currentCapacity = Math.min(MAX_LBA28, currentCylinders * heads * sectorsPerTrack);
        data.word(0, 0x0040);
        data.word(1, cylinders());
        data.word(3, DEFAULT_HEADS);
        data.word(6, DEFAULT_SECTORS);
        data.text(10, 10, serial);
        data.text(23, 4, "1.0");
        data.text(27, 20, "TERRARIUM HARDDISK");
        data.word(47, 0x8000 | MAX_MULTIPLE);
        data.word(48, 1);
        data.word(49, 0x0B00);
        data.word(51, 0x0200);
        data.word(53, 0x0007);
        data.word(54, (int) currentCylinders);
        data.word(55, heads);
        data.word(56, sectorsPerTrack);
        data.doubleWord(57, currentCapacity);
        data.word(59, multiple == 0 ? 0 : 0x0100 | multiple);
        data.doubleWord(60, Math.min(sectors, MAX_LBA28));
        data.word(63, 0x0007 | ((mode & 0xF8) == MODE_MDMA ? 0x100 << (mode & 7) : 0));
        data.word(64, 0x0003);
        for (int cycleTime = 65; cycleTime <= 68; cycleTime++) {
            data.word(cycleTime, 120);
        }
        // A trimmed sector reads the same until it is written (DRAT), not necessarily zeros.
        data.word(69, 0x4000);
        data.word(80, 0x00F0);
        data.word(81, 0x0016);
        data.word(82, 0x4020);
        data.word(83, 0x7400);
        data.word(84, 0x4040);
        data.word(85, 0x4020);
        data.word(86, 0x3400);
        data.word(87, 0x4040);
        data.word(88, 0x003F | ((mode & 0xF8) == MODE_UDMA ? 0x100 << (mode & 7) : 0));
        data.word(93, 0x6001);
        data.quadWord(100, sectors);
        data.word(105, MAX_RANGE_BLOCKS);
        data.word(169, 0x0001);
        filled = IdentifyData.BYTES;
        position = 0;
        next = 0;
        remaining = 0;
        offerBlock(filled);
    }

    private void startMultiple(boolean write) {
        if (multiple == 0) {
            abort();
            return;
        }
        blockSectors = multiple;
        startTransfer(write);
    }

    /** Takes address and count from the task file; false, with the command failed, if they are outside the disk. */
    private boolean takeAddress() {
        if (extended) {
            int count = taskFile.get(Register.COUNT) | taskFile.previous(Register.COUNT) << 8;
            remaining = count == 0 ? 65536 : count;
            next = taskFile.lba48();
        } else {
            int count = taskFile.get(Register.COUNT);
            remaining = count == 0 ? 256 : count;
            next = taskFile.lbaMode() ? taskFile.lba28() : fromChs();
        }
        if (next < 0 || next + remaining > sectors) {
            remaining = 0;
            next = 0;
            fail(ERROR_IDNF);
            return false;
        }
        return true;
    }

    private long fromChs() {
        int sector = taskFile.get(Register.LBA_LOW);
        int head = taskFile.device() & TaskFile.DEVICE_HEAD;
        long cylinder = taskFile.byteCount();
        if (sector == 0 || sector > sectorsPerTrack || head >= heads) {
            return -1;
        }
        return (cylinder * heads + head) * sectorsPerTrack + sector - 1;
    }

    /** Leaves the address of {@code lba} in the registers, in the form that the command used. */
    private void showAddress(long lba) {
        if (extended) {
            taskFile.setLba48(lba);
        } else if (taskFile.lbaMode()) {
            taskFile.setLba28(lba);
        } else {
            long track = lba / sectorsPerTrack;
            taskFile.set(Register.LBA_LOW, (int) (lba % sectorsPerTrack) + 1);
            taskFile.setByteCount((int) (track / heads));
            taskFile.setDevice(taskFile.device() & ~TaskFile.DEVICE_HEAD | (int) (track % heads));
        }
    }

    private void startTransfer(boolean write) {
        if (!takeAddress()) {
            return;
        }
        if (write && backend.readOnly()) {
            fail(ERROR_ABRT);
        } else if (!write) {
            fetch();
        } else if (dma) {
            requestDma(chunkBytes());
        } else {
            position = 0;
            filled = chunkBytes();
            requestBlock(Math.min(filled, blockSectors * SECTOR), false);
        }
    }

    /** DATA SET MANAGEMENT with the TRIM bit (ACS-3, 7.6): the host brings a list of ranges. */
    private void startTrim() {
        int blocks = taskFile.get(Register.COUNT) | taskFile.previous(Register.COUNT) << 8;
        if ((taskFile.get(Register.FEATURES) & FEATURE_TRIM) == 0
                || blocks == 0
                || blocks > MAX_RANGE_BLOCKS
                || backend.readOnly()) {
            abort();
            return;
        }
        dma = true;
        trimming = true;
        next = 0;
        remaining = 0;
        requestDma(blocks * SECTOR);
    }

    private static long rangeStart(byte[] buffer, int at) {
        long value = 0;
        for (int i = 5; i >= 0; i--) {
            value = value << 8 | buffer[at + i] & 0xFF;
        }
        return value;
    }

    private static int rangeSectors(byte[] buffer, int at) {
        return buffer[at + 6] & 0xFF | (buffer[at + 7] & 0xFF) << 8;
    }

    /** Discards the first range whose turn it is, with those that follow on it; ends the command after the last. */
    private void trimNext() {
        long start = 0;
        long length = 0;
        for (; position + RANGE_BYTES <= filled; position += RANGE_BYTES) {
            int count = rangeSectors(buffer, position);
            long from = rangeStart(buffer, position);
            if (count > 0 && length > 0 && (from != start + length || length + count > MAX_DISCARD_SECTORS)) {
                break;
            }
            if (count > 0) {
                start = length == 0 ? from : start;
                length += count;
            }
        }
        if (length > 0) {
            startDiscard(start * SECTOR, (int) length * SECTOR);
        } else {
            finish();
        }
    }

    /** Whether all ranges are on the disk. */
    private boolean rangesFit(byte[] ranges, int length) {
        for (int at = 0; at + RANGE_BYTES <= length; at += RANGE_BYTES) {
            if (rangeStart(ranges, at) + rangeSectors(ranges, at) > sectors && rangeSectors(ranges, at) > 0) {
                return false;
            }
        }
        return true;
    }

    private int chunkBytes() {
        int most = BUFFER_SECTORS - BUFFER_SECTORS % blockSectors;
        return (int) Math.min(remaining, most) * SECTOR;
    }

    private void fetch() {
        startRead(next * SECTOR, chunkBytes());
    }

    private void verify() {
        if (takeAddress()) {
            showAddress(next + remaining - 1);
            remaining = 0;
            succeed();
        }
    }

    @Override
    void requestDone(Phase request, boolean success) {
        if (!success) {
            showAddress(next);
            remaining = 0;
            fail(request == Phase.BACKEND_READ ? ERROR_UNC : ERROR_ABRT);
            return;
        }
        switch (request) {
            case BACKEND_READ -> {
                advance(filled / SECTOR);
                position = 0;
                if (dma) {
                    offerDma();
                } else {
                    offerBlock(Math.min(filled, blockSectors * SECTOR));
                }
            }
            case BACKEND_WRITE -> {
                advance(filled / SECTOR);
                if (remaining > 0) {
                    continueWrite();
                } else if (flushAfterWrite) {
                    startFlush();
                } else {
                    finish();
                }
            }
            case BACKEND_DISCARD -> trimNext();
            default -> finish();
        }
    }

    private void advance(int done) {
        next += done;
        remaining -= done;
    }

    private void continueWrite() {
        if (dma) {
            requestDma(chunkBytes());
        } else {
            position = 0;
            filled = chunkBytes();
            requestBlock(Math.min(filled, blockSectors * SECTOR), true);
        }
    }

    private void finish() {
        if (dma) {
            endDma();
        }
        succeed();
    }

    @Override
    void blockDone() {
        if (phase == Phase.PIO_IN) {
            if (position < filled) {
                offerBlock(Math.min(filled - position, blockSectors * SECTOR));
            } else if (remaining > 0) {
                fetch();
            } else {
                phase = Phase.IDLE;
                status = DRDY | DSC;
                if (next > 0) {
                    showAddress(next - 1);
                }
            }
        } else if (position < filled) {
            requestBlock(Math.min(filled - position, blockSectors * SECTOR), true);
        } else {
            startWrite(next * SECTOR, filled);
        }
    }

    @Override
    void dmaDone() {
        if (phase == Phase.DMA_OUT && trimming) {
            if (rangesFit(buffer, filled)) {
                position = 0;
                trimNext();
            } else {
                endDma();
                fail(ERROR_IDNF);
            }
        } else if (phase == Phase.DMA_OUT) {
            startWrite(next * SECTOR, filled);
        } else if (remaining > 0) {
            fetch();
        } else {
            finish();
        }
    }

    private void setFeatures() {
        int value = taskFile.get(Register.COUNT);
        switch (taskFile.get(Register.FEATURES)) {
            case FEATURE_TRANSFER_MODE -> setTransferMode(value);
            case FEATURE_WRITE_CACHE_ON,
                    FEATURE_LOOK_AHEAD_OFF,
                    FEATURE_LOOK_AHEAD_ON,
                    FEATURE_REVERT_OFF,
                    FEATURE_REVERT_ON,
                    FEATURE_APM_ON,
                    FEATURE_APM_OFF -> succeed();
            // What the guest wrote is with the host before the command ends; the host's cache is emptied once more.
            case FEATURE_WRITE_CACHE_OFF -> startFlush();
            default -> abort();
        }
    }

    private void setTransferMode(int value) {
        int number = value & 7;
        switch (value & 0xF8) {
            case MODE_MDMA -> acceptMode(value, number <= 2);
            case MODE_UDMA -> acceptMode(value, number <= 5);
            default -> acceptMode(MODE_PIO_DEFAULT, value <= 0x0F);
        }
    }

    private void acceptMode(int value, boolean supported) {
        if (supported) {
            mode = value;
            succeed();
        } else {
            abort();
        }
    }

    private void setMultiple() {
        int count = taskFile.get(Register.COUNT);
        if (count > MAX_MULTIPLE || Integer.bitCount(count) > 1) {
            abort();
        } else {
            multiple = count;
            succeed();
        }
    }

    private void initializeParameters() {
        int count = taskFile.get(Register.COUNT);
        if (count == 0) {
            abort();
            return;
        }
        heads = (taskFile.device() & TaskFile.DEVICE_HEAD) + 1;
        sectorsPerTrack = count;
        succeed();
    }

    private void readNativeMax() {
        if (extended) {
            taskFile.setLba48(sectors - 1);
        } else {
            taskFile.setLba28(Math.min(sectors, MAX_LBA28) - 1);
        }
        succeed();
    }

    @Override
    DriveState.Disk diskState() {
        return new DriveState.Disk(
                heads, sectorsPerTrack, multiple, blockSectors, extended, dma, flushAfterWrite, trimming, mode);
    }

    @Override
    DriveState.Cdrom cdromState() {
        return DriveState.Cdrom.NONE;
    }

    @Override
    void validateSettings(DriveState state) {
        DriveState.Disk disk = state.disk();
        InvalidStateException.require(
                disk.heads() >= 1
                        && disk.heads() <= 16
                        && disk.sectorsPerTrack() >= 1
                        && disk.sectorsPerTrack() <= 255
                        && disk.multiple() >= 0
                        && disk.multiple() <= MAX_MULTIPLE
                        && disk.blockSectors() >= 1
                        && disk.blockSectors() <= MAX_MULTIPLE
                        && (disk.mode() & ~0xFF) == 0,
                "IDE disk settings");
        boolean discarding = state.phase() == Phase.BACKEND_DISCARD;
        InvalidStateException.require(
                (!discarding || disk.trimming() && disk.dma() && state.position() % RANGE_BYTES == 0)
                        && (!disk.trimming()
                                || state.phase() != Phase.BACKEND_WRITE
                                        && state.data().length <= MAX_RANGE_BLOCKS * SECTOR)
                        && (!discarding || rangesFit(state.data(), state.data().length)),
                "IDE disk ranges");
        InvalidStateException.require(state.next() + state.remaining() <= sectors, "IDE disk address");
    }

    @Override
    void restoreSettings(DriveState state) {
        DriveState.Disk disk = state.disk();
        heads = disk.heads();
        sectorsPerTrack = disk.sectorsPerTrack();
        multiple = disk.multiple();
        blockSectors = disk.blockSectors();
        extended = disk.extended();
        dma = disk.dma();
        flushAfterWrite = disk.forceUnit();
        trimming = disk.trimming();
        mode = disk.mode();
    }
}
