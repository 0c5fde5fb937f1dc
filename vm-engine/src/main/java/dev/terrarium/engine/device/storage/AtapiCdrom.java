// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import static dev.terrarium.engine.device.storage.DriveStatus.DRDY;
import static dev.terrarium.engine.device.storage.DriveStatus.DRQ;
import static dev.terrarium.engine.device.storage.DriveStatus.DSC;
import static dev.terrarium.engine.device.storage.DriveStatus.ERR;
import static dev.terrarium.engine.device.storage.DriveStatus.ERROR_ABRT;

import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.device.StorageBackend;
import dev.terrarium.engine.device.storage.DriveState.Phase;
import dev.terrarium.engine.device.storage.TaskFile.Register;
import java.util.Optional;

/**
 * An ATAPI CD and DVD drive. Its tray is mechanical: a reset of the machine neither opens nor closes it.
 *
 * <p>The host's side is {@link #insert} and {@link #eject}; the caller keeps and closes the backends, and may close one
 * that is no longer in the drive although a request of it is still under way: that request fails.
 */
public final class AtapiCdrom extends IdeDrive {
    static final int RAW_SECTOR = 2352;

    private static final int SECTOR = CdReplies.SECTOR;
    private static final int BUFFER_SECTORS = 32;
    private static final int PACKET_LENGTH = 12;
    private static final int SIGNATURE_LOW = 0x14;
    private static final int SIGNATURE_HIGH = 0xEB;

    /** The Interrupt Reason register, which for packets is the count register. */
    private static final int REASON_COMMAND = 1;

    private static final int REASON_TO_HOST = 2;
    private static final int REASON_STATUS = 3;

    private static final int EVENT_NONE = 0;
    private static final int EVENT_EJECT_REQUEST = 1;
    private static final int EVENT_NEW_MEDIA = 2;
    private static final int EVENT_MEDIA_REMOVAL = 3;

    private static final int FEATURE_TRANSFER_MODE = 0x03;
    private static final int MODE_MDMA = 0x20;
    private static final int MODE_UDMA = 0x40;
    private static final int MODE_DEFAULT = MODE_UDMA | 2;

    private static final int MEDIUM_TYPE_NONE = 0x70;
    private static final int MEDIUM_TYPE_OPEN = 0x71;
    private static final int MEDIUM_TYPE_DATA = 0x01;

    private final String serial;
    private Optional<StorageBackend> medium;

    private boolean trayOpen;
    private boolean locked;
    private boolean mediumChanged;
    private int event;
    private int senseKey;
    private int additionalSense;
    private int blockSize = SECTOR;
    private boolean dma;
    private int byteCountLimit = 2;
    private int mode = MODE_DEFAULT;

    public AtapiCdrom(Optional<StorageBackend> medium, String serial) {
        this.medium = medium;
        this.serial = serial;
    }

    /** Puts a disc in and closes the tray. */
    public void insert(StorageBackend disc) {
        medium = Optional.of(disc);
        trayOpen = false;
        mediumChanged = true;
        event = EVENT_NEW_MEDIA;
    }

    /**
     * Takes the disc out. If the guest has locked the tray and {@code force} is not set, the guest is asked to let it
     * go, and the answer is false.
     */
    public boolean eject(boolean force) {
        if (locked && !force) {
            event = EVENT_EJECT_REQUEST;
            return false;
        }
        medium = Optional.empty();
        locked = false;
        mediumChanged = false;
        event = EVENT_MEDIA_REMOVAL;
        return true;
    }

    /** Whether the guest has opened the tray. The disc in it is back as soon as the guest or an insert closes it. */
    public boolean trayOpen() {
        return trayOpen;
    }

    private long sectors() {
        return trayOpen ? 0 : medium.map(StorageBackend::size).orElse(0L) / SECTOR;
    }

    private boolean ready() {
        return sectors() > 0;
    }

    @Override
    DriveState.Kind kind() {
        return DriveState.Kind.CDROM;
    }

    @Override
    Optional<StorageBackend> backend() {
        return medium;
    }

    @Override
    void setSignature() {
        taskFile.setSignature(SIGNATURE_LOW, SIGNATURE_HIGH);
    }

    @Override
    int statusAfterReset() {
        return 0;
    }

    @Override
    void resetSettings(boolean powerOn) {
        dma = false;
        blockSize = SECTOR;
        byteCountLimit = 2;
        senseKey = 0;
        additionalSense = 0;
        if (powerOn) {
            locked = false;
            mode = MODE_DEFAULT;
        }
    }

