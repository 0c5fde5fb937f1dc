// SPDX-License-Identifier: GPL-3.0-or-later
/** The Unix socket through which other processes reach a running machine: one JSON object a line, each way. */
package dev.terrarium.engine.control;
