// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.ConvertRequest;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import javafx.beans.binding.Bindings;
import javafx.beans.binding.BooleanBinding;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;

/** A copy of a disk in another format, as typed. */
final class ConvertDiskViewModel {
    private static final int SPARSE_BYTES = 4096;
    private static final int THREADS = 4;

    final ObjectProperty<DiskFormat> format;
    final StringProperty path = new SimpleStringProperty("");
    final StringProperty pathProblem = new SimpleStringProperty("");
    final BooleanProperty compress = new SimpleBooleanProperty();
    final StringProperty options = new SimpleStringProperty("");
    final StringProperty optionsProblem = new SimpleStringProperty("");
    final StringProperty optionsHelp = new SimpleStringProperty("");

    private final ImageSource source;
    private final Lookup lookup;
    private final BooleanBinding valid;
    private Map<String, String> chosen = Map.of();

    ConvertDiskViewModel(ImageSource source, Executor background, Executor window) {
        this.source = source;
        lookup = new Lookup(background, window);
        format = new SimpleObjectProperty<>(source.format().equals("qcow2") ? DiskFormat.RAW : DiskFormat.QCOW2);
        valid = Bindings.createBooleanBinding(
                () -> pathProblem.get().isEmpty()
                        && optionsProblem.get().isEmpty()
                        && !lookup.waitingProperty().get(),
                pathProblem,
                optionsProblem,
                lookup.waitingProperty());
        path.subscribe(this::checkPath);
        options.subscribe(text -> checkOptions());
        format.subscribe(now -> {
            Path before = Texts.path(path.get()).orElse(source.path());
            path.set(free(before, now).toString());
            if (!canCompress()) {
                compress.set(false);
            }
            checkOptions();
        });
    }

    /** A name of that format beside the file, other than the source's. */
    private Path free(Path before, DiskFormat now) {
        String name = now.fileName(String.valueOf(before.getFileName()));
        Path proposed = before.resolveSibling(name);
        if (!proposed.equals(source.path())) {
            return proposed;
        }
        int dot = name.lastIndexOf('.');
        return before.resolveSibling(name.substring(0, dot) + "-copy" + name.substring(dot));
    }

    /** Does the chosen format know compression? */
    boolean canCompress() {
        return format.get() == DiskFormat.QCOW2;
    }

    private void checkPath(String typed) {
        Optional<Path> file = Texts.path(typed);
        if (file.isEmpty() || file.get().getFileName() == null) {
            pathProblem.set("Write where the copy goes");
            return;
        }
        lookup.ask(
                () -> Files.exists(file.get()),
                exists -> pathProblem.set(exists ? "There is such a file already: choose another name" : ""));
    }

    private void checkOptions() {
        try {
            Map<String, String> known = DiskImages.createOptions(format.get().engineName());
            optionsHelp.set(
                    known.isEmpty()
                            ? "This format has none"
                            : known.entrySet().stream()
                                    .map(each -> each.getKey() + ": " + each.getValue())
                                    .collect(Collectors.joining("\n")));
            chosen = options.get().isBlank()
                    ? Map.of()
                    : new LinkedHashMap<>(DiskImages.options(options.get().strip()));
            Optional<String> unknown = chosen.keySet().stream()
                    .filter(name -> !known.containsKey(name))
                    .findFirst();
            optionsProblem.set(unknown.map(name -> "There is no option \u201c" + name + "\u201d")
                    .orElse(""));
        } catch (TerrariumException e) {
            optionsProblem.set(Texts.sentence(e.getMessage()));
        }
    }

    BooleanBinding valid() {
        return valid;
    }

    ConvertRequest result() {
        return new ConvertRequest(
                source,
                Optional.empty(),
                Texts.path(path.get()).orElseThrow(),
                format.get().engineName(),
                chosen,
                compress.get(),
                THREADS,
                SPARSE_BYTES,
                true);
    }
}
