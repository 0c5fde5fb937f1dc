// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import static dev.terrarium.engine.device.storage.DriveStatus.BSY;
import static dev.terrarium.engine.device.storage.DriveStatus.DRDY;
import static dev.terrarium.engine.device.storage.DriveStatus.DRQ;
import static dev.terrarium.engine.device.storage.DriveStatus.DSC;
import static dev.terrarium.engine.device.storage.DriveStatus.ERR;
import static dev.terrarium.engine.device.storage.DriveStatus.ERROR_ABRT;

import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.device.StorageBackend;
import dev.terrarium.engine.device.storage.DriveState.Phase;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is common to the drives on an IDE cable: the registers, the data block that is being moved, and the request that
 * the backend is working on. One such request at most is outstanding; a reset does not take it back but waits, busy,
 * for its end.
 */
public abstract sealed class IdeDrive permits AtaDisk, AtapiCdrom {
    /** The most that is read from or written to the backend in one request. */
    static final int BUFFER_SIZE = 128 * 1024;

    final TaskFile taskFile = new TaskFile();
    byte[] buffer = new byte[BUFFER_SIZE];

    /** The valid bytes of the buffer. */
    int filled;

    /** The next byte of the buffer that the host moves. */
    int position;

    /** The end of the block after which the drive takes its DRQ away. */
    int blockEnd;

    /** The next sector of the medium, and how many sectors are still to be fetched or taken. */
    long next;

    long remaining;

    Phase phase = Phase.IDLE;
    int status;

    private boolean interrupt;
    private long requestPosition;
    private int requestLength;

    /** Distinguishes a request from those that a restored state has made meaningless. */
    private int requestEpoch;

    private boolean outstanding;
    private @Nullable IdeChannel channel;

    final void attach(IdeChannel owner) {
        channel = owner;
    }

    abstract DriveState.Kind kind();

    /** Carries out the command whose code was written to the Command register. */
    abstract void command(int code);

    /** The host has taken, or filled, the current block. */
    abstract void blockDone();

    /** The bus master has moved the whole buffer. */
    abstract void dmaDone();

    /** The outstanding request has ended. */
    abstract void requestDone(Phase request, boolean success);

    abstract void setSignature();

    /** Returns settings to those after a reset. */
    abstract void resetSettings(boolean powerOn);

    /** The medium that requests go to, if there is one. */
    abstract Optional<StorageBackend> backend();

    final int status() {
        return status;
    }

    final boolean interrupt() {
        return interrupt;
    }

    final boolean busy() {
        return (status & BSY) != 0;
    }

    final void acknowledge() {
        setInterrupt(false);
    }

    private void setInterrupt(boolean value) {
        interrupt = value;
        if (channel != null) {
            channel.interruptChanged(this);
        }
    }

    final void raiseInterrupt() {
        setInterrupt(true);
    }

    /** Starts a software or hardware reset; the drive is busy until {@link #endReset}. */
    final void beginReset(boolean powerOn) {
        resetSettings(powerOn);
        phase = outstanding ? Phase.RESETTING : Phase.IDLE;
        filled = 0;
        position = 0;
        blockEnd = 0;
        next = 0;
        remaining = 0;
        status = BSY;
        setInterrupt(false);
    }

    /** Shows the signature. The drive stays busy if a request of before the reset is still outstanding. */
    final void endReset() {
        taskFile.setError(1);
        setSignature();
        if (phase != Phase.RESETTING) {
            status = statusAfterReset();
        }
    }

    abstract int statusAfterReset();

    final void startRead(long at, int length) {
        status = BSY;
        start(Phase.BACKEND_READ, at, length);
    }

    final void startWrite(long at, int length) {
        status = BSY;
        start(Phase.BACKEND_WRITE, at, length);
    }

    final void startFlush() {
        status = BSY;
        start(Phase.BACKEND_FLUSH, 0, 0);
    }

    final void startDiscard(long at, int length) {
        status = BSY;
        start(Phase.BACKEND_DISCARD, at, length);
    }

