// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.task.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What is asked before the window closes: it names the machines and the long work that end with it. */
final class ClosingQuestion {
    private ClosingQuestion() {}

    /** Nothing, if nothing would be lost. */
    static Optional<Question> of(List<MachineViewModel> machines, List<Task> tasks) {
        if (machines.isEmpty() && tasks.isEmpty()) {
            return Optional.empty();
        }
        List<String> lines = new ArrayList<>();
        machines.forEach(model ->
                lines.add(model.name() + "  (" + Words.state(model.state()).toLowerCase(Locale.ROOT) + ")"));
        tasks.forEach(task ->
                lines.add(task.title() + "  (" + (task.cancellable() ? "is stopped" : "is finished first") + ")"));
        List<String> text = new ArrayList<>();
        if (!machines.isEmpty()) {
            text.add(
                    "Machines run inside this window\u2019s process and cannot go on without it. Saved, they go on where"
                            + " they were at the next start. Powered off, they lose what their guests have not written to disk.");
        }
        if (!tasks.isEmpty()) {
            text.add("Work that is not done is stopped, and what it has written so far is removed.");
        }
        return Optional.of(new Question(
                title(machines.size(), tasks.size()),
                String.join(" ", text),
                lines,
                Optional.empty(),
                machines.isEmpty() ? "Stop and quit" : "Power off and quit",
                machines.isEmpty()
                        ? Optional.empty()
                        : Optional.of(machines.size() == 1 ? "Save and quit" : "Save all and quit")));
    }

    private static String title(int machines, int tasks) {
        if (machines == 0) {
            return tasks == 1 ? "A task is running" : tasks + " tasks are running";
        }
        String title = machines == 1 ? "A machine is running" : machines + " machines are running";
        return tasks == 0 ? title : title + ", and so " + (tasks == 1 ? "is a task" : "are " + tasks + " tasks");
    }
}
