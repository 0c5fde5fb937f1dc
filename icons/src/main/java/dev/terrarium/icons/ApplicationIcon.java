// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.icons;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import javafx.scene.image.Image;

/** The application's own picture, a glass box with something growing in it, in the sizes that desktops ask for. */
public final class ApplicationIcon {
    private static final int[] SIZES = {16, 32, 48, 64, 128, 256};

    private ApplicationIcon() {}

    /** All sizes, small to large. */
    public static List<Image> images() {
        return Arrays.stream(SIZES).mapToObj(ApplicationIcon::image).toList();
    }

    /** The picture in one of the sizes 16, 32, 48, 64, 128, 256. */
    public static Image image(int size) {
        return new Image(Objects.requireNonNull(ApplicationIcon.class.getResource("terrarium-" + size + ".png"))
                .toExternalForm());
    }
}
