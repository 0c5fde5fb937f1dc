// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The software x86-64 processor. {@code Decoder} turns bytes into {@code Instruction}s once, kept by physical page as
 * {@code Block}s; {@code Interpreter} executes them on a {@code Cpu}, the register file; {@code Mmu} translates and
 * reaches memory; {@code Segmentation}, {@code Interrupts}, {@code ControlTransfer} and {@code SystemUnit} are the
 * privileged architecture; {@code X87Unit} and {@code SimdUnit} the floating-point and vector one.
 */
package dev.terrarium.engine.processor.software;