    @Override
    void command(int code) {
        AtaCommand command = AtaCommand.of(code).orElse(AtaCommand.NOP);
        switch (command) {
            case PACKET -> {
                dma = (taskFile.get(Register.FEATURES) & 1) != 0;
                position = 0;
                filled = 0;
                remaining = 0;
                blockEnd = PACKET_LENGTH;
                phase = Phase.PACKET_OUT;
                taskFile.set(Register.COUNT, REASON_COMMAND);
                status = DRDY | DSC | DRQ;
            }
            case IDENTIFY_PACKET_DEVICE -> identify();
            case DEVICE_RESET -> {
                beginReset(false);
                endReset();
            }
            case SET_FEATURES -> setFeatures();
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
                    SLEEP_OLD,
                    FLUSH_CACHE,
                    FLUSH_CACHE_EXT -> succeed();
            case IDENTIFY_DEVICE, READ_SECTORS, READ_SECTORS_NO_RETRY, READ_SECTORS_EXT -> {
                setSignature();
                abort();
            }
            default -> abort();
        }
    }

    private void setFeatures() {
        int value = taskFile.get(Register.COUNT);
        int number = value & 7;
        boolean supported = taskFile.get(Register.FEATURES) == FEATURE_TRANSFER_MODE
                && switch (value & 0xF8) {
                    case MODE_MDMA -> number <= 2;
                    case MODE_UDMA -> number <= 5;
                    default -> value <= 0x0F;
                };
        if (supported) {
            mode = value >= MODE_MDMA ? value : 0;
            succeed();
        } else {
            abort();
        }
    }

    private void identify() {
        IdentifyData data = new IdentifyData(buffer);
        // A removable CD-ROM that takes 12-byte packets and raises DRQ within 50 us of PACKET.
        data.word(0, 0x85C0);
        data.text(10, 10, serial);
        data.text(23, 4, "1.0");
        data.text(27, 20, "TERRARIUM DVD-ROM");
        data.word(49, 0x0B00);
        data.word(53, 0x0006);
        data.word(63, 0x0007 | ((mode & 0xF8) == MODE_MDMA ? 0x100 << (mode & 7) : 0));
        data.word(64, 0x0003);
        for (int cycleTime = 65; cycleTime <= 68; cycleTime++) {
            data.word(cycleTime, 120);
        }
        data.word(80, 0x007E);
        data.word(82, 0x0210);
        data.word(83, 0x4000);
        data.word(84, 0x4000);
        data.word(85, 0x0210);
        data.word(87, 0x4000);
        data.word(88, 0x003F | ((mode & 0xF8) == MODE_UDMA ? 0x100 << (mode & 7) : 0));
        data.word(93, 0x6001);
        position = 0;
        filled = IdentifyData.BYTES;
        remaining = 0;
        dma = false;
        byteCountLimit = IdentifyData.BYTES;
        offerBlock(filled);
    }

    @Override
    void blockDone() {
        if (phase == Phase.PACKET_OUT) {
            packet(java.util.Arrays.copyOf(buffer, PACKET_LENGTH));
        } else if (position < filled) {
            offerPacketBlock();
        } else {
            chunkDone();
        }
    }

    @Override
    void dmaDone() {
        chunkDone();
    }

    private void chunkDone() {
        if (remaining > 0) {
            fetch();
        } else {
            complete();
        }
    }

    private void complete() {
        if (dma) {
            endDma();
        }
        taskFile.set(Register.COUNT, REASON_STATUS);
        succeed();
    }

    private void check(Sense sense) {
        senseKey = sense.key();
        additionalSense = sense.additional();
        remaining = 0;
        if (dma) {
            endDma();
        }
        taskFile.set(Register.COUNT, REASON_STATUS);
        phase = Phase.IDLE;
        status = DRDY | DSC | ERR;
        taskFile.setError(senseKey << 4 | ERROR_ABRT);
        raiseInterrupt();
    }

    private void packet(byte[] packet) {
        int limit = taskFile.byteCount();
        byteCountLimit = limit == 0 || limit == 0xFFFF ? 0xFFFE : Math.max(2, limit & ~1);
        Optional<PacketCommand> known = PacketCommand.of(packet[0] & 0xFF);
        if (known.isEmpty()) {
            check(Sense.INVALID_COMMAND);
            return;
        }
        PacketCommand command = known.get();
        if (mediumChanged && !command.ignoresUnitAttention()) {
            mediumChanged = false;
            check(Sense.MEDIUM_MAY_HAVE_CHANGED);
            return;
        }
        if (command.needsMedium() && !ready()) {
            check(Sense.MEDIUM_NOT_PRESENT);
            return;
        }
        run(command, packet);
    }

