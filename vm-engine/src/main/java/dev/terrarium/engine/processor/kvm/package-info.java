// SPDX-License-Identifier: GPL-3.0-or-later
/** The host's own processors, through Linux's /dev/kvm (Documentation/virt/kvm/api.rst). */
package dev.terrarium.engine.processor.kvm;
