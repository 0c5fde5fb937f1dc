// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.icons;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The line icons of the application. Each is the resource {@code <name>.svg}: one stroked path on a grid of 24 by 24.
 * Colour and stroke width come from {@code icons.css}, which takes them from the theme.
 */
public enum Icon {
    ADD,
    SEARCH,
    START,
    PAUSE,
    POWER,
    RESET,
    FORCE_OFF,
    MORE,
    DARK,
    LIGHT,
    PROCESSOR,
    MEMORY,
    DISK,
    CD,
    MACHINE,
    KERNEL,
    EMPTY,
    DELETE,
    WARNING,
    ERROR,
    INFO,
    DONE,
    CLOSE,
    FOLDER,
    SETTINGS,
    KEYBOARD,
    CAMERA,
    EXPAND,
    UP,
    DOWN,
    EJECT,
    ELSEWHERE,
    NETWORK,
    CLOCK,
    CHEVRON_UP,
    CHEVRON_DOWN,
    TASKS,
    MEDIA,
    COPY,
    RESIZE,
    CONVERT,
    CHECK,
    SNAPSHOT,
    REVERT,
    EDIT,
    CLONE,
    SAVE;

    private static final Pattern PATH = Pattern.compile("<path d=\"([^\"]+)\"");

    private @Nullable String outline;

    /** The address of the style sheet that draws the icons; a scene that shows icons needs it. */
    public static String stylesheet() {
        return Objects.requireNonNull(Icon.class.getResource("icons.css")).toExternalForm();
    }

    /** A new node that shows this icon in 16 by 16 pixels. */
    public IconView view() {
        return view(16);
    }

    /** A new node that shows this icon in {@code size} by {@code size} pixels. */
    public IconView view(double size) {
        return new IconView(this, size);
    }

    /** The path, in SVG's notation, on a grid of 24 by 24. */
    String outline() {
        String known = outline;
        if (known == null) {
            known = read();
            outline = known;
        }
        return known;
    }

    private String read() {
        String file = name().toLowerCase(Locale.ROOT).replace('_', '-') + ".svg";
        try (InputStream stream = Icon.class.getResourceAsStream(file)) {
            if (stream == null) {
                throw new IllegalStateException("there is no " + file);
            }
            Matcher path = PATH.matcher(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
            if (!path.find()) {
                throw new IllegalStateException(file + " has no path");
            }
            return path.group(1);
        } catch (IOException e) {
            throw new UncheckedIOException(file, e);
        }
    }
}
