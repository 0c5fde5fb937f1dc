// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.console.KeyboardLight;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javafx.application.Platform;
import javafx.beans.property.SimpleObjectProperty;
import javafx.scene.Node;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.testfx.api.FxToolkit;

@Tag("desktop")
class KeyboardLampsTest {
    @BeforeAll
    static void startToolkit() throws Exception {
        FxToolkit.registerPrimaryStage();
    }

    @Test
    void lampsFollowTheGuestAndMakeRoom() throws Exception {
        CompletableFuture<List<List<String>>> seen = new CompletableFuture<>();
        Platform.runLater(() -> {
            SimpleObjectProperty<Set<KeyboardLight>> lit = new SimpleObjectProperty<>(Set.of());
            KeyboardLamps lamps = new KeyboardLamps(lit);
            List<String> dark = texts(lamps);
            lit.set(Set.of(KeyboardLight.NUM_LOCK));
            List<String> one = texts(lamps);
            lamps.setOnlyLit(true);
            seen.complete(List.of(dark, one, texts(lamps)));
        });
        assertThat(seen.get(10, TimeUnit.SECONDS))
                .containsExactly(
                        List.of("Caps Lock is off", "Num Lock is off", "Scroll Lock is off"),
                        List.of("Caps Lock is off", "Num Lock is on", "Scroll Lock is off"),
                        List.of("Num Lock is on"));
    }

    private static List<String> texts(KeyboardLamps lamps) {
        return lamps.getChildren().stream()
                .filter(Node::isVisible)
                .map(lamp -> lamp.getAccessibleText().replace(" in the guest", ""))
                .toList();
    }
}
