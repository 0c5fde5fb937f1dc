// SPDX-License-Identifier: GPL-3.0-or-later

/** SVG icons and application icons, as resources. */
module dev.terrarium.icons {
    requires static org.jspecify;

    exports dev.terrarium.icons;
}
