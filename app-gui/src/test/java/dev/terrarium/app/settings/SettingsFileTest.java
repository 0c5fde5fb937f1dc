// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.settings;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.app.settings.Settings.Theme;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsFileTest {
    @TempDir
    Path home;

    @Test
    void whatWasSavedIsLoaded() {
        Settings settings = Settings.DEFAULT.withTheme(Theme.DARK).withSize(900, 600, true);
        new SettingsFile(home).save(settings);
        assertThat(new SettingsFile(home).load()).isEqualTo(settings);
    }

    @Test
    void withoutAFileThereAreDefaults() {
        assertThat(new SettingsFile(home.resolve("nowhere")).load()).isEqualTo(Settings.DEFAULT);
    }

    @Test
    void aDamagedFileIsKeptAside() throws Exception {
        Files.writeString(home.resolve("settings.json"), "{ \"theme\": \"PURPLE\"");
        assertThat(new SettingsFile(home).load()).isEqualTo(Settings.DEFAULT);
        assertThat(home.resolve("settings.json.damaged")).hasContent("{ \"theme\": \"PURPLE\"");
    }

    @Test
    void aNewerFileWithMoreInItIsRead() throws Exception {
        Files.writeString(home.resolve("settings.json"), "{ \"theme\": \"DARK\", \"language\": \"eo\" }");
        Settings settings = new SettingsFile(home).load();
        assertThat(settings.theme()).isEqualTo(Theme.DARK);
        assertThat(settings.width()).isEqualTo(Settings.DEFAULT.width());
    }
}
