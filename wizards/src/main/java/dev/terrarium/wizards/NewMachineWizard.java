// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.Host;
import dev.terrarium.icons.ApplicationIcon;
import dev.terrarium.icons.Icon;
import dev.terrarium.wizards.NewMachineViewModel.Step;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import javafx.application.Platform;
import javafx.css.PseudoClass;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.input.Dragboard;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.TransferMode;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.stage.Stage;
import javafx.stage.Window;

/** The window that makes a new machine in four steps. */
public final class NewMachineWizard {
    private static final PseudoClass CURRENT = PseudoClass.getPseudoClass("current");
    private static final PseudoClass PASSED = PseudoClass.getPseudoClass("passed");

    private final NewMachineViewModel model;
    private final CompletableFuture<Optional<NewMachine>> result = new CompletableFuture<>();
    private final Stage stage = new Stage();
    private final Map<Step, Node> pages = new EnumMap<>(Step.class);
    private final StackPane page = new StackPane();

    private NewMachineWizard(Host host) {
        model = new NewMachineViewModel(
                host, task -> Thread.ofVirtual().name("new machine").start(task), Platform::runLater);
    }

    /**
     * Opens the wizard on top of {@code owner}; call it on the window's thread. The machine is made, but not started.
     *
     * @param media a file to begin with
     * @return completed on the window's thread: the new machine, or nothing if the person went away
     */
    public static CompletableFuture<Optional<NewMachine>> show(Window owner, Host host, Optional<Path> media) {
        NewMachineWizard wizard = new NewMachineWizard(host);
        media.ifPresent(wizard.model::beginWith);
        wizard.open(owner);
        return wizard.result;
    }

    private void open(Window owner) {
        pages.put(Step.MEDIA, new MediaStep(model));
        pages.put(Step.MACHINE, new MachineStep(model));
        pages.put(Step.DISK, new DiskStep(model));
        pages.put(Step.SUMMARY, new SummaryStep(model));
        BorderPane root = new BorderPane();
        root.getStyleClass().add("wizard");
        root.setLeft(rail());
        root.setCenter(body());
        root.setBottom(footer());
        acceptDrops(root);

        Scene scene = new Scene(root, 780, 580);
        scene.getStylesheets()
                .setAll(
                        Icon.stylesheet(),
                        Objects.requireNonNull(NewMachineWizard.class.getResource("wizard.css"))
                                .toExternalForm());
        scene.addEventFilter(KeyEvent.KEY_PRESSED, event -> {
            if (event.getCode() == KeyCode.ESCAPE) {
                stage.close();
            }
        });
        stage.initOwner(owner);
        stage.setTitle("New machine");
        stage.getIcons().setAll(ApplicationIcon.images());
        stage.setScene(scene);
        stage.setMinWidth(680);
        stage.setMinHeight(520);
        stage.setOnHidden(event -> result.complete(Optional.empty()));
        stage.show();
        focusFirstField();
    }

    private VBox rail() {
        Label heading = new Label("New machine", Icon.MACHINE.view(20));
        heading.getStyleClass().add("rail-title");
        VBox rail = new VBox(heading);
        rail.getStyleClass().add("rail");
        for (Step step : Step.values()) {
            Label number = new Label(Integer.toString(step.ordinal() + 1));
            number.getStyleClass().add("step-number");
            Label title = new Label(step.title());
            HBox line = new HBox(number, title);
            line.getStyleClass().add("rail-step");
            model.step.subscribe(now -> {
                line.pseudoClassStateChanged(CURRENT, now == step);
                line.pseudoClassStateChanged(PASSED, now.ordinal() > step.ordinal());
            });
            rail.getChildren().add(line);
        }
        return rail;
    }

    private VBox body() {
        Label question = new Label();
        question.getStyleClass().add("question");
        question.textProperty().bind(model.step.map(Step::question));
        model.step.subscribe(step -> {
            page.getChildren().setAll(List.of(Objects.requireNonNull(pages.get(step))));
            focusFirstField();
        });
        page.getStyleClass().add("step-page");
        ScrollPane scroll = new ScrollPane(page);
        scroll.setFitToWidth(true);
        scroll.getStyleClass().add("step-scroll");
        scroll.setFocusTraversable(false);
        VBox.setVgrow(scroll, Priority.ALWAYS);
        VBox body = new VBox(question, scroll);
        body.getStyleClass().add("body");
        return body;
    }

    private HBox footer() {
        Label problem = new Label();
        problem.setId("creation-problem");
        problem.getStyleClass().add("creation-problem");
        problem.setWrapText(true);
        problem.textProperty().bind(model.creationProblem);
        HBox.setHgrow(problem, Priority.ALWAYS);
        problem.setMaxWidth(Double.MAX_VALUE);

        Button cancel = new Button("Cancel");
        cancel.setId("cancel");
        cancel.setCancelButton(true);
        cancel.getStyleClass().add("flat");
        cancel.setOnAction(event -> stage.close());
        Button back = new Button("Back");
        back.setId("back");
        back.setOnAction(event -> model.back());
        back.disableProperty().bind(model.step.map(step -> step == Step.MEDIA));
        Button next = new Button();
        next.setId("next");
        next.setDefaultButton(true);
        next.getStyleClass().add("accent");
        next.textProperty()
                .bind(model.step.flatMap(step -> model.startNow.map(start -> {
                    if (step != Step.SUMMARY) {
                        return "Next";
                    }
                    return start ? "Create and start" : "Create";
                })));
        next.disableProperty().bind(model.canGoOn().not());
        next.setOnAction(event -> {
            if (model.step.get() == Step.SUMMARY) {
                model.create(this::made);
            } else {
                model.next();
            }
        });
        for (Button button : List.of(cancel, back, next)) {
            button.setMinWidth(Region.USE_PREF_SIZE);
        }
        HBox footer = new HBox(problem, cancel, back, next);
        footer.getStyleClass().add("footer");
        return footer;
    }

    private void made(NewMachine machine) {
        result.complete(Optional.of(machine));
        stage.close();
    }

    private void focusFirstField() {
        String first =
                switch (model.step.get()) {
                    case MEDIA -> "#media-path";
                    case MACHINE -> "#name";
                    case DISK -> "#disk-size";
                    case SUMMARY -> "#start-now";
                };
        Platform.runLater(() -> {
            Node field = page.lookup(first);
            if (field != null) {
                field.requestFocus();
            }
        });
    }

    private void acceptDrops(Node root) {
        root.setOnDragOver(event -> {
            if (event.getDragboard().hasFiles()) {
                event.acceptTransferModes(TransferMode.COPY);
            }
            event.consume();
        });
        root.setOnDragDropped(event -> {
            Dragboard board = event.getDragboard();
            if (board.hasFiles()) {
                model.step.set(Step.MEDIA);
                model.beginWith(board.getFiles().getFirst().toPath());
            }
            event.setDropCompleted(board.hasFiles());
            event.consume();
        });
    }
}
