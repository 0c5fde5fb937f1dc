// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.terrarium.engine.HostCapabilities;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import java.util.Locale;

/** What {@code --json} prints. Its keys are documented in docs/command-line.md; they are only added to. */
final class Json {
    static final ObjectMapper MAPPER =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private Json() {}

    static String text(JsonNode tree) {
        try {
            return MAPPER.writeValueAsString(tree);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree can always be written", e);
        }
    }

    static ArrayNode array() {
        return MAPPER.createArrayNode();
    }

    static String state(MachineState state) {
        return state.name().toLowerCase(Locale.ROOT);
    }

    static ObjectNode host(HostCapabilities host) {
        ObjectNode tree = MAPPER.createObjectNode();
        tree.put("processors", host.processors());
        tree.put("memoryBytes", host.memoryBytes());
        tree.put("availableMemoryBytes", host.availableMemoryBytes());
        ArrayNode accelerators = tree.putArray("accelerators");
        for (HostCapabilities.AcceleratorReport report : host.accelerators()) {
            accelerators
                    .addObject()
                    .put("name", report.name())
                    .put("usable", report.usable())
                    .put("verdict", report.verdict());
        }
        tree.put("firmware", host.firmware());
        tree.put("firmwareAdvice", host.firmwareAdvice());
        return tree;
    }

    /** What {@code list} says of a machine. */
    static ObjectNode summary(VirtualMachine machine) {
        MachineConfig config = machine.config();
        return MAPPER.createObjectNode()
                .put("name", machine.name())
                .put("state", state(machine.state()))
                .put("pauseReason", machine.pauseReason().orElse(null))
                .put("vcpus", config.vcpus())
                .put("memoryMiB", config.memoryMiB())
                .put("operatingSystem", config.operatingSystem());
    }

    /** What {@code info} says: the summary, then the whole configuration. */
    static ObjectNode info(VirtualMachine machine) {
        ObjectNode tree = summary(machine);
        tree.put("failure", machine.failure().orElse(null));
        tree.put("folder", machine.folder().toString());
        tree.set("configuration", MAPPER.valueToTree(machine.config()));
        return tree;
    }

    static ObjectNode statistics(String name, MachineStatistics statistics) {
        ObjectNode tree = MAPPER.createObjectNode().put("name", name);
        tree.setAll((ObjectNode) MAPPER.valueToTree(statistics));
        tree.put("state", state(statistics.state()));
        tree.withObject("engine").put("compiledShare", statistics.engine().compiledShare());
        return tree;
    }
}
