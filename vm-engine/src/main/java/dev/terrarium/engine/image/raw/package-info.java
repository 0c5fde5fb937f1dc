// SPDX-License-Identifier: GPL-3.0-or-later
/** Images whose byte n is the medium's byte n. */
package dev.terrarium.engine.image.raw;