    private void start(Phase request, long at, int length) {
        phase = request;
        requestPosition = at;
        requestLength = length;
        outstanding = true;
        int epoch = ++requestEpoch;
        StorageBackend.Completion completion = success -> ended(epoch, success);
        StorageBackend medium = backend().orElseThrow();
        switch (request) {
            case BACKEND_READ -> medium.read(at, buffer, 0, length, completion);
            case BACKEND_WRITE -> medium.write(at, buffer, 0, length, completion);
            case BACKEND_DISCARD -> medium.discard(at, length, completion);
            default -> medium.flush(completion);
        }
    }

    private void ended(int epoch, boolean success) {
        if (epoch != requestEpoch) {
            return;
        }
        outstanding = false;
        if (phase == Phase.RESETTING) {
            requestBeforeResetEnded();
            return;
        }
        Phase request = phase;
        phase = Phase.IDLE;
        if (request == Phase.BACKEND_READ) {
            filled = requestLength;
        }
        requestDone(request, success);
    }

    private void requestBeforeResetEnded() {
        phase = Phase.IDLE;
        if (channel == null || !channel.inReset()) {
            status = statusAfterReset();
        }
    }

    /** Ends the command well. */
    final void succeed() {
        phase = Phase.IDLE;
        status = DRDY | DSC;
        taskFile.setError(0);
        raiseInterrupt();
    }

    /** Ends the command with these bits in the Error register. */
    final void fail(int error) {
        phase = Phase.IDLE;
        status = DRDY | DSC | ERR;
        taskFile.setError(error);
        raiseInterrupt();
    }

    final void abort() {
        fail(ERROR_ABRT);
    }

    /** Offers {@code length} bytes of the buffer from {@link #position} for the host to read. */
    final void offerBlock(int length) {
        blockEnd = position + length;
        phase = Phase.PIO_IN;
        status = DRDY | DSC | DRQ;
        raiseInterrupt();
    }

    /** Asks the host for {@code length} bytes at {@link #position} of the buffer. */
    final void requestBlock(int length, boolean withInterrupt) {
        blockEnd = position + length;
        phase = Phase.PIO_OUT;
        status = DRDY | DSC | DRQ;
        if (withInterrupt) {
            raiseInterrupt();
        }
    }

    final int readData(int size) {
        int value = 0;
        for (int i = 0; i < size; i += 2) {
            value |= readWord() << (8 * i);
        }
        return value;
    }

    private int readWord() {
        if (phase != Phase.PIO_IN || position >= blockEnd) {
            return 0;
        }
        int low = buffer[position] & 0xFF;
        int high = position + 1 < blockEnd ? buffer[position + 1] & 0xFF : 0;
        position += 2;
        if (position >= blockEnd) {
            position = blockEnd;
            blockDone();
        }
        return low | high << 8;
    }

    final void writeData(int size, int value) {
        for (int i = 0; i < size; i += 2) {
            writeWord(value >>> (8 * i));
        }
    }

    private void writeWord(int value) {
        if (phase != Phase.PIO_OUT && phase != Phase.PACKET_OUT || position >= blockEnd) {
            return;
        }
        buffer[position++] = (byte) value;
        if (position < blockEnd) {
            buffer[position++] = (byte) (value >> 8);
        }
        if (position >= blockEnd) {
            blockDone();
        }
    }

    /** Offers the filled buffer to the bus master. */
    final void offerDma() {
        position = 0;
        phase = Phase.DMA_IN;
        status = DRDY | DSC | DRQ;
        serviceDma();
    }

    /** Asks the bus master for {@code length} bytes. */
    final void requestDma(int length) {
        position = 0;
        filled = length;
        phase = Phase.DMA_OUT;
        status = DRDY | DSC | DRQ;
        serviceDma();
    }

    private void serviceDma() {
        if (channel != null) {
            channel.serviceDma(this);
        }
    }

    /** Ends the bus master's transfer: it has nothing more to do for this command. */
    final void endDma() {
        if (channel != null) {
            channel.endDma();
        }
    }

    final boolean wantsDma() {
        return phase == Phase.DMA_IN || phase == Phase.DMA_OUT;
    }

