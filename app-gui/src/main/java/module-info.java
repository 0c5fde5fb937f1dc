// SPDX-License-Identifier: GPL-3.0-or-later

/** The application: the window, the command line, and {@code Main}. */
@org.jspecify.annotations.NullMarked
module dev.terrarium.app {
    requires static org.jspecify;
    requires ch.qos.logback.classic;
    requires ch.qos.logback.core;
    requires com.fasterxml.jackson.databind;
    requires dev.terrarium.engine;
    requires info.picocli;
    requires org.slf4j;

    provides ch.qos.logback.classic.spi.Configurator with
            dev.terrarium.app.LogSetup;

    opens dev.terrarium.app.cli to
            info.picocli;
}
