// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import javafx.beans.binding.Bindings;
import javafx.beans.binding.BooleanBinding;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;

/** A new disk image as typed, and what is wrong with it. */
final class NewDiskViewModel {
    private static final long GIB = 1L << 30;
    private static final long MOST_GIB = 64L << 10;

    final StringProperty path = new SimpleStringProperty("");
    final StringProperty pathProblem = new SimpleStringProperty("");
    final StringProperty size = new SimpleStringProperty("20");
    final StringProperty sizeProblem = new SimpleStringProperty("");
    final ObjectProperty<DiskFormat> format = new SimpleObjectProperty<>(DiskFormat.QCOW2);
    final StringProperty room = new SimpleStringProperty("");

    private final Lookup lookup;
    private final BooleanBinding valid;

    /** What there is at a path. */
    private record There(boolean exists, long freeBytes) {}

    /** @param folder proposed for the new file */
    NewDiskViewModel(Path folder, Executor background, Executor window) {
        lookup = new Lookup(background, window);
        valid = Bindings.createBooleanBinding(
                () -> pathProblem.get().isEmpty()
                        && sizeProblem.get().isEmpty()
                        && !lookup.waitingProperty().get(),
                pathProblem,
                sizeProblem,
                lookup.waitingProperty());
        format.subscribe((before, now) -> Texts.path(path.get())
                .ifPresent(file -> path.set(file.resolveSibling(now.fileName(String.valueOf(file.getFileName())))
                        .toString())));
        path.subscribe(this::checkPath);
        size.subscribe(this::checkSize);
        path.set(folder.resolve("disk." + format.get().ending()).toString());
    }

    BooleanBinding valid() {
        return valid;
    }

    private void checkPath(String typed) {
        Optional<Path> file = Texts.path(typed);
        if (file.isEmpty() || file.get().getFileName() == null) {
            pathProblem.set("Write where the file goes");
            return;
        }
        lookup.ask(() -> new There(Files.exists(file.get()), freeBytes(file.get())), there -> {
            pathProblem.set(there.exists() ? "There is such a file already: choose another name" : "");
            room.set(
                    there.freeBytes() > 0
                            ? "The file grows as the guest writes. " + Texts.size(there.freeBytes()) + " are free there"
                            : "");
        });
    }

    /** Room in the nearest folder that exists; 0 if nobody knows. */
    private static long freeBytes(Path file) {
        Path folder = file.getParent();
        while (folder != null && !Files.isDirectory(folder)) {
            folder = folder.getParent();
        }
        return folder == null ? 0 : folder.toFile().getUsableSpace();
    }

    private void checkSize(String typed) {
        OptionalLong number = Texts.number(typed);
        if (number.isEmpty()) {
            sizeProblem.set("Write a whole number");
        } else if (number.getAsLong() < 1 || number.getAsLong() > MOST_GIB) {
            sizeProblem.set("A disk has 1 to " + MOST_GIB + " GiB");
        } else {
            sizeProblem.set("");
        }
    }

    /** What was typed; only while {@link #valid}. */
    DiskDialogs.NewDisk result() {
        return new DiskDialogs.NewDisk(
                Texts.path(path.get()).orElseThrow(),
                format.get().engineName(),
                Texts.number(size.get()).orElseThrow() * GIB);
    }
}
