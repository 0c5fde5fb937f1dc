// SPDX-License-Identifier: GPL-3.0-or-later

/** A machine's screen, keyboard and pointer as a JavaFX node. */
@org.jspecify.annotations.NullMarked
module dev.terrarium.console {
    requires static transitive org.jspecify;
    requires transitive dev.terrarium.engine;
    requires transitive javafx.controls;
    requires org.slf4j;
    requires sikulix2tigervnc;

    exports dev.terrarium.console;
}
