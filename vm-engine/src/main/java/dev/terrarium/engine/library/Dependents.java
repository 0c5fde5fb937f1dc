// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which machines have disks that stand on images of others: linked clones. What they stand on must stay as it is. */
final class Dependents {
    private static final Logger LOG = LoggerFactory.getLogger(Dependents.class);

    private Dependents() {}

    /** A machine and an image elsewhere that a disk of it stands on. */
    record Dependent(String machine, Path image) {}

    /**
     * The machines outside {@code folder} that stand on something in it, by what their configurations say. A configuration that
     * cannot be read says nothing.
     *
     * @param machines the library's folder of machines
     */
    static List<Dependent> on(Path machines, Path folder) throws TerrariumException {
        List<Dependent> found = new ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(machines, Files::isDirectory)) {
            for (Path each : folders) {
                MachineFolder machine = new MachineFolder(each);
                if (!each.equals(folder) && Files.exists(machine.configFile())) {
                    add(machine, folder, found);
                }
            }
        } catch (IOException e) {
            throw new TerrariumException(machines + " cannot be listed (" + e + "): check its permissions", e);
        }
        return found;
    }

    private static void add(MachineFolder machine, Path folder, List<Dependent> found) {
        try {
            MachineConfig config = machine.load();
            config.disks().stream()
                    .flatMap(drive -> drive.standsOn().stream())
                    .map(Path::of)
                    .filter(image -> image.startsWith(folder))
                    .forEach(image -> found.add(new Dependent(config.name(), image)));
        } catch (TerrariumException e) {
            LOG.debug("{}", e.getMessage());
        }
    }

    /** Refuses to remove {@code folder} while another machine's disk stands on an image in it. */
    static void requireNone(Path machines, Path folder) throws TerrariumException {
        List<Dependent> found = on(machines, folder);
        if (!found.isEmpty()) {
            Dependent first = found.getFirst();
            throw new TerrariumException("\"" + first.machine + "\" is a linked clone that stands on " + first.image
                    + ": delete that machine first, or keep this one's disks");
        }
    }
}
