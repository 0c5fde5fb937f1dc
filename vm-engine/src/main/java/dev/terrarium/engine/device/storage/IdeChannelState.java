// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

/** An IDE channel's state: the Device Control register, the selected drive, and both drives. */
public record IdeChannelState(int deviceControl, int selected, DriveState drive0, DriveState drive1) {}
