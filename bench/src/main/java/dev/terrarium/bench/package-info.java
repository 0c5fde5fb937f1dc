// SPDX-License-Identifier: GPL-3.0-or-later
/** Whole-guest benchmarks against QEMU's software processor (TCG). */
package dev.terrarium.bench;
