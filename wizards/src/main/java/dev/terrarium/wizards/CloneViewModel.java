// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.CloneRequest;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineRules;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import javafx.beans.binding.Bindings;
import javafx.beans.binding.BooleanBinding;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;

/** A copy of a machine as typed, with what it would take. */
final class CloneViewModel {
    final StringProperty name = new SimpleStringProperty("");
    final StringProperty nameProblem = new SimpleStringProperty("");
    final ObjectProperty<CloneRequest.Kind> kind = new SimpleObjectProperty<>(CloneRequest.Kind.FULL);
    /** Empty: as it is now. */
    final ObjectProperty<Optional<Snapshot>> moment = new SimpleObjectProperty<>(Optional.empty());

    final ObjectProperty<Optional<CloneRequest.Plan>> plan = new SimpleObjectProperty<>(Optional.empty());
    final StringProperty planProblem = new SimpleStringProperty("");

    private final Set<String> taken;
    private final CloneDialog.Planner planner;
    private final Lookup lookup;
    private final BooleanBinding valid;

    /** What the planner said. */
    private record Answer(Optional<CloneRequest.Plan> plan, String problem) {}

    /** @param taken names of machines */
    CloneViewModel(
            String machine,
            Set<String> taken,
            Optional<Snapshot> moment,
            CloneDialog.Planner planner,
            Executor background,
            Executor window) {
        this.taken = taken.stream().map(each -> each.toLowerCase(Locale.ROOT)).collect(Collectors.toSet());
        this.planner = planner;
        lookup = new Lookup(background, window);
        valid = Bindings.createBooleanBinding(
                () -> nameProblem.get().isEmpty()
                        && planProblem.get().isEmpty()
                        && plan.get().isPresent()
                        && !lookup.waitingProperty().get(),
                nameProblem,
                planProblem,
                plan,
                lookup.waitingProperty());
        name.set(proposal(machine));
        this.moment.set(moment);
        name.subscribe((before, now) -> look());
        kind.subscribe((before, now) -> look());
        this.moment.subscribe((before, now) -> look());
        look();
    }

    /** {@code build-2} of {@code build}, {@code build-3} of {@code build-2}: the first that is free. */
    private String proposal(String machine) {
        String stem = machine.replaceFirst("-[0-9]{1,4}$", "");
        int number = 2;
        while (taken.contains((stem + "-" + number).toLowerCase(Locale.ROOT))) {
            number++;
        }
        return stem + "-" + number;
    }

    private void look() {
        String text = name.get().strip();
        Optional<String> wrong = MachineRules.nameProblem(text);
        if (wrong.isEmpty() && taken.contains(text.toLowerCase(Locale.ROOT))) {
            wrong = Optional.of("there is a machine of this name already");
        }
        nameProblem.set(Texts.sentence(wrong.orElse("")));
        if (wrong.isPresent()) {
            return;
        }
        CloneRequest request = request();
        lookup.ask(() -> ask(request), answer -> {
            plan.set(answer.plan());
            planProblem.set(answer.plan()
                    .filter(each -> each.bytes() > each.freeBytes())
                    .map(each -> "There is not enough room: " + Texts.size(each.freeBytes()) + " are free")
                    .orElse(answer.problem()));
        });
    }

    private Answer ask(CloneRequest request) {
        try {
            return new Answer(Optional.of(planner.plan(request)), "");
        } catch (TerrariumException e) {
            return new Answer(Optional.empty(), Texts.sentence(e.getMessage()));
        }
    }

    /** The copies that would be made, a line each; what is shared is named as such. */
    List<String> lines() {
        return plan.get().stream()
                .flatMap(each -> each.disks().stream())
                .map(disk -> disk.source().equals(disk.target())
                        ? disk.source().getFileName() + "  (shared, it is only read)"
                        : disk.target().getFileName() + "  (" + Texts.size(disk.bytes()) + ")")
                .toList();
    }

    /** What it takes altogether. */
    String total() {
        return plan.get()
                .map(each ->
                        Texts.size(each.bytes()) + " are written now, " + Texts.size(each.freeBytes()) + " are free")
                .orElse("");
    }

    BooleanBinding valid() {
        return valid;
    }

    /** What was typed. */
    CloneRequest request() {
        return new CloneRequest(name.get().strip(), kind.get(), moment.get().map(each -> each.id()
                .toString()));
    }
}
