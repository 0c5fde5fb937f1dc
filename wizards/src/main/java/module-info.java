// SPDX-License-Identifier: GPL-3.0-or-later

/** Dialogs that make and change machines step by step. */
@org.jspecify.annotations.NullMarked
module dev.terrarium.wizards {
    requires static transitive org.jspecify;
    requires transitive dev.terrarium.engine;
    requires dev.terrarium.icons;
    requires transitive javafx.controls;

    exports dev.terrarium.wizards;
}