    /** Lets the bus master move what it can; short descriptors leave the drive waiting. */
    final void moveDma(BusMasterIde.Engine engine) {
        int wanted = filled - position;
        int moved = phase == Phase.DMA_IN
                ? engine.toMemory(buffer, position, wanted)
                : engine.fromMemory(buffer, position, wanted);
        position += moved;
        if (moved == wanted) {
            dmaDone();
        }
    }

    abstract DriveState.Disk diskState();

    abstract DriveState.Cdrom cdromState();

    abstract void restoreSettings(DriveState state);

    /** Checks what only this kind of drive knows. */
    abstract void validateSettings(DriveState state);

    final DriveState save() {
        boolean requesting =
                phase == Phase.BACKEND_READ || phase == Phase.BACKEND_WRITE || phase == Phase.BACKEND_DISCARD;
        // Bytes that no phase will look at again are not state, nor are those that the host has yet to bring.
        int kept =
                switch (phase) {
                    case PIO_IN, PIO_OUT, PACKET_OUT, DMA_IN, DMA_OUT -> Math.max(filled, blockEnd);
                    case BACKEND_WRITE -> requestLength;
                    case BACKEND_DISCARD -> filled;
                    default -> 0;
                };
        byte[] data = Arrays.copyOf(buffer, kept);
        if (phase == Phase.PIO_OUT || phase == Phase.PACKET_OUT || phase == Phase.DMA_OUT) {
            Arrays.fill(data, Math.min(position, kept), kept, (byte) 0);
        }
        return new DriveState(
                kind(),
                taskFile.save(),
                status,
                interrupt,
                phase,
                data,
                Math.min(position, kept),
                Math.min(blockEnd, kept),
                requesting ? requestPosition : 0,
                requesting ? requestLength : 0,
                next,
                remaining,
                diskState(),
                cdromState());
    }

    final void validate(DriveState state) {
        InvalidStateException.require(state.kind() == kind(), "another kind of IDE drive");
        TaskFile.validate(state.taskFile());
        int length = state.data().length;
        InvalidStateException.require(length <= BUFFER_SIZE, "IDE buffer too long");
        InvalidStateException.require(
                0 <= state.position()
                        && state.position() <= length
                        && 0 <= state.blockEnd()
                        && state.blockEnd() <= length,
                "IDE buffer position");
        InvalidStateException.require((state.status() & ~0xFF) == 0, "IDE status");
        InvalidStateException.require(
                state.requestLength() >= 0
                        && (state.requestLength() <= BUFFER_SIZE || state.phase() == Phase.BACKEND_DISCARD)
                        && (state.phase() != Phase.BACKEND_READ
                                        && state.phase() != Phase.BACKEND_WRITE
                                        && state.phase() != Phase.BACKEND_DISCARD
                                || onMedium(state.requestPosition(), state.requestLength()))
                        && (state.phase() != Phase.BACKEND_WRITE || state.requestLength() == length),
                "IDE request");
        InvalidStateException.require(
                0 <= state.next() && state.next() < 1L << 48 && 0 <= state.remaining() && state.remaining() <= 1 << 24,
                "IDE sector");
        validateSettings(state);
    }

    private boolean onMedium(long at, int length) {
        long size = backend().map(StorageBackend::size).orElse(0L);
        return at >= 0 && at <= size - length;
    }

    final void restore(DriveState state) {
        requestEpoch++;
        outstanding = false;
        taskFile.restore(state.taskFile());
        buffer = Arrays.copyOf(state.data(), BUFFER_SIZE);
        filled = state.data().length;
        position = state.position();
        blockEnd = state.blockEnd();
        requestPosition = state.requestPosition();
        requestLength = state.requestLength();
        next = state.next();
        remaining = state.remaining();
        restoreSettings(state);
        status = state.status();
        phase = state.phase();
        interrupt = state.interrupt();
        switch (phase) {
            case BACKEND_READ, BACKEND_WRITE, BACKEND_FLUSH, BACKEND_DISCARD ->
                start(phase, requestPosition, requestLength);
            // What the request before the reset was is forgotten; a flush ends after whatever the medium still does.
            case RESETTING -> {
                if (backend().isPresent()) {
                    start(phase, 0, 0);
                } else {
                    requestBeforeResetEnded();
                }
            }
            default -> {}
        }
    }
}
