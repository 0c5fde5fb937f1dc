// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.snapshot.TreeRow;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.SnapshotTree;
import dev.terrarium.engine.Snapshots;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.wizards.SnapshotDialogs;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javafx.beans.binding.Bindings;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.beans.value.ObservableValue;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import org.jspecify.annotations.Nullable;

/** A machine's snapshots: the tree as rows, and what can be done. Changes are tasks, one at a time. */
final class SnapshotsViewModel {
    private final MainViewModel main;
    private final MachineViewModel machine;
    private final Snapshots snapshots;
    private final ReadOnlyObjectWrapper<SnapshotTree> tree = new ReadOnlyObjectWrapper<>(SnapshotTree.EMPTY);
    private final ObservableList<TreeRow> rows = FXCollections.observableArrayList();
    private final ReadOnlyBooleanWrapper known = new ReadOnlyBooleanWrapper();
    private final ReadOnlyBooleanWrapper busy = new ReadOnlyBooleanWrapper();
    private final ReadOnlyStringWrapper problem = new ReadOnlyStringWrapper("");
    private int asked;

    SnapshotsViewModel(MainViewModel main, MachineViewModel machine, Snapshots snapshots) {
        this.main = main;
        this.machine = machine;
        this.snapshots = snapshots;
    }

    /** The tree, "now" last. */
    ObservableList<TreeRow> rows() {
        return rows;
    }

    ReadOnlyObjectProperty<SnapshotTree> treeProperty() {
        return tree.getReadOnlyProperty();
    }

    /** Has it been looked at? */
    ReadOnlyBooleanProperty knownProperty() {
        return known.getReadOnlyProperty();
    }

    /** Is a change under way? */
    ReadOnlyBooleanProperty busyProperty() {
        return busy.getReadOnlyProperty();
    }

    /** Why there is no tree, or what is damaged in it; empty if all is well. */
    ReadOnlyStringProperty problemProperty() {
        return problem.getReadOnlyProperty();
    }

    /** The names, but that of {@code except}. */
    Set<String> names(Optional<Snapshot> except) {
        return tree.get().snapshots().stream()
                .filter(each ->
                        except.isEmpty() || !each.id().equals(except.get().id()))
                .map(Snapshot::name)
                .collect(Collectors.toSet());
    }

    /** Looks at the tree. */
    void refresh() {
        int number = ++asked;
        SnapshotTree[] found = {SnapshotTree.EMPTY};
        main.work()
                .run(
                        () -> found[0] = snapshots.tree(),
                        () -> {
                            if (number == asked) {
                                take(found[0]);
                            }
                        },
                        why -> problem.set(Words.sentence(why)));
    }

    private void take(SnapshotTree now) {
        problem.set(String.join("\n", now.problems()));
        if (!now.equals(tree.get()) || !known.get()) {
            tree.set(now);
            rows.setAll(TreeRow.of(now));
        }
        known.set(true);
    }

    /** Why none can be taken now; empty if one can. */
    ObservableValue<String> refusal() {
        return Bindings.createStringBinding(
                () -> {
                    if (busy.get()) {
                        return "A change is under way, see below";
                    }
                    return machine.state() == MachineState.SAVED
                            ? "The machine is saved: let it go on, then a snapshot can be taken"
                            : "";
                },
                busy,
                machine.stateProperty());
    }

    void take(Snapshot.Request request) {
        change(
                "Snapshot of " + machine.name() + ": " + request.name(),
                progress -> snapshots.create(request, progress),
                "\u201c" + request.name() + "\u201d is taken");
    }

    /**
     * What is asked before going back; the box to tick takes a snapshot first.
     *
     * @param now for how long ago the last one was taken
     */
    Question revertQuestion(Snapshot snapshot, Instant now) {
        List<String> lines = new ArrayList<>();
        boolean active = machine.state().active();
        Optional<Snapshot> last = tree.get().current().flatMap(id -> tree.get().snapshots().stream()
                .filter(each -> each.id().equals(id))
                .findFirst());
        lines.add(last.map(each -> "Everything since \u201c" + each.name() + "\u201d ("
                        + ago(Duration.between(each.time(), now)) + " ago)")
                .orElse("Everything on the disks as they are now"));
        if (active) {
            lines.add("What the running guest has in memory");
        }
        if (machine.state() == MachineState.SAVED) {
            lines.add("What the guest had in memory when it was saved");
        }
        String then =
                switch (snapshot.content()) {
                    case RUNNING ->
                        active
                                ? "The machine goes on running where it was then."
                                : "The next start goes on where it was then.";
                    case STOPPED, DISKS -> "The machine is off afterwards.";
                };
        return new Question(
                "Go back to \u201c" + snapshot.name() + "\u201d?",
                "The machine becomes what it was at " + Words.moment(snapshot.time()) + ". " + then
                        + " Other snapshots stay. This is lost:",
                lines,
                machine.state() == MachineState.SAVED
                        ? Optional.empty()
                        : Optional.of(
                                new Question.Option("Take a snapshot first, so that nothing is lost", List.of(), true)),
                "Go back");
    }

