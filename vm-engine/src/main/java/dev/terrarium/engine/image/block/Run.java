// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.block;

/**
 * A range of a guest's disk that stands in one piece.
 *
 * @param kind what is there
 * @param at where in the store its bytes begin; 0 unless {@link Kind#DATA}
 * @param length bytes, at least 1
 */
public record Run(Kind kind, long at, long length) {
    /** What a table says of a block. */
    public enum Kind {
        /** Nothing: the backing image's bytes count, zeros if there is none. */
        ABSENT,
        /** Zeros that take no place. */
        ZERO,
        /** Stored bytes. */
        DATA
    }

    /** Stored bytes. */
    public static Run data(long at, long length) {
        return new Run(Kind.DATA, at, length);
    }

    /** Bytes that this image says nothing of. */
    public static Run absent(long length) {
        return new Run(Kind.ABSENT, 0, length);
    }

    /** Zeros. */
    public static Run zero(long length) {
        return new Run(Kind.ZERO, 0, length);
    }

    /** Whether {@code next}, which follows on the guest's disk, can be read in one go with this one. */
    boolean joins(Run next) {
        return kind == next.kind && (kind != Kind.DATA || at + length == next.at);
    }

    Run longer(long by) {
        return new Run(kind, at, length + by);
    }
}
