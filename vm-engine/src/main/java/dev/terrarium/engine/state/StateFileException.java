// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import dev.terrarium.engine.TerrariumException;
import java.nio.file.Path;

/** A file of a machine's state that this version cannot go on from. The line says which file, why, and what to do. */
public final class StateFileException extends TerrariumException {
    private static final long serialVersionUID = 1L;

    /** Why. */
    public enum Kind {
        /** Not what was written: bytes were lost or changed. */
        CORRUPT,
        /** Of a form that this version does not read any more. */
        TOO_OLD,
        /** Made by a newer version. */
        TOO_NEW,
        /** Sound, but of another machine or of other hardware. */
        FOREIGN
    }

    private final Kind kind;

    private StateFileException(Kind kind, String line) {
        super(line);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }

    static StateFileException corrupt(Path file, String what) {
        return new StateFileException(
                Kind.CORRUPT, file + " is corrupt (" + what + "): take it from a backup, or discard the state");
    }

    static StateFileException tooOld(Path file, String what) {
        return new StateFileException(
                Kind.TOO_OLD,
                file + " is too old (" + what + "): go on with the Terrarium that made it, or discard the state");
    }

    static StateFileException tooNew(Path file, String what) {
        return new StateFileException(
                Kind.TOO_NEW,
                file + " is too new (" + what + "): open it with a newer Terrarium, or discard the state");
    }

    /** It belongs to something else than {@code what}. */
    public static StateFileException foreign(Path file, String what) {
        return new StateFileException(Kind.FOREIGN, file + " does not fit: " + what);
    }
}
