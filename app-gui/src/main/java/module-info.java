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
    requires ch.qos.logback.classic;
    requires ch.qos.logback.core;
    requires com.fasterxml.jackson.databind;
    requires info.picocli;
    requires java.management;
    requires javafx.controls;
    requires jdk.management;
    requires jdk.unsupported;
    requires org.slf4j;

    provides ch.qos.logback.classic.spi.Configurator with
            dev.terrarium.app.LogSetup;

    opens dev.terrarium.app.cli to
            info.picocli;
    opens dev.terrarium.app.settings to
            com.fasterxml.jackson.databind;
}
