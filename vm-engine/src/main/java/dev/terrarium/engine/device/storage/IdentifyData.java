// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

/** The 256 words that a drive answers IDENTIFY with, while they are put together (ATA/ATAPI-7 volume 1, 6.17). */
final class IdentifyData {
    static final int BYTES = 512;

    private final byte[] target;

    /** Clears the first 512 bytes of {@code target} and fills them. */
    IdentifyData(byte[] target) {
        this.target = target;
        java.util.Arrays.fill(target, 0, BYTES, (byte) 0);
    }

    void word(int index, int value) {
        target[2 * index] = (byte) value;
        target[2 * index + 1] = (byte) (value >> 8);
    }

    void doubleWord(int index, long value) {
        word(index, (int) value);
        word(index + 1, (int) (value >> 16));
    }

    void quadWord(int index, long value) {
        doubleWord(index, value);
        doubleWord(index + 2, value >> 32);
    }

    /** Writes text with the first character in the high half of each word, padded with blanks. */
    void text(int index, int words, String text) {
        for (int i = 0; i < 2 * words; i++) {
            target[(2 * index + i) ^ 1] = (byte) (i < text.length() ? text.charAt(i) : ' ');
        }
    }
}
