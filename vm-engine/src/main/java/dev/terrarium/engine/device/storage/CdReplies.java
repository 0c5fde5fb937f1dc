// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes the CD-ROM's answers (MMC-5, 6 and 7) into a buffer and says how long they are. */
final class CdReplies {
    static final int SECTOR = 2048;

    /** The most sectors that a CD has: 80 minutes. A larger medium is a DVD. */
    private static final int MAX_CD_SECTORS = 80 * 60 * 75;

    private static final int PROFILE_CD_ROM = 0x0008;
    private static final int PROFILE_DVD_ROM = 0x0010;
    private static final int LEAD_OUT = 0xAA;
    private static final int DATA_TRACK = 0x14;
    private static final int PREGAP_FRAMES = 150;

    private static final int PAGE_ERROR_RECOVERY = 0x01;
    private static final int PAGE_CAPABILITIES = 0x2A;
    private static final int PAGE_ALL = 0x3F;

    private static final int FEATURE_PROFILE_LIST = 0;
    private static final int FEATURE_CORE = 1;
    private static final int FEATURE_REMOVABLE_MEDIUM = 3;
    private static final int FEATURE_RANDOM_READABLE = 0x10;

    private final byte[] data;
    private int length;

    CdReplies(byte[] data) {
        this.data = data;
    }

    private void put(int value) {
        data[length++] = (byte) value;
    }

    private void put16(int value) {
        put(value >> 8);
        put(value);
    }

    private void put32(long value) {
        put16((int) (value >> 16));
        put16((int) value);
    }

    private void zeros(int count) {
        Arrays.fill(data, length, length + count, (byte) 0);
        length += count;
    }

