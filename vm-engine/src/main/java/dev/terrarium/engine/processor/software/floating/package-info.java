// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * IEEE 754 arithmetic as x86 processors do it, on bit patterns: the 80-bit extended format of the x87 and the 32- and
 * 64-bit formats of SSE, with every rounding mode and exact exception flags. Knows nothing of a processor.
 */
package dev.terrarium.engine.processor.software.floating;
