// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.util.ArrayList;
import java.util.List;

/** Rows of text under a head, for a terminal or as Markdown. The first column is left-aligned, the others right. */
final class Table {
    private final List<List<String>> rows = new ArrayList<>();
    private final int columns;

    Table(String... head) {
        columns = head.length;
        rows.add(List.of(head));
    }

    /** Adds a row with as many cells as the head has. */
    Table add(String... cells) {
        if (cells.length != columns) {
            throw new IllegalArgumentException(cells.length + " cells under a head of " + columns);
        }
        rows.add(List.of(cells));
        return this;
    }

    boolean isEmpty() {
        return rows.size() == 1;
    }

    String text() {
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                String cell = row.get(i);
                String padding = " ".repeat(widths[i] - cell.length());
                line.append(i == 0 ? cell + padding : "  " + padding + cell);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    String markdown() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < rows.size(); i++) {
            List<String> escaped =
                    rows.get(i).stream().map(cell -> cell.replace("|", "\\|")).toList();
            text.append("| ").append(String.join(" | ", escaped)).append(" |\n");
            if (i == 0) {
                text.append("|---").append("|---:".repeat(columns - 1)).append("|\n");
            }
        }
        return text.toString();
    }
}
