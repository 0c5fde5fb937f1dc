// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import java.util.List;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;

/** The key combinations that the host would keep to itself, as menu items that send them to the guest. */
public final class KeyCombinationMenu {
    private KeyCombinationMenu() {}

    /** Fresh items, for a menu of the caller's. They are disabled while the view is not connected. */
    public static List<MenuItem> items(ConsoleView view) {
        return List.of();
    }

    /** A button that opens the menu. */
    public static MenuButton button(ConsoleView view) {
        MenuButton button = new MenuButton();
        button.getItems().setAll(items(view));
        return button;
    }
}
