// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.media.Import;
import dev.terrarium.app.media.MediaScan;
import dev.terrarium.app.media.Medium;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.ConvertRequest;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageCheck;
import dev.terrarium.engine.disk.ImageSource;
import dev.terrarium.wizards.DiskDialogs.NewDisk;
import dev.terrarium.wizards.DiskDialogs.NewSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import javafx.collections.transformation.FilteredList;
import org.jspecify.annotations.Nullable;

/** The disks and CDs of this computer's machines: who uses what, and what can be done with each. */
final class MediaViewModel {
    /** Which images are listed. */
    enum Filter {
        ALL,
        DISKS,
        CDS;

        boolean takes(Medium medium) {
            return this == ALL || (this == CDS) == (medium.kind() == Medium.Kind.CD);
        }
    }

    private final MainViewModel main;
    private final MediaScan scan;
    private final Consumer<List<Path>> foldersChanged;
    private final Set<Path> folders = new TreeSet<>();
    private final ObservableList<Medium> all = FXCollections.observableArrayList();
    private final FilteredList<Medium> shown = new FilteredList<>(all);
    private final StringProperty search = new SimpleStringProperty("");
    private final ObjectProperty<Filter> filter = new SimpleObjectProperty<>(Filter.ALL);
    private final ReadOnlyStringWrapper figures = new ReadOnlyStringWrapper("");
    private final ReadOnlyBooleanWrapper scanned = new ReadOnlyBooleanWrapper();
    private int asked;

    /**
     * @param folders that a person added before
     * @param foldersChanged told when one is added
     */
    MediaViewModel(MainViewModel main, List<Path> folders, Consumer<List<Path>> foldersChanged) {
        this.main = main;
        this.scan = new MediaScan(main.host());
        this.folders.addAll(folders);
        this.foldersChanged = foldersChanged;
        search.subscribe(this::arrange);
        filter.subscribe(this::arrange);
    }

    private void arrange() {
        String text = search.get().strip().toLowerCase(Locale.ROOT);
        shown.setPredicate(medium -> filter.get().takes(medium)
                && (contains(medium.path().toString(), text)
                        || contains(medium.title(), text)
                        || contains(medium.format(), text)
                        || contains(users(medium), text)));
    }

    private static boolean contains(String where, String what) {
        return where.toLowerCase(Locale.ROOT).contains(what);
    }

    /** Those that the filter and the search let through. */
    ObservableList<Medium> shown() {
        return shown;
    }

    StringProperty searchProperty() {
        return search;
    }

    ObjectProperty<Filter> filterProperty() {
        return filter;
    }

    /** How many there are, and what they take. */
    ReadOnlyStringProperty figuresProperty() {
        return figures.getReadOnlyProperty();
    }

    /** Has it been looked what there is? */
    ReadOnlyBooleanProperty scannedProperty() {
        return scanned.getReadOnlyProperty();
    }

    Path ownFolder() {
        return MediaScan.ownFolder(main.host().home());
    }

    /** Looks what there is now. */
    void refresh() {
        int number = ++asked;
        List<Path> where = List.copyOf(folders);
        main.work().background().execute(() -> {
            List<Medium> found = scan.run(where);
            main.work().window().execute(() -> {
                if (number == asked) {
                    take(found);
                }
            });
        });
    }

    private void take(List<Medium> found) {
        List<Medium> sorted = found.stream()
                .sorted((a, b) -> a.name().compareToIgnoreCase(b.name()))
                .toList();
        if (!sorted.equals(all)) {
            all.setAll(sorted);
        }
        long bytes = all.stream().mapToLong(Medium::hostBytes).sum();
        figures.set(all.size() + (all.size() == 1 ? " file, " : " files, ") + Words.size(bytes)
                + " of this computer\u2019s disk");
        scanned.set(true);
    }

    /** Lists the images of one more folder. */
    void addFolder(Path folder) {
        if (folders.add(folder.toAbsolutePath().normalize())) {
            foldersChanged.accept(List.copyOf(folders));
        }
        refresh();
    }

    /** Takes files and folders that were dropped: folders are listed from now on, files are copied to those of the home. */
    void bringIn(List<Path> dropped) {
        for (Path each : dropped) {
            if (Files.isDirectory(each)) {
                addFolder(each);
            } else {
                main.begin(
                        "Copy " + each.getFileName(),
                        progress -> Import.copy(each, ownFolder(), progress),
                        () -> done(each.getFileName() + " is here", "It is in " + ownFolder()));
            }
        }
    }

    /** Who needs it, in a few words; empty if nobody does. */
    static String users(Medium medium) {
        return medium.uses().stream().map(Medium.Use::words).collect(Collectors.joining(", "));
    }

    /** Why it cannot be resized, repaired or deleted now; empty if it can. */
    static String whyLocked(Medium medium) {
        if (medium.busy()) {
            return "A machine that is on or saved has it: switch off " + users(medium);
        }
        List<String> others = medium.uses().stream()
                .filter(use -> !(use instanceof Medium.Use.Drive))
                .map(Medium.Use::words)
                .toList();
        return others.isEmpty() ? "" : "It cannot be changed, because others need it: " + String.join(", ", others);
    }

