// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.processor.ProcessorState;
import dev.terrarium.engine.processor.ProcessorState.Segment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A {@link ProcessorState} in the form of a saved state: model-specific registers by number in two arrays of one length. What else
 * cannot be is for the processor to say.
 */
record ProcessorRecord(
        long[] registers,
        long instructionPointer,
        long flags,
        List<Segment> segments,
        ProcessorState.Table globalDescriptorTable,
        ProcessorState.Table interruptDescriptorTable,
        long[] controlRegisters,
        long[] debugRegisters,
        int[] modelSpecificNumbers,
        long[] modelSpecificValues,
        long extendedControl,
        byte[] extendedState,
        ProcessorState.Activity activity,
        boolean interruptShadow,
        boolean nonMaskableBlocked) {
    static ProcessorRecord of(ProcessorState state) {
        Map<Integer, Long> registers = new TreeMap<>(state.modelSpecificRegisters());
        return new ProcessorRecord(
                state.registers(),
                state.instructionPointer(),
                state.flags(),
                List.of(state.segments()),
                state.globalDescriptorTable(),
                state.interruptDescriptorTable(),
                state.controlRegisters(),
                state.debugRegisters(),
                registers.keySet().stream().mapToInt(Integer::intValue).toArray(),
                registers.values().stream().mapToLong(Long::longValue).toArray(),
                state.extendedControl(),
                state.extendedState(),
                state.activity(),
                state.interruptShadow(),
                state.nonMaskableBlocked());
    }

    ProcessorState state() {
        InvalidStateException.require(
                modelSpecificNumbers.length == modelSpecificValues.length, "model-specific registers without values");
        Map<Integer, Long> modelSpecific = new HashMap<>();
        for (int i = 0; i < modelSpecificNumbers.length; i++) {
            modelSpecific.put(modelSpecificNumbers[i], modelSpecificValues[i]);
        }
        return new ProcessorState(
                registers,
                instructionPointer,
                flags,
                segments.toArray(Segment[]::new),
                globalDescriptorTable,
                interruptDescriptorTable,
                controlRegisters,
                debugRegisters,
                modelSpecific,
                extendedControl,
                extendedState,
                activity,
                interruptShadow,
                nonMaskableBlocked);
    }
}
