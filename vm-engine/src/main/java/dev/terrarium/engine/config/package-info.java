// SPDX-License-Identifier: GPL-3.0-or-later
/** A machine's configuration as records, their validation, and what guests want by default. */
package dev.terrarium.engine.config;