    private void text(String text, int size) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < size; i++) {
            put(i < bytes.length ? bytes[i] : ' ');
        }
    }

    private void setLength16(int at, int value) {
        data[at] = (byte) (value >> 8);
        data[at + 1] = (byte) value;
    }

    int inquiry() {
        put(0x05);
        put(0x80);
        put(0x00);
        put(0x21);
        put(31);
        zeros(3);
        text("TERRAR", 8);
        text("TERRARIUM DVD-ROM", 16);
        text("1.0", 4);
        return length;
    }

    int sense(int key, int additional) {
        put(0xF0);
        put(0);
        put(key);
        zeros(4);
        put(10);
        zeros(4);
        put16(additional);
        zeros(4);
        return length;
    }

    int capacity(long sectors) {
        put32(sectors - 1);
        put32(SECTOR);
        return length;
    }

    private void address(boolean msf, long lba) {
        if (msf) {
            put(0);
            msf(lba);
        } else {
            put32(lba);
        }
    }

    private void msf(long lba) {
        long frames = lba + PREGAP_FRAMES;
        put((int) (frames / 75 / 60));
        put((int) (frames / 75 % 60));
        put((int) (frames % 75));
    }

    /** Format 0: the one track and the lead-out, from {@code startTrack} on; -1 if there is no such track. */
    int toc(boolean msf, int startTrack, long sectors) {
        if (startTrack > 1 && startTrack != LEAD_OUT) {
            return -1;
        }
        put16(0);
        put(1);
        put(1);
        if (startTrack <= 1) {
            trackDescriptor(1, msf, 0);
        }
        trackDescriptor(LEAD_OUT, msf, sectors);
        setLength16(0, length - 2);
        return length;
    }

    private void trackDescriptor(int track, boolean msf, long lba) {
        put(0);
        put(DATA_TRACK);
        put(track);
        put(0);
        address(msf, lba);
    }

    /** Format 1: the one session. */
    int sessions(boolean msf) {
        put16(10);
        put(1);
        put(1);
        trackDescriptor(1, msf, 0);
        return length;
    }

    /** Format 2: the table of contents as it stands in the lead-in. */
    int rawToc(long sectors) {
        put16(0);
        put(1);
        put(1);
        rawEntry(0xA0);
        put(1);
        zeros(2);
        rawEntry(0xA1);
        put(1);
        zeros(2);
        rawEntry(0xA2);
        msf(sectors);
        rawEntry(1);
        msf(0);
        setLength16(0, length - 2);
        return length;
    }

    private void rawEntry(int point) {
        put(1);
        put(DATA_TRACK);
        put(0);
        put(point);
        zeros(4);
    }

    /** GET CONFIGURATION. {@code requestType} 0: all features, 1: the current ones, 2: the one named. */
    int configuration(int requestType, int firstFeature, long sectors) {
        int profile = sectors == 0 ? 0 : sectors > MAX_CD_SECTORS ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
        zeros(4);
        put16(0);
        put16(profile);
        if (wants(requestType, firstFeature, FEATURE_PROFILE_LIST)) {
            put16(FEATURE_PROFILE_LIST);
            put(0x03);
            put(8);
            profile(PROFILE_DVD_ROM, profile);
            profile(PROFILE_CD_ROM, profile);
        }
        if (wants(requestType, firstFeature, FEATURE_CORE)) {
            put16(FEATURE_CORE);
            put(0x0B);
            put(8);
            put32(2);
            put32(0x0100_0000L);
        }
        if (wants(requestType, firstFeature, FEATURE_REMOVABLE_MEDIUM)) {
            put16(FEATURE_REMOVABLE_MEDIUM);
            put(0x03);
            put(4);
            put32(0x2900_0000L);
        }
        if (wants(requestType, firstFeature, FEATURE_RANDOM_READABLE) && (requestType == 0 || sectors > 0)) {
            put16(FEATURE_RANDOM_READABLE);
            put(sectors > 0 ? 1 : 0);
            put(8);
            put32(SECTOR);
            put32(0x0010_0000L);
        }
        data[2] = (byte) ((length - 4) >> 8);
        data[3] = (byte) (length - 4);
        return length;
    }

    private static boolean wants(int requestType, int first, int feature) {
        return requestType == 2 ? feature == first : feature >= first;
    }

    private void profile(int number, int current) {
        put16(number);
        put(number == current ? 1 : 0);
        put(0);
    }

    /** GET EVENT STATUS NOTIFICATION for the media class. */
    int mediaEvent(boolean asked, int event, boolean trayOpen, boolean present) {
        if (!asked) {
            put16(2);
            put(0x80);
            put(0x10);
            return length;
        }
        put16(6);
        put(4);
        put(0x10);
        put(event);
        put((trayOpen ? 1 : 0) | (present ? 2 : 0));
        zeros(2);
        return length;
    }

    int discInformation() {
        put16(32);
        put(0x0E);
        put(1);
        put(1);
        put(1);
        put(1);
        put(0x20);
        zeros(26);
        return length;
    }

    int mechanismStatus(boolean trayOpen) {
        put(0);
        put(trayOpen ? 0x10 : 0);
        zeros(3);
        put(1);
        zeros(2);
        return length;
    }

    /** MODE SENSE; -1 if the page is not known. */
    int modeSense(boolean tenBytes, int page, boolean locked, int mediumType) {
        if (page != PAGE_ERROR_RECOVERY && page != PAGE_CAPABILITIES && page != PAGE_ALL) {
            return -1;
        }
        int header = tenBytes ? 8 : 4;
        zeros(header);
        data[tenBytes ? 2 : 1] = (byte) mediumType;
        if (page != PAGE_CAPABILITIES) {
            put(PAGE_ERROR_RECOVERY);
            put(6);
            put(0);
            put(5);
            zeros(4);
        }
        if (page != PAGE_ERROR_RECOVERY) {
            put(PAGE_CAPABILITIES);
            put(18);
            put(0x3B);
            put(0);
            put(0x70);
            put(0);
            put(0x29 | (locked ? 2 : 0));
            put(0);
            put16(50 * 176);
            put16(2);
            put16(512);
            put16(50 * 176);
            zeros(4);
        }
        if (tenBytes) {
            setLength16(0, length - 2);
        } else {
            data[0] = (byte) (length - 1);
        }
        return length;
    }

    /** Spreads {@code count} sectors of 2048 bytes out to 2352 with sync, header and empty error correction. */
    static void expandRaw(byte[] data, long lba, int count) {
        for (int i = count - 1; i >= 0; i--) {
            int to = i * AtapiCdrom.RAW_SECTOR;
            System.arraycopy(data, i * SECTOR, data, to + 16, SECTOR);
            Arrays.fill(data, to, to + 12, (byte) 0xFF);
            data[to] = 0;
            data[to + 11] = 0;
            long frames = lba + i + PREGAP_FRAMES;
            data[to + 12] = bcd(frames / 75 / 60);
            data[to + 13] = bcd(frames / 75 % 60);
            data[to + 14] = bcd(frames % 75);
            data[to + 15] = 1;
            Arrays.fill(data, to + 16 + SECTOR, to + AtapiCdrom.RAW_SECTOR, (byte) 0);
        }
    }

    private static byte bcd(long value) {
        return (byte) (value / 10 % 10 << 4 | value % 10);
    }
}
