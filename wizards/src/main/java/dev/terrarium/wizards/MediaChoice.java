// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.MediaInfo;
import dev.terrarium.icons.Icon;
import java.util.Set;

/** What a new machine boots from at first. */
enum MediaChoice {
    CD("CD image", "An installer or live system in an ISO file", Icon.CD, Set.of(MediaInfo.Kind.CD_IMAGE)),
    DISK("Existing disk", "A disk image that already has a system", Icon.DISK, Set.of(MediaInfo.Kind.DISK_IMAGE)),
    KERNEL(
            "Kernel",
            "A Linux or multiboot kernel, started directly",
            Icon.KERNEL,
            Set.of(MediaInfo.Kind.LINUX_KERNEL, MediaInfo.Kind.MULTIBOOT_KERNEL)),
    NOTHING("Nothing yet", "An empty machine; media can be inserted later", Icon.EMPTY, Set.of());

    private final String title;
    private final String explanation;
    private final Icon icon;
    private final Set<MediaInfo.Kind> kinds;

    MediaChoice(String title, String explanation, Icon icon, Set<MediaInfo.Kind> kinds) {
        this.title = title;
        this.explanation = explanation;
        this.icon = icon;
        this.kinds = kinds;
    }

    String title() {
        return title;
    }

    String explanation() {
        return explanation;
    }

    Icon icon() {
        return icon;
    }

    boolean takes(MediaInfo.Kind kind) {
        return kinds.contains(kind);
    }

    /** The choice under which a file of this kind belongs. */
    static MediaChoice of(MediaInfo.Kind kind) {
        for (MediaChoice choice : values()) {
            if (choice.takes(kind)) {
                return choice;
            }
        }
        throw new IllegalArgumentException("no place for " + kind);
    }
}
