// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.settings;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code settings.json} in the home folder. A file that cannot be read is set aside, not overwritten. */
public final class SettingsFile {
    private static final Logger LOG = LoggerFactory.getLogger(SettingsFile.class);

    private final ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private final Path file;

    public SettingsFile(Path home) {
        file = home.resolve("settings.json");
    }

    /** The settings, or the defaults where there are none. */
    public Settings load() {
        if (!Files.exists(file)) {
            return Settings.DEFAULT;
        }
        try {
            return mapper.readValue(Files.readAllBytes(file), Settings.class);
        } catch (JsonProcessingException e) {
            LOG.warn("{} is damaged, it is set aside: {}", file, e.getOriginalMessage());
            setAside();
        } catch (IOException e) {
            LOG.warn("{} cannot be read: {}", file, e.getMessage());
        }
        return Settings.DEFAULT;
    }

    private void setAside() {
        try {
            Files.move(file, file.resolveSibling("settings.json.damaged"), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn("{} cannot be set aside: {}", file, e.getMessage());
        }
    }

    /** Writes the settings; the old file stays whole until the new one is. */
    public void save(Settings settings) {
        Path written = file.resolveSibling("settings.json.new");
        try {
            Files.createDirectories(file.getParent());
            Files.write(written, mapper.writeValueAsBytes(settings));
            Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn("{} cannot be written: {}", file, e.getMessage());
        }
    }
}
