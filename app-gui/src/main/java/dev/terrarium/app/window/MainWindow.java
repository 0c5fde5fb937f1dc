// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import atlantafx.base.theme.PrimerDark;
import atlantafx.base.theme.PrimerLight;
import dev.terrarium.app.settings.Settings;
import dev.terrarium.app.settings.Settings.Theme;
import dev.terrarium.app.settings.SettingsFile;
import dev.terrarium.app.task.Task;
import dev.terrarium.app.task.Tasks;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.icons.ApplicationIcon;
import dev.terrarium.icons.Icon;
import dev.terrarium.icons.IconView;
import dev.terrarium.wizards.CloneDialog;
import dev.terrarium.wizards.NewMachineWizard;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javafx.application.Application;
import javafx.application.Platform;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.geometry.Insets;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.SplitPane;
import javafx.scene.input.Dragboard;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyCodeCombination;
import javafx.scene.input.KeyCombination;
import javafx.scene.input.TransferMode;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.StackPane;
import javafx.stage.Stage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The window: toolbar, list of machines, and the page of the one that is selected. */
final class MainWindow {
    private static final Logger LOG = LoggerFactory.getLogger(MainWindow.class);
    private static final double LIST_WIDTH = 280;
    private static final long TASKS_END_SECONDS = 60;

    private final Host host;
    private final SettingsFile settingsFile;
    private final Runnable closed;
    private final Executor background =
            task -> Thread.ofVirtual().name("window work").start(task);
    private final MainViewModel model;
    private final HostWatcher watcher;
    private final Stage stage = new Stage();
    private final StackPane page = new StackPane();
    private final BorderPane content = new BorderPane();
    private final QuestionLayer questions = new QuestionLayer(content);
    private final EmptyPage emptyPage;
    private final TaskBar taskBar;
    private final ObjectProperty<MainBar.Place> place = new SimpleObjectProperty<>(MainBar.Place.MACHINES);
    private final MediaViewModel media;
    private final MediaPage mediaPage;
    private final MainBar bar;
    private final SplitPane split = new SplitPane();
    private final Button theme = Controls.iconButton("theme", Icon.DARK, "Dark colours", this::toggleTheme);
    private Settings settings;
    private Optional<MachinePage> machinePage = Optional.empty();
    private CompletableFuture<Void> wizard = CompletableFuture.completedFuture(null);

    /** @param closed called once the window is gone and every machine is off */
    MainWindow(Host host, SettingsFile settingsFile, Runnable closed) {
        this.host = host;
        this.settingsFile = settingsFile;
        this.closed = closed;
        settings = settingsFile.load();
        model = new MainViewModel(host, background, Platform::runLater);
        watcher = new HostWatcher(
                host,
                sample -> Platform.runLater(() -> model.update(sample)),
                (machine, reason) -> Platform.runLater(() -> model.leftKvm(machine.name(), reason)));
        taskBar = new TaskBar(model.tasks());
        emptyPage = new EmptyPage(model, () -> newMachine(Optional.empty()));
        media = new MediaViewModel(
                model, settings.mediaFolders().stream().map(Path::of).toList(), this::rememberFolders);
        mediaPage = new MediaPage(media, new MediaRequests());
        bar = new MainBar(model, media, place, () -> newMachine(Optional.empty()), List.of(taskBar.button(), theme));
        build();
    }

