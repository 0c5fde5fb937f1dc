// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Where the interpreter hands the processor exceptions it caught. */
interface FaultSink {
    /**
     * Pushes the exception's frame and loads CS and RIP with its handler. {@link Cpu#rip} is the address of the
     * instruction at fault, which has changed nothing. What goes wrong in here (a double or triple fault) is dealt with
     * in here.
     */
    void deliver(GuestFault fault);
}