    private void run(PacketCommand command, byte[] packet) {
        CdReplies replies = new CdReplies(buffer);
        switch (command) {
            case TEST_UNIT_READY, SET_CD_SPEED -> complete();
            case REQUEST_SENSE -> {
                int length = replies.sense(senseKey, additionalSense);
                senseKey = 0;
                additionalSense = 0;
                reply(length, packet[4] & 0xFF);
            }
            case INQUIRY -> {
                if ((packet[1] & 1) != 0) {
                    check(Sense.INVALID_FIELD);
                } else {
                    reply(replies.inquiry(), packet[4] & 0xFF);
                }
            }
            case MODE_SENSE_6 ->
                replyOrRefuse(replies.modeSense(false, packet[2] & 0x3F, locked, mediumType()), packet[4] & 0xFF);
            case MODE_SENSE_10 ->
                replyOrRefuse(replies.modeSense(true, packet[2] & 0x3F, locked, mediumType()), word(packet, 7));
            case START_STOP_UNIT -> startStop(packet[4]);
            case PREVENT_ALLOW_MEDIUM_REMOVAL -> {
                locked = (packet[4] & 1) != 0;
                complete();
            }
            case READ_CAPACITY -> reply(replies.capacity(sectors()), 8);
            case READ_10 -> read(doubleWord(packet, 2), word(packet, 7), SECTOR);
            case READ_12 -> read(doubleWord(packet, 2), doubleWord(packet, 6), SECTOR);
            case READ_CD -> readCd(packet);
            case SEEK_10 -> {
                if (doubleWord(packet, 2) < sectors()) {
                    complete();
                } else {
                    check(Sense.LBA_OUT_OF_RANGE);
                }
            }
            case READ_TOC -> readToc(packet, replies);
            case GET_CONFIGURATION ->
                replyOrRefuse(
                        (packet[1] & 3) == 3 ? -1 : replies.configuration(packet[1] & 3, word(packet, 2), sectors()),
                        word(packet, 7));
            case GET_EVENT_STATUS_NOTIFICATION -> getEvent(packet, replies);
            case READ_DISC_INFORMATION -> reply(replies.discInformation(), word(packet, 7));
            case MECHANISM_STATUS -> reply(replies.mechanismStatus(trayOpen), word(packet, 8));
        }
    }

    private int mediumType() {
        if (trayOpen) {
            return MEDIUM_TYPE_OPEN;
        }
        return ready() ? MEDIUM_TYPE_DATA : MEDIUM_TYPE_NONE;
    }

    private void readToc(byte[] packet, CdReplies replies) {
        boolean msf = (packet[1] & 2) != 0;
        // Old drivers have the format in the two highest bits of the control byte (SFF-8020i).
        int format = (packet[2] & 0x0F) != 0 ? packet[2] & 0x0F : (packet[9] & 0xC0) >> 6;
        int length =
                switch (format) {
                    case 0 -> replies.toc(msf, packet[6] & 0xFF, sectors());
                    case 1 -> replies.sessions(msf);
                    case 2 -> replies.rawToc(sectors());
                    default -> -1;
                };
        replyOrRefuse(length, word(packet, 7));
    }

    private void getEvent(byte[] packet, CdReplies replies) {
        if ((packet[1] & 1) == 0) {
            check(Sense.INVALID_FIELD);
            return;
        }
        boolean asked = (packet[4] & 0x10) != 0;
        int length = replies.mediaEvent(asked, event, trayOpen, ready());
        if (asked) {
            event = EVENT_NONE;
        }
        reply(length, word(packet, 7));
    }

    private void startStop(int operation) {
        boolean start = (operation & 1) != 0;
        boolean loadEject = (operation & 2) != 0;
        if (loadEject && !start) {
            if (locked) {
                check(Sense.MEDIUM_REMOVAL_PREVENTED);
                return;
            }
            trayOpen = true;
            mediumChanged = false;
        } else if (loadEject && trayOpen) {
            trayOpen = false;
            mediumChanged = medium.isPresent();
            event = medium.isPresent() ? EVENT_NEW_MEDIA : EVENT_NONE;
        }
        complete();
    }