    private void build() {
        applyTheme();
        split.getItems().setAll(new MachineList(model, this::askDelete), page);
        split.setDividerPositions(LIST_WIDTH / settings.width());
        split.getStyleClass().add("main-split");
        SplitPane.setResizableWithParent(split.getItems().getFirst(), false);
        page.setMinWidth(0);
        theme.getStyleClass().add("flat");
        content.setTop(bar);
        content.setBottom(taskBar);
        model.emptyProperty().subscribe(this::showPlace);
        place.subscribe(this::showPlace);
        showPlace();
        model.selectedProperty().subscribe(this::showPage);

        NoticeStack notices = new NoticeStack(model);
        StackPane.setAlignment(notices, Pos.BOTTOM_RIGHT);
        taskBar.onHeight(height -> StackPane.setMargin(notices, new Insets(0, 0, height, 0)));
        StackPane root = new StackPane(content, notices, questions);
        root.getStyleClass().add("main-window");
        acceptDrops(root);
        Scene scene = new Scene(root, settings.width(), settings.height());
        scene.getStylesheets()
                .setAll(
                        Icon.stylesheet(),
                        Objects.requireNonNull(MainWindow.class.getResource("window.css"))
                                .toExternalForm());
        scene.getAccelerators().put(control(KeyCode.N), () -> newMachine(Optional.empty()));
        scene.getAccelerators().put(control(KeyCode.F), bar::focusSearch);
        scene.getAccelerators().put(control(KeyCode.Q), this::requestClose);
        scene.getAccelerators().put(new KeyCodeCombination(KeyCode.F5), this::refresh);
        stage.setTitle("Terrarium");
        stage.getIcons().setAll(ApplicationIcon.images());
        stage.setScene(scene);
        stage.setMinWidth(720);
        stage.setMinHeight(480);
        stage.setMaximized(settings.maximized());
        stage.setOnCloseRequest(event -> {
            event.consume();
            requestClose();
        });
    }

    private static KeyCombination control(KeyCode key) {
        return new KeyCodeCombination(key, KeyCombination.SHORTCUT_DOWN);
    }

    void show() {
        watcher.start();
        stage.show();
    }

    Stage stage() {
        return stage;
    }

    MainViewModel model() {
        return model;
    }

    /** Shows one machine, and switches it on if asked. */
    void select(VirtualMachine machine, boolean start) {
        place.set(MainBar.Place.MACHINES);
        model.show(machine, start);
    }

    private void showPlace() {
        boolean machines = place.get() == MainBar.Place.MACHINES;
        if (machines) {
            content.setCenter(model.emptyProperty().get() ? emptyPage : split);
        } else {
            content.setCenter(mediaPage);
            media.refresh();
        }
    }

    private void refresh() {
        watcher.wake();
        if (place.get() == MainBar.Place.MEDIA) {
            media.refresh();
        }
    }

    private void rememberFolders(List<Path> folders) {
        settings =
                settings.withMediaFolders(folders.stream().map(Path::toString).toList());
        Settings saved = settings;
        background.execute(() -> settingsFile.save(saved));
    }

    private void showPage(Optional<ListEntry> selected) {
        if (selected.orElse(null) instanceof ListEntry.Machine(MachineViewModel wanted)
                && machinePage.filter(open -> open.model() == wanted).isPresent()) {
            return;
        }
        int tab = machinePage.map(MachinePage::selectedTab).orElse(0);
        machinePage.ifPresent(MachinePage::dispose);
        machinePage = Optional.empty();
        page.getChildren().clear();
        switch (selected.orElse(null)) {
            case ListEntry.Machine(MachineViewModel wanted) -> {
                MachinePage shown = new MachinePage(model, wanted, new Requests());
                shown.selectTab(tab);
                machinePage = Optional.of(shown);
                page.getChildren().setAll(shown);
            }
            case ListEntry.Damaged(var damaged) -> page.getChildren().setAll(new DamagedPage(damaged));
            case ListEntry.Heading heading -> throw new IllegalStateException("a heading is selected: " + heading);
            case null -> page.getChildren().clear();
        }
    }

    private final class Requests implements MachinePage.Requests {
        @Override
        public void delete(MachineViewModel machine) {
            askDelete(machine);
        }

        @Override
        public void clone(MachineViewModel machine, List<Snapshot> moments, Optional<Snapshot> moment) {
            CloneDialog.show(
                    stage,
                    machine.name(),
                    machine.state().active(),
                    model.names(),
                    moments,
                    moment,
                    request -> host.clonePlan(machine.machine(), request),
                    request -> model.clone(machine, request));
        }

