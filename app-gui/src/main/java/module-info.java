// SPDX-License-Identifier: GPL-3.0-or-later

/** The application: its window and its command line. */
@org.jspecify.annotations.NullMarked
module dev.terrarium.app {
    requires static transitive org.jspecify;
    requires dev.terrarium.console;
    requires dev.terrarium.engine;
    requires dev.terrarium.icons;
    requires dev.terrarium.wizards;
    requires atlantafx.base;
    requires com.fasterxml.jackson.databind;
    requires java.management;
    requires javafx.controls;
    requires jdk.management;
    requires org.slf4j;

    opens dev.terrarium.app.settings to
            com.fasterxml.jackson.databind;
}
