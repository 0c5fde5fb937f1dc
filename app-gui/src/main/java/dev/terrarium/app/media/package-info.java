// SPDX-License-Identifier: GPL-3.0-or-later
/** The disk and CD images that machines have or could have, and who needs them. */
package dev.terrarium.app.media;
