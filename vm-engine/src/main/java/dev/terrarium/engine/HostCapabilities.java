// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What this computer offers to machines.
 *
 * @param processors host processors
 * @param memoryBytes physical memory
 * @param availableMemoryBytes memory that can be had without swapping
 * @param accelerators what can run guest instructions, best first
 * @param firmware name and size of the PC firmware; null if there is none
 * @param firmwareAdvice what to do if there is none
 */
public record HostCapabilities(
        int processors,
        long memoryBytes,
        long availableMemoryBytes,
        List<AcceleratorReport> accelerators,
        @Nullable String firmware,
        @Nullable String firmwareAdvice) {

    /**
     * One accelerator.
     *
     * @param usable may machines use it in this version?
     * @param verdict one line for a person
     */
    public record AcceleratorReport(String name, boolean usable, String verdict) {}
}