    private static String ago(Duration time) {
        if (time.toDays() > 1) {
            return time.toDays() + " days";
        }
        return Words.duration(time.toNanos());
    }

    /** Goes back. */
    void revert(Snapshot snapshot, boolean keepNow) {
        String kept = kept(snapshot);
        boolean active = machine.state().active();
        change(
                "Go back to " + snapshot.name(),
                progress -> {
                    if (keepNow) {
                        snapshots.create(
                                new Snapshot.Request(
                                        kept,
                                        "As it was before going back to " + snapshot.name(),
                                        active,
                                        snapshot.storage()),
                                half(progress, 0));
                        snapshots.revert(snapshot.id().toString(), half(progress, 1));
                    } else {
                        snapshots.revert(snapshot.id().toString(), progress);
                    }
                },
                "\u201c" + machine.name() + "\u201d is what it was at \u201c" + snapshot.name() + "\u201d");
    }

    private String kept(Snapshot snapshot) {
        Set<String> taken = names(Optional.empty());
        String name = "Before " + snapshot.name();
        for (int number = 2; taken.contains(name); number++) {
            name = "Before " + snapshot.name() + " " + number;
        }
        return name;
    }

    /** The first or the second half of a task of two. */
    private static Progress half(Progress whole, int part) {
        return (done, total) -> whole.at(part * total + done, 2 * total);
    }

    /** Finds out what deleting would do, and then asks. */
    void prepareDelete(Snapshot snapshot, Consumer<Question> ask) {
        AtomicReference<Snapshot.@Nullable Removal> removal = new AtomicReference<>();
        main.work()
                .run(
                        () -> removal.set(snapshots.removal(snapshot.id().toString())),
                        () -> Optional.ofNullable(removal.get())
                                .ifPresent(what -> ask.accept(deleteQuestion(snapshot, what))),
                        why -> tell("\u201c" + snapshot.name() + "\u201d cannot be deleted", why));
    }

    static Question deleteQuestion(Snapshot snapshot, Snapshot.Removal removal) {
        List<String> lines = new ArrayList<>();
        lines.add(Words.size(removal.freedBytes()) + " become free");
        if (removal.mergedBytes() > 0) {
            lines.add(Words.size(removal.mergedBytes()) + " are copied into what came after it");
        }
        removal.kept().ifPresent(why -> lines.add(Words.sentence(why)));
        removal.removed().forEach(file -> lines.add(file.toString()));
        return new Question(
                "Delete \u201c" + snapshot.name() + "\u201d?",
                "You cannot go back to it any more. The machine as it is now and all other snapshots stay what they are.",
                lines,
                Optional.empty(),
                "Delete");
    }

    void delete(Snapshot snapshot) {
        change(
                "Delete snapshot " + snapshot.name(),
                progress -> snapshots.delete(snapshot.id().toString(), progress),
                "\u201c" + snapshot.name() + "\u201d is deleted");
    }

    void edit(Snapshot snapshot, SnapshotDialogs.Edit wanted) {
        busy.set(true);
        main.work()
                .run(
                        () -> snapshots.edit(snapshot.id().toString(), wanted.name(), wanted.description()),
                        () -> {
                            busy.set(false);
                            refresh();
                        },
                        why -> {
                            busy.set(false);
                            tell("\u201c" + snapshot.name() + "\u201d could not be changed", why);
                        });
    }

    private void tell(String title, String why) {
        main.tell(new Notice(Notice.Kind.ERROR, title, Words.sentence(why)));
    }

    /** Work on the snapshots. */
    @FunctionalInterface
    private interface Change {
        void perform(Progress progress) throws TerrariumException;
    }

    private void change(String title, Change change, String done) {
        if (busy.get()) {
            main.tell(new Notice(
                    Notice.Kind.WARNING,
                    "One after the other",
                    "Something is being done to the snapshots of \u201c" + machine.name() + "\u201d already"));
            return;
        }
        busy.set(true);
        main.begin(title, change::perform, () -> main.tell(new Notice(Notice.Kind.DONE, done, "")))
                .statusProperty()
                .subscribe(status -> {
                    if (status.state().ended()) {
                        busy.set(false);
                        refresh();
                    }
                });
    }
}
