// SPDX-License-Identifier: GPL-3.0-or-later
/** Serial ports. */
package dev.terrarium.engine.device.serial;
