// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.file.Path;

/** What is said of images that contradict themselves. */
final class Damage {
    private Damage() {}

    /** For images that cannot even be opened. */
    static TerrariumException of(Path path, String what) {
        return new TerrariumException(path + " is damaged (" + what + "): restore it from a copy");
    }

    /** For what is found when a request meets it. */
    static IOException found(String what) {
        return new IOException("the image is damaged (" + what + "): run terrarium image check on it");
    }
}
