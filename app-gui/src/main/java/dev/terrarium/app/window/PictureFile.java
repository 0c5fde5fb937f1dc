// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.TerrariumException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The PNG file that a picture of a machine's screen goes to. */
final class PictureFile {
    private static final Logger LOG = LoggerFactory.getLogger(PictureFile.class);
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmmss", Locale.ROOT);
    private static final Pattern PICTURES =
            Pattern.compile("^XDG_PICTURES_DIR=\"(\\$HOME)?/?([^\"]*)\"", Pattern.MULTILINE);

    private PictureFile() {}

    /** {@code debian-2026-11-21-161500.png}. */
    static String name(String machine, LocalDateTime time) {
        return machine + "-" + TIME.format(time) + ".png";
    }

    /** The person's folder for pictures (xdg-user-dirs(1)), or {@code home} if there is none. */
    static Path folder(Path home) {
        Path configured = home.resolve(".config/user-dirs.dirs");
        Optional<Path> named = Optional.empty();
        try {
            Matcher line = PICTURES.matcher(Files.readString(configured));
            if (line.find()) {
                named = Optional.of((line.group(1) == null ? Path.of("/") : home).resolve(line.group(2)));
            }
        } catch (NoSuchFileException e) {
            LOG.trace("{} names no folder for pictures", configured);
        } catch (IOException e) {
            LOG.debug("{} cannot be read: {}", configured, e.getMessage());
        }
        return named.or(() -> Optional.of(home.resolve("Pictures")))
                .filter(Files::isDirectory)
                .orElse(home);
    }

    /** With the ending that it needs. */
    static Path withEnding(Path chosen) {
        String name = String.valueOf(chosen.getFileName());
        return name.toLowerCase(Locale.ROOT).endsWith(".png") ? chosen : chosen.resolveSibling(name + ".png");
    }

    /** Writes the picture; a file that was there is replaced. */
    static void write(Screenshot picture, Path file) throws TerrariumException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            picture.writePng(out);
        } catch (AccessDeniedException | NoSuchFileException e) {
            throw new TerrariumException(file + " cannot be written: choose a folder that exists and is yours", e);
        } catch (IOException e) {
            throw new TerrariumException(
                    file + " could not be written (" + e.getMessage() + "): choose another folder", e);
        }
    }
}
