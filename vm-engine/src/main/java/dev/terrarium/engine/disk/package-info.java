// SPDX-License-Identifier: GPL-3.0-or-later
/** What people do with disk images, whatever machine they belong to: qemu-img's commands. */
package dev.terrarium.engine.disk;
