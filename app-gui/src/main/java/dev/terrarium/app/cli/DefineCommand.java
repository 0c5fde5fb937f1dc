// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.GuestSystem;
import dev.terrarium.engine.config.MachineConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code define}: makes a machine from what {@code dump} printed; fields that are not there get their defaults. */
@Command(name = "define", description = "Makes a machine from a configuration that dump printed. Disks must exist.")
final class DefineCommand implements Callable<Integer> {
    private static final int MAXIMUM_BYTES = 1 << 20;

    private final RootCommand root;

    @Parameters(paramLabel = "FILE", description = "A JSON file.")
    private Path file = Path.of("");

    DefineCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        MachineConfig config = read();
        try (Host host = root.open()) {
            boolean known = host.machines().stream()
                    .anyMatch(machine -> machine.config().id().equals(config.id()));
            VirtualMachine machine = host.create(known ? withNewId(config) : config, List.of());
            root.note("\"" + machine.name() + "\" is made in " + machine.folder());
        }
        return 0;
    }

    private MachineConfig read() throws TerrariumException {
        ObjectNode tree = defaults();
        try {
            if (Files.size(file) > MAXIMUM_BYTES) {
                throw new TerrariumException(file + " is too large for a configuration: choose what dump printed");
            }
            JsonNode given = Json.MAPPER.readTree(Files.readAllBytes(file));
            if (!(given instanceof ObjectNode object) || !given.path("name").isTextual()) {
                throw new TerrariumException(file + " describes no machine: it needs an object with a \"name\"");
            }
            tree.setAll(object);
            int version = tree.path("version").asInt();
            if (version != MachineConfig.CURRENT_VERSION) {
                throw new TerrariumException(file + " is of version " + version + ": this Terrarium reads version "
                        + MachineConfig.CURRENT_VERSION);
            }
            MachineConfig config = Json.MAPPER.treeToValue(tree, MachineConfig.class);
            if (config.id() == null || config.operatingSystem() == null || config.accelerator() == null) {
                throw new TerrariumException(file + " has a field that is null: leave it out instead");
            }
            return config;
        } catch (JacksonException e) {
            String what = e.getOriginalMessage();
            throw new TerrariumException(
                    file + " is no configuration: "
                            + String.valueOf(what).lines().findFirst().orElse("not JSON"),
                    e);
        } catch (IOException e) {
            throw new TerrariumException(file + " cannot be read (" + e + "): check the path and its permissions", e);
        }
    }

    private static ObjectNode defaults() {
        ObjectNode tree = Json.MAPPER.createObjectNode();
        tree.put("version", MachineConfig.CURRENT_VERSION);
        tree.put("id", UUID.randomUUID().toString());
        tree.put("operatingSystem", GuestSystem.OTHER.id());
        tree.put("memoryMiB", GuestSystem.OTHER.memoryMiB());
        tree.put("vcpus", 1);
        tree.put("maximumVcpus", 1);
        tree.put("accelerator", MachineConfig.Accelerator.AUTO.name());
        tree.putArray("bootOrder").add("DISK").add("CDROM");
        tree.putArray("disks");
        tree.putArray("networks");
        return tree;
    }

    private static MachineConfig withNewId(MachineConfig config) {
        return new MachineConfig(
                config.version(),
                UUID.randomUUID(),
                config.name(),
                config.operatingSystem(),
                config.memoryMiB(),
                config.vcpus(),
                config.maximumVcpus(),
                config.accelerator(),
                config.bootOrder(),
                config.disks(),
                config.kernel(),
                config.networks(),
                config.debugConsole(),
                config.debugExitPort());
    }
}
