// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

/**
 * One run.
 *
 * @param toInitSeconds from power-on to the first line of the guest's own programs
 * @param totalSeconds from power-on to power-off
 * @param instructions guest instructions executed; 0 where the engine does not count
 */
record Measurement(double toInitSeconds, double totalSeconds, long instructions) {}