        @Override
        public void ask(Question question, Consumer<Question.Answer> answered) {
            questions.ask(question, answered);
        }
    }

    private final class MediaRequests implements MediumPane.Requests {
        @Override
        public void ask(Question question, Runnable confirmed) {
            questions.ask(question, answer -> {
                if (answer.confirmed()) {
                    confirmed.run();
                }
            });
        }

        @Override
        public void newMachine(Path image) {
            MainWindow.this.newMachine(Optional.of(image));
        }

        @Override
        public void showInFolder(Path file) {
            model.work()
                    .run(
                            () -> FileManager.show(file),
                            () -> {},
                            problem -> model.tell(new Notice(
                                    Notice.Kind.WARNING, "The folder could not be opened", Words.sentence(problem))));
        }
    }

    private void askDelete(MachineViewModel machine) {
        if (machine.state().active()) {
            model.tell(new Notice(
                    Notice.Kind.WARNING,
                    "\u201c" + machine.name() + "\u201d runs",
                    "Switch it off before you delete it"));
            return;
        }
        model.prepareDelete(
                machine,
                question -> questions.ask(question, answer -> {
                    if (answer.confirmed()) {
                        model.delete(machine, answer.option());
                    }
                }));
    }

    private void newMachine(Optional<Path> media) {
        if (!wizard.isDone() || questions.asking()) {
            return;
        }
        wizard = NewMachineWizard.show(stage, host, media)
                .thenAccept(made -> made.ifPresent(machine -> select(machine.machine(), machine.start())));
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
            event.setDropCompleted(board.hasFiles());
            event.consume();
            if (board.hasFiles()) {
                List<Path> files = board.getFiles().stream().map(File::toPath).toList();
                if (place.get() == MainBar.Place.MEDIA) {
                    media.bringIn(files);
                } else {
                    newMachine(Optional.of(files.getFirst()));
                }
            }
        });
    }

    private void toggleTheme() {
        settings = settings.withTheme(settings.theme() == Theme.DARK ? Theme.LIGHT : Theme.DARK);
        applyTheme();
        Settings saved = settings;
        background.execute(() -> settingsFile.save(saved));
    }

    private void applyTheme() {
        boolean dark = settings.theme() == Theme.DARK;
        Application.setUserAgentStylesheet(
                dark ? new PrimerDark().getUserAgentStylesheet() : new PrimerLight().getUserAgentStylesheet());
        ((IconView) theme.getGraphic()).setIcon(dark ? Icon.LIGHT : Icon.DARK);
        String text = dark ? "Light colours" : "Dark colours";
        theme.setAccessibleText(text);
        theme.getTooltip().setText(text);
    }

    /** Closes, after asking if machines would end with the window. */
    void requestClose() {
        if (questions.asking()) {
            return;
        }
        Optional<Question> question = model.closingQuestion();
        if (question.isEmpty()) {
            close();
            return;
        }
        questions.ask(question.get(), answer -> {
            if (answer.alternative()) {
                model.saveAll(this::close);
            } else if (answer.confirmed()) {
                close();
            }
        });
    }

    /** Work that was told to stop clears up after itself; that may take a moment. */
    private static void awaitEnd(List<Task> ending) {
        try {
            if (!Tasks.awaitEnd(ending, TASKS_END_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("does not end: {}", ending.stream().map(Task::title).toList());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void close() {
        machinePage.ifPresent(MachinePage::dispose);
        watcher.close();
        boolean maximized = stage.isMaximized();
        Settings saved = maximized
                ? settings.withSize(settings.width(), settings.height(), true)
                : settings.withSize(
                        stage.getScene().getWidth(), stage.getScene().getHeight(), false);
        stage.hide();
        List<Task> ending = model.tasks().running();
        model.tasks().cancelAll();
        background.execute(() -> {
            settingsFile.save(saved);
            awaitEnd(ending);
            host.close();
            closed.run();
        });
    }
}
