// SPDX-License-Identifier: GPL-3.0-or-later
/** Guest memory: RAM, the physical address map, and which pages hold decoded code. */
package dev.terrarium.engine.memory;
