// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import dev.terrarium.engine.TerrariumException;
import java.util.ArrayList;
import java.util.List;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.SeparatorMenuItem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The key combinations that the host would keep to itself, as menu items that send them to the guest. */
public final class KeyCombinationMenu {
    private static final Logger LOG = LoggerFactory.getLogger(KeyCombinationMenu.class);
    private static final int CONSOLES = 12;

    private KeyCombinationMenu() {}

    /** Fresh items, for a menu of the caller's. They are disabled while the view is not connected. */
    public static List<MenuItem> items(ConsoleView view) {
        List<MenuItem> items = new ArrayList<>();
        items.add(item(view, "Ctrl+Alt+Delete", "ctrl-alt-delete"));
        items.add(item(view, "Ctrl+Alt+Backspace", "ctrl-alt-backspace"));
        items.add(item(view, ConsoleView.text("menu.print"), "print"));
        items.add(new SeparatorMenuItem());
        for (int i = 1; i <= CONSOLES; i++) {
            items.add(item(view, "Ctrl+Alt+F" + i, "ctrl-alt-f" + i));
        }
        return items;
    }

    /** A button that opens the menu. */
    public static MenuButton button(ConsoleView view) {
        MenuButton button = new MenuButton(ConsoleView.text("menu.title"));
        button.getItems().setAll(items(view));
        button.disableProperty().bind(view.connectedProperty().not());
        return button;
    }

    private static MenuItem item(ConsoleView view, String label, String combination) {
        MenuItem item = new MenuItem(label);
        item.setMnemonicParsing(false);
        item.disableProperty().bind(view.connectedProperty().not());
        item.setOnAction(event -> {
            try {
                view.sendKeys(combination);
            } catch (TerrariumException e) {
                LOG.warn("{} was not sent: {}", label, e.getMessage());
            }
        });
        return item;
    }
}
