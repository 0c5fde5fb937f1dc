// SPDX-License-Identifier: GPL-3.0-or-later
/** The PS/2 controller with its keyboard and mouse. */
package dev.terrarium.engine.device.input;