    private void readCd(byte[] packet) {
        int count = (packet[6] & 0xFF) << 16 | word(packet, 7);
        switch (packet[9] & 0xF8) {
            case 0x00 -> complete();
            case 0x10 -> read(doubleWord(packet, 2), count, SECTOR);
            case 0xF8 -> read(doubleWord(packet, 2), count, RAW_SECTOR);
            default -> check(Sense.INVALID_FIELD);
        }
    }

    private void read(long lba, long count, int size) {
        if (lba + count > sectors()) {
            check(Sense.LBA_OUT_OF_RANGE);
        } else if (count == 0) {
            complete();
        } else {
            next = lba;
            remaining = count;
            blockSize = size;
            fetch();
        }
    }

    private void fetch() {
        if (!ready() || next + remaining > sectors()) {
            check(Sense.MEDIUM_NOT_PRESENT);
            return;
        }
        startRead(next * SECTOR, (int) Math.min(remaining, BUFFER_SECTORS) * SECTOR);
    }

    @Override
    void requestDone(Phase request, boolean success) {
        if (!success) {
            check(Sense.UNRECOVERED_READ_ERROR);
            return;
        }
        int count = Math.min(filled / SECTOR, BUFFER_SECTORS);
        if (blockSize == RAW_SECTOR) {
            CdReplies.expandRaw(buffer, next, count);
        }
        filled = count * blockSize;
        next += count;
        remaining = Math.max(0, remaining - count);
        position = 0;
        offer();
    }

    private void replyOrRefuse(int length, int allocated) {
        if (length < 0) {
            check(Sense.INVALID_FIELD);
        } else {
            reply(length, allocated);
        }
    }

    private void reply(int length, int allocated) {
        filled = Math.min(length, allocated);
        position = 0;
        remaining = 0;
        if (filled == 0) {
            complete();
        } else {
            offer();
        }
    }

    private void offer() {
        if (dma) {
            offerDma();
        } else {
            offerPacketBlock();
        }
    }

    private void offerPacketBlock() {
        int length = Math.min(byteCountLimit, filled - position);
        taskFile.setByteCount(length);
        taskFile.set(Register.COUNT, REASON_TO_HOST);
        offerBlock(length);
    }

    private static int word(byte[] packet, int at) {
        return (packet[at] & 0xFF) << 8 | packet[at + 1] & 0xFF;
    }

    private static long doubleWord(byte[] packet, int at) {
        return (long) word(packet, at) << 16 | word(packet, at + 2);
    }

    @Override
    DriveState.Disk diskState() {
        return DriveState.Disk.NONE;
    }

    @Override
    DriveState.Cdrom cdromState() {
        return new DriveState.Cdrom(
                trayOpen,
                locked,
                mediumChanged,
                event,
                senseKey,
                additionalSense,
                blockSize,
                dma,
                byteCountLimit,
                mode);
    }

    @Override
    void validateSettings(DriveState state) {
        DriveState.Cdrom cdrom = state.cdrom();
        InvalidStateException.require(
                cdrom.event() >= EVENT_NONE
                        && cdrom.event() <= EVENT_MEDIA_REMOVAL
                        && (cdrom.senseKey() & ~0xF) == 0
                        && (cdrom.additionalSense() & ~0xFFFF) == 0
                        && (cdrom.blockSize() == SECTOR || cdrom.blockSize() == RAW_SECTOR)
                        && cdrom.byteCountLimit() >= 2
                        && cdrom.byteCountLimit() <= 0xFFFE
                        && (cdrom.mode() & ~0xFF) == 0,
                "CD-ROM settings");
        switch (state.phase()) {
            case BACKEND_READ -> InvalidStateException.require(!cdrom.trayOpen(), "CD-ROM request without its medium");
            case BACKEND_WRITE, BACKEND_FLUSH, BACKEND_DISCARD, PIO_OUT, DMA_OUT ->
                InvalidStateException.require(false, "a CD-ROM that writes");
            default -> {}
        }
    }

    @Override
    void restoreSettings(DriveState state) {
        DriveState.Cdrom cdrom = state.cdrom();
        trayOpen = cdrom.trayOpen();
        locked = cdrom.locked();
        mediumChanged = cdrom.mediumChanged();
        event = cdrom.event();
        senseKey = cdrom.senseKey();
        additionalSense = cdrom.additionalSense();
        blockSize = cdrom.blockSize();
        dma = cdrom.dma();
        byteCountLimit = cdrom.byteCountLimit();
        mode = cdrom.mode();
    }
}
