// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import java.io.File;
import java.util.ArrayList;
import java.util.List;

/** A test's {@code main} in a process of its own, on the same classes: for killing it. */
public final class ChildProcess {
    private ChildProcess() {}

    public static ProcessBuilder builder(Class<?> main, String... arguments) {
        List<String> path = new ArrayList<>(List.of("target/classes", "target/test-classes"));
        for (String property : List.of("java.class.path", "jdk.module.path", "surefire.test.class.path")) {
            String value = System.getProperty(property, "");
            if (!value.isEmpty()) {
                path.add(value);
            }
        }
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                String.join(File.pathSeparator, path),
                main.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    }
}
