// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

/**
 * One IDE drive's state. What a kind of drive does not have is zero.
 *
 * @param status the Status register
 * @param interrupt whether the drive asks for an interrupt
 * @param data the bytes under way between drive and host
 * @param position the next byte of {@code data} to move
 * @param blockEnd where the current DRQ block ends in {@code data}
 * @param requestPosition where on the medium the outstanding request is
 * @param requestLength how long the outstanding request is
 * @param next the next sector of the command
 * @param remaining sectors that the command still has to fetch or take
 */
public record DriveState(
        Kind kind,
        TaskFile.State taskFile,
        int status,
        boolean interrupt,
        Phase phase,
        byte[] data,
        int position,
        int blockEnd,
        long requestPosition,
        int requestLength,
        long next,
        long remaining,
        Disk disk,
        Cdrom cdrom) {

    /** What is plugged in. */
    public enum Kind {
        NONE,
        DISK,
        CDROM
    }

    /** What the drive is doing. */
    public enum Phase {
        /** No command is under way. */
        IDLE,
        /** Reset while a request was outstanding: busy until it ends. */
        RESETTING,
        /** The host takes data from the data register. */
        PIO_IN,
        /** The host puts data into the data register. */
        PIO_OUT,
        /** The host puts a command packet into the data register. */
        PACKET_OUT,
        /** The bus master should take data. */
        DMA_IN,
        /** The bus master should bring data. */
        DMA_OUT,
        /** The backend reads. */
        BACKEND_READ,
        /** The backend writes. */
        BACKEND_WRITE,
        /** The backend flushes. */
        BACKEND_FLUSH,
        /** The backend discards a range of those that {@code data} lists. */
        BACKEND_DISCARD
    }

    /** A disk's own settings. */
    public record Disk(
            int heads,
            int sectorsPerTrack,
            int multiple,
            int blockSectors,
            boolean extended,
            boolean dma,
            boolean forceUnit,
            boolean trimming,
            int mode) {
        static final Disk NONE = new Disk(0, 0, 0, 0, false, false, false, false, 0);
    }

    /** A CD-ROM's own settings. */
    public record Cdrom(
            boolean trayOpen,
            boolean locked,
            boolean mediumChanged,
            int event,
            int senseKey,
            int additionalSense,
            int blockSize,
            boolean dma,
            int byteCountLimit,
            int mode) {
        static final Cdrom NONE = new Cdrom(false, false, false, 0, 0, 0, 0, false, 0, 0);
    }

    static DriveState none() {
        return new DriveState(
                Kind.NONE,
                new TaskFile.State(
                        new int[TaskFile.Register.values().length], new int[TaskFile.Register.values().length], 0, 0),
                0,
                false,
                Phase.IDLE,
                new byte[0],
                0,
                0,
                0,
                0,
                0,
                0,
                Disk.NONE,
                Cdrom.NONE);
    }
}
