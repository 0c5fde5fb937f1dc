// SPDX-License-Identifier: GPL-3.0-or-later
/** What desktop tests leave behind for a person to look at. */
@org.jspecify.annotations.NullMarked
package dev.terrarium.pictures;
