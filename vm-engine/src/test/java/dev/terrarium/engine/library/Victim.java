// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.Snapshot.Storage;
import dev.terrarium.engine.VirtualMachine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A process that changes a machine until it is killed: {@code HOME off|running|save SEED STORAGE}. A line before each step, a line after it. */
public final class Victim {
    private Victim() {}

    /** Starts one. */
    static Process start(Path home, String mode, long seed, Storage storage) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("jdk.module.path", "") + ":" + System.getProperty("java.class.path", "")
                        + ":target/test-classes",
                Victim.class.getName(),
                home.toString(),
                mode,
                Long.toString(seed),
                storage.name()));
        return new ProcessBuilder(command)
                .redirectError(Path.of("target/victim.log").toFile())
                .start();
    }

    public static void main(String[] arguments) throws Exception {
        long seed = Long.parseLong(arguments[2]);
        Storage storage = Storage.valueOf(arguments[3]);
        try (Host host = Engine.open(Path.of(arguments[0]))) {
            VirtualMachine machine = host.machines().getFirst();
            say("ready");
            switch (arguments[1]) {
                case "off" -> off(machine, new SnapshotScript(seed, storage));
                case "running" -> running(machine, storage);
                default -> save(machine);
            }
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static void off(VirtualMachine machine, SnapshotScript script) throws Exception {
        while (true) {
            say("begin");
            script.step(machine);
            say("end");
        }
    }

    private static void running(VirtualMachine machine, Storage storage) throws Exception {
        WorkerGuest guest = new WorkerGuest();
        machine.start(guest.options());
        for (int i = 0; ; i++) {
            guest.awaitRounds(machine, 2);
            say("begin");
            machine.snapshots().create(new Snapshot.Request("s" + i, "", i % 3 != 2, storage), Progress.NONE);
            if (i >= 3) {
                machine.snapshots().delete("s" + (i - 3), Progress.NONE);
            }
            say("end");
        }
    }

    private static void save(VirtualMachine machine) throws Exception {
        WorkerGuest guest = new WorkerGuest();
        while (true) {
            machine.start(guest.options());
            guest.awaitRounds(machine, 2);
            say("begin");
            machine.save(Progress.NONE);
            say("end");
        }
    }
}