    private static ImageSource source(Medium medium) {
        return new ImageSource(
                medium.path(), medium.format(), medium.base().map(List::of).orElse(List.of()));
    }

    /** What a conversion starts from. */
    static ImageSource convertible(Medium medium) {
        return source(medium);
    }

    void create(NewDisk wanted) {
        main.beginWhole(
                "Make " + wanted.path().getFileName(),
                () -> {
                    makeFolder(wanted.path());
                    DiskImages.create(
                            new ImageSource(wanted.path(), wanted.format(), List.of()),
                            OptionalLong.of(wanted.bytes()),
                            Map.of());
                },
                () -> done(wanted.path().getFileName() + " is made", Words.size(wanted.bytes()) + " for a guest"));
    }

    private static void makeFolder(Path file) throws TerrariumException {
        Path folder = file.getParent();
        if (folder == null) {
            return;
        }
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new TerrariumException(folder + " cannot be made: choose another folder", e);
        }
    }

    void resize(Medium medium, NewSize wanted) {
        main.beginWhole(
                "Resize " + medium.name(),
                () -> DiskImages.resize(source(medium), wanted.bytes(), false, wanted.shrink()),
                () -> done(medium.name() + " is resized", "It has " + Words.size(wanted.bytes()) + " now"));
    }

    void convert(ConvertRequest request) {
        Path target = request.target();
        main.begin(
                "Convert " + request.source().path().getFileName() + " to " + request.targetFormat(),
                progress -> {
                    makeFolder(target);
                    DiskImages.convert(request, progress);
                },
                () -> done(target.getFileName() + " is made", "The copy is in " + target.getParent()));
    }

    /**
     * Looks for errors.
     *
     * @param offer asked with what was found, if some of it can be repaired
     */
    void check(Medium medium, Consumer<Question> offer) {
        examine(medium, ImageCheck.Repair.NONE, (title, report) -> {
            long found = report.corruptions() + report.leaks();
            if (found == 0) {
                done(title, report.messages().isEmpty() ? "No errors" : String.join("\n", report.messages()));
                return;
            }
            List<String> lines = new ArrayList<>();
            if (report.corruptions() > 0) {
                lines.add(report.corruptions() + (report.corruptions() == 1 ? " error" : " errors"));
            }
            if (report.leaks() > 0) {
                lines.add(report.leaks() + " clusters that nothing uses any more");
            }
            lines.addAll(report.messages());
            offer.accept(new Question(
                    medium.name() + " has errors",
                    "A repair mends what can be mended. What is damaged may be lost: copy the file first if it matters.",
                    lines,
                    Optional.empty(),
                    "Repair"));
        });
    }

    void repair(Medium medium) {
        examine(medium, ImageCheck.Repair.ALL, (title, report) -> {
            long left = report.corruptions() + report.leaks();
            if (left == 0) {
                done(medium.name() + " is repaired", mended(report));
            } else {
                main.tell(new Notice(
                        Notice.Kind.WARNING,
                        medium.name() + " is not whole",
                        mended(report) + ", " + left + " cannot be: make a copy of the disk and use that"));
            }
        });
    }

    private static String mended(ImageCheck report) {
        return report.corruptionsFixed() + report.leaksFixed() + " errors mended";
    }

    private void examine(Medium medium, ImageCheck.Repair repair, BiConsumer<String, ImageCheck> then) {
        AtomicReference<@Nullable ImageCheck> report = new AtomicReference<>();
        main.beginWhole(
                (repair == ImageCheck.Repair.NONE ? "Check " : "Repair ") + medium.name(),
                () -> report.set(DiskImages.check(source(medium), repair)),
                () -> {
                    refresh();
                    Optional.ofNullable(report.get())
                            .ifPresent(found -> then.accept(medium.name() + " is checked", found));
                });
    }

    /** What is asked before a file is removed. */
    static Question deleteQuestion(Medium medium) {
        return new Question(
                "Delete " + medium.name() + "?",
                "The file and everything on this " + (medium.kind() == Medium.Kind.CD ? "CD" : "disk")
                        + " are removed for good.",
                List.of(medium.path() + "  (" + Words.size(medium.hostBytes()) + ")"),
                Optional.empty(),
                "Delete");
    }

    /** Removes a file, unless it turns out that somebody needs it by now. */
    void delete(Medium medium) {
        List<Path> where = List.copyOf(folders);
        main.beginWhole(
                "Delete " + medium.name(),
                () -> {
                    Optional<Medium> now = scan.run(where).stream()
                            .filter(each -> each.path().equals(medium.path()))
                            .findFirst();
                    if (now.isPresent() && !now.get().uses().isEmpty()) {
                        throw new TerrariumException(
                                medium.path() + " is needed by " + users(now.get()) + ": remove it there first");
                    }
                    DiskImages.delete(medium.path());
                },
                () -> done(medium.name() + " is deleted", Words.size(medium.hostBytes()) + " are free again"));
    }

    private void done(String title, String text) {
        main.tell(new Notice(Notice.Kind.DONE, title, text));
        refresh();
    }
}
