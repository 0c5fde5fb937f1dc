// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Is told of every run of compiled code, on the vCPU's thread. */
interface RegionObserver {
    /** Looks at nothing. */
    RegionObserver NONE = new RegionObserver() {
        @Override
        public void before() {}

        @Override
        public void after(Region region) {}
    };

    /** A region is about to run, from {@link Cpu#rip}. */
    void before();

    /** It has run: the {@link Cpu} is as it left it; an exception that ended it has not been delivered yet. */
    void after(Region region);
}
