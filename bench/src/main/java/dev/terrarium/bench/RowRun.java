// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.util.List;

/**
 * One run of a row.
 *
 * @param seconds on the host's clock between the guest's two marks
 * @param checksums one a copy
 */
record RowRun(double seconds, List<String> checksums) {}
