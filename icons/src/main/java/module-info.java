// SPDX-License-Identifier: GPL-3.0-or-later

/** SVG icons and application icons, as resources and as JavaFX nodes. */
@org.jspecify.annotations.NullMarked
module dev.terrarium.icons {
    requires static transitive org.jspecify;
    requires transitive javafx.graphics;

    exports dev.terrarium.icons;
}
