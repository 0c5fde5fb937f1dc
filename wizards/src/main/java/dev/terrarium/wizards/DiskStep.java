// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import javafx.scene.control.Label;
import javafx.scene.control.RadioButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.layout.VBox;

/** Step 3: a new disk, or none. */
final class DiskStep extends VBox {
    DiskStep(NewMachineViewModel model) {
        getStyleClass().add("step");
        ToggleGroup group = new ToggleGroup();
        RadioButton make = new RadioButton("Make a new disk");
        make.setId("new-disk");
        make.setToggleGroup(group);
        RadioButton none = new RadioButton("No new disk");
        none.setId("no-disk");
        none.setToggleGroup(group);
        make.setOnAction(event -> model.newDisk.set(true));
        none.setOnAction(event -> model.newDisk.set(false));
        model.newDisk.subscribe(wanted -> group.selectToggle(wanted ? make : none));

        Field size = MachineStep.number("Size", "disk-size", "GiB", model.diskSize)
                .withProblem(model.diskProblem)
                .withHint(model.facts.map(facts -> facts.map(known -> "The file grows as the guest writes. "
                                + Texts.size(known.freeBytes()) + " are free where machines are kept")
                        .orElse("")));
        size.getStyleClass().add("under-radio");
        size.disableProperty().bind(model.newDisk.not());

        Label why = new Label();
        why.getStyleClass().add("under-radio");
        why.getStyleClass().add("field-message");
        why.setWrapText(true);
        why.setMinHeight(USE_PREF_SIZE);
        model.choice.subscribe(choice -> why.setText(explanation(choice)));
        getChildren().setAll(make, size, none, why);
    }

    private static String explanation(MediaChoice choice) {
        return switch (choice) {
            case CD -> "Right for live systems and tests such as Memtest86+";
            case DISK -> "The machine has the existing disk already";
            case KERNEL -> "Right for a kernel that needs no disk";
            case NOTHING -> "A disk can be added later";
        };
    }
}
