// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.settings;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;

/**
 * What the window remembers; {@code settings.json} in the home folder holds it.
 *
 * @param width of the window, in pixels
 * @param mediaFolders paths of folders whose disk and CD images are listed besides those of the home
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Settings(Theme theme, double width, double height, boolean maximized, List<String> mediaFolders) {
    public static final Settings DEFAULT = new Settings(Theme.LIGHT, 1180, 760, false, List.of());

    private static final double SMALLEST = 400;

    /** Colours of the window. */
    public enum Theme {
        LIGHT,
        DARK
    }

    @SuppressWarnings("NullAway") // a file may leave any of them out
    public Settings {
        theme = theme == null ? Theme.LIGHT : theme;
        width = width >= SMALLEST ? width : 1180;
        height = height >= SMALLEST ? height : 760;
        mediaFolders = mediaFolders == null ? List.of() : List.copyOf(mediaFolders);
    }

    public Settings withTheme(Theme changed) {
        return new Settings(changed, width, height, maximized, mediaFolders);
    }

    public Settings withSize(double changedWidth, double changedHeight, boolean changedMaximized) {
        return new Settings(theme, changedWidth, changedHeight, changedMaximized, mediaFolders);
    }

    public Settings withMediaFolders(List<String> changed) {
        return new Settings(theme, width, height, maximized, changed);
    }
}
