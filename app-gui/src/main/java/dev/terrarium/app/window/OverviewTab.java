// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.chart.TimeGraph;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.config.GuestSystem;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import javafx.beans.binding.Bindings;
import javafx.beans.property.SimpleStringProperty;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.TilePane;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;

/** What the machine is doing: processor and memory over two minutes, and figures. */
final class OverviewTab extends ScrollPane {
    private static final double LEAST_TILE_WIDTH = 160;

    private final List<TimeGraph> graphs = new ArrayList<>();
    private final EngineCard engine;
    private Subscription subscription = Subscription.EMPTY;

    OverviewTab(MachineViewModel model) {
        getStyleClass().add("page-scroll");
        setFitToWidth(true);
        TimeGraph processor = new TimeGraph(
                "Processor",
                "cpu",
                Bindings.createStringBinding(
                        () -> model.state().active()
                                ? Words.percent(model.processor().last())
                                : "\u2013",
                        model.processor().revisionProperty(),
                        model.stateProperty()),
                new SimpleStringProperty("100 %"),
                model.processor());
        TimeGraph memory = new TimeGraph(
                "Host memory used",
                "memory",
                model.statisticsProperty()
                        .map(figures -> figures.state().active() ? Words.size(figures.residentBytes()) : "\u2013"),
                model.statisticsProperty().map(figures -> Words.size(figures.memoryBytes())),
                model.memory());
        graphs.add(processor);
        graphs.add(memory);
        HBox charts = new HBox(processor, memory);
        charts.getStyleClass().add("charts");
        graphs.forEach(graph -> {
            HBox.setHgrow(graph, Priority.ALWAYS);
            graph.setPrefWidth(200);
        });
        TilePane facts = new TilePane();
        facts.getStyleClass().add("tiles");
        facts.getChildren()
                .setAll(
                        tile(model, "Uptime", figures -> active(figures, Words.duration(figures.uptimeNanos()))),
                        tile(model, "Guest system", figures -> GuestSystem.of(
                                        model.configProperty().get().operatingSystem())
                                .title()),
                        tile(model, "vCPUs", figures -> Integer.toString(figures.vcpus())),
                        tile(model, "Memory", figures -> Words.size(figures.memoryBytes())),
                        tile(
                                model,
                                "Screen",
                                figures -> figures.screenWidth() == 0
                                        ? "\u2013"
                                        : figures.screenWidth() + "\u00d7" + figures.screenHeight()),
                        tile(model, "Runs on", figures -> active(figures, Words.accelerator(figures.accelerator()))),
                        tile(
                                model,
                                "Read from drives",
                                figures -> active(figures, Words.size(figures.diskReadBytes()))),
                        tile(
                                model,
                                "Written to drives",
                                figures -> active(figures, Words.size(figures.diskWrittenBytes()))),
                        tile(
                                model,
                                "Received and sent",
                                figures -> active(
                                        figures,
                                        Words.size(figures.network().receivedBytes()) + " \u00b7 "
                                                + Words.size(figures.network().sentBytes()))),
                        tile(
                                model,
                                "Guest's address",
                                figures -> Objects.requireNonNullElse(
                                        figures.network().guestAddress(), "\u2013")));
        facts.widthProperty()
                .subscribe(width -> facts.setPrefTileWidth(tileWidth(width.doubleValue(), facts.getHgap())));
        engine = new EngineCard(model);
        VBox content = new VBox(charts, facts, engine);
        content.getStyleClass().add("page-content");
        setContent(content);
    }

    /** As many tiles in a row as fit, sharing its whole width. */
    private static double tileWidth(double width, double gap) {
        double columns = Math.max(1, Math.floor((width + gap) / (LEAST_TILE_WIDTH + gap)));
        return Math.max(LEAST_TILE_WIDTH, Math.floor((width - gap * (columns - 1)) / columns));
    }

    private static String active(MachineStatistics figures, String text) {
        return figures.state().active() ? text : "\u2013";
    }

    private VBox tile(MachineViewModel model, String title, Function<MachineStatistics, String> text) {
        Label value = Controls.label("", "tile-value");
        subscription =
                subscription.and(model.statisticsProperty().subscribe(figures -> value.setText(text.apply(figures))));
        VBox tile = new VBox(Controls.label(title, "tile-title"), value);
        tile.getStyleClass().add("tile");
        return tile;
    }

    void dispose() {
        subscription.unsubscribe();
        engine.dispose();
        graphs.forEach(TimeGraph::dispose);
    }
}
