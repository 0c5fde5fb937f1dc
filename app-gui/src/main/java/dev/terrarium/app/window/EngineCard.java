// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.EngineStatistics;
import dev.terrarium.engine.MachineStatistics;
import java.util.Locale;
import java.util.function.Function;
import javafx.scene.control.Label;
import javafx.scene.layout.TilePane;
import javafx.scene.layout.VBox;
import javafx.util.Subscription;

/** What the software processor did for a machine since its start: executed, compiled, and what the compiling cost. */
final class EngineCard extends VBox {
    private static final String NOTHING = "\u2013";
    private static final double MINUTE = 60;

    private final MachineViewModel model;
    private final TilePane tiles = new TilePane();
    private Subscription subscription = Subscription.EMPTY;

    EngineCard(MachineViewModel model) {
        this.model = model;
        setId("engine");
        getStyleClass().add("section");
        tiles.getStyleClass().add("tiles");
        tile("engine-instructions", "Instructions", engine -> count(engine.instructions()));
        tile("engine-compiled", "Run in compiled code", engine -> Words.percent(engine.compiledShare()));
        tile("engine-time", "Time to compile", engine -> seconds(engine.compileNanos()));
        tile("engine-code", "Compiled code", engine -> Words.size(engine.codeBytes()));
        tile("engine-regions", "Compiled regions", engine -> Integer.toString(engine.compiledRegions()));
        getChildren().setAll(Controls.label("Engine", "section-title"), tiles);
    }

    private void tile(String id, String title, Function<EngineStatistics, String> text) {
        Label value = Controls.label("", "tile-value");
        value.setId(id);
        subscription = subscription.and(model.statisticsProperty()
                .subscribe(figures -> value.setText(counts(figures) ? text.apply(figures.engine()) : NOTHING)));
        VBox tile = new VBox(Controls.label(title, "tile-title"), value);
        tile.getStyleClass().add("tile");
        tiles.getChildren().add(tile);
    }

    /** KVM's instructions are counted by nobody. */
    private static boolean counts(MachineStatistics figures) {
        return figures.state().active() && figures.engine().instructions() > 0;
    }

    private static String count(long instructions) {
        return instructions < 1_000_000_000
                ? instructions / 1_000_000 + " million"
                : String.format(Locale.ROOT, "%.1f billion", instructions / 1e9);
    }

    private static String seconds(long nanos) {
        double seconds = nanos / 1e9;
        return seconds < MINUTE ? String.format(Locale.ROOT, "%.1f s", seconds) : Words.duration(nanos);
    }

    void dispose() {
        subscription.unsubscribe();
    }
}
