// SPDX-License-Identifier: GPL-3.0-or-later
/** The format qcow2, versions 2 and 3 (docs/interop/qcow2.txt of QEMU, called "the specification" here). */
package dev.terrarium.engine.image.qcow2;
