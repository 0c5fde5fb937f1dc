// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Is told of every run of compiled code, on the vCPU's thread. A run may go through several regions. */
interface RegionObserver {
    /** Looks at nothing. */
    RegionObserver NONE = new RegionObserver() {
        @Override
        public void before() {}

        @Override
        public void beforeCallOut(Instruction instruction) {}

        @Override
        public void after() {}
    };

    /** Compiled code is about to run, from {@link Cpu#rip}. */
    void before();

    /**
     * Compiled code is about to have one of the interpreter's units execute an instruction. A {@link GuestFault#WRITE_TO_CODE} ends the
     * run before it.
     */
    void beforeCallOut(Instruction instruction);

    /** It has run: the {@link Cpu} is as it left it; an exception that ended it has not been delivered yet. */
    void after();
}
