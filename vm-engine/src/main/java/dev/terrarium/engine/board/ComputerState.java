// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.processor.ProcessorState;
import dev.terrarium.engine.state.StateCodec;
import dev.terrarium.engine.state.StateFile;
import dev.terrarium.engine.state.StateFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Everything that a computer is but its memory and disks, as parts of a {@link StateFile}. It stands still meanwhile. */
final class ComputerState {
    private static final String BOARD = "board";
    private static final String DEVICE = "device ";
    private static final String PROCESSOR = "processor ";

    /** @param nanos the board's time */
    record BoardRecord(long nanos, int processors, boolean running) {}

    private ComputerState() {}

    /** Takes it, with the board's lock held. */
    static Map<String, byte[]> take(PersonalComputer computer, BoardClock clock, boolean running) {
        Map<String, byte[]> parts = new LinkedHashMap<>();
        List<Processor> processors = computer.processors();
        parts.put(BOARD, StateCodec.encode(new BoardRecord(clock.nanoTime(), processors.size(), running)));
        for (Device<?> device : computer.devices()) {
            parts.put(DEVICE + device.name(), StateCodec.encode(device.save()));
        }
        for (int i = 0; i < processors.size(); i++) {
            ProcessorState state = processors.get(i).state();
            parts.put(PROCESSOR + i, StateCodec.encode(ProcessorRecord.of(state)));
        }
        return parts;
    }

    /**
     * Gives it to a computer that was put together from the same configuration and has been reset, with the board's lock
     * held. All parts are read before the first is given away.
     *
     * @return whether the machine ran
     * @throws StateFileException if a part is missing or cannot be; the computer is of no use then
     */
    static boolean give(StateFile file, Path path, PersonalComputer computer, BoardClock clock)
            throws StateFileException {
        BoardRecord board = file.part(path, BOARD, BoardRecord.class);
        if (board.nanos < 0 || board.processors != computer.processors().size()) {
            throw StateFileException.foreign(
                    path,
                    "it is of a machine with " + board.processors
                            + " vCPUs: give the machine as many, or discard the state");
        }
        Set<String> known = new HashSet<>(Set.of(BOARD));
        List<Gift> gifts = new ArrayList<>();
        for (Device<?> device : computer.devices()) {
            known.add(DEVICE + device.name());
            gifts.add(gift(file, path, device));
        }
        for (int i = 0; i < board.processors; i++) {
            String name = PROCESSOR + i;
            known.add(name);
            Processor processor = computer.processors().get(i);
            ProcessorRecord record = file.part(path, name, ProcessorRecord.class);
            gifts.add(checked(path, name, () -> processor.restore(record.state())));
        }
        for (String name : file.parts().keySet()) {
            if ((name.startsWith(DEVICE) || name.startsWith(PROCESSOR)) && !known.contains(name)) {
                throw StateFileException.foreign(
                        path,
                        "it is of a machine with a \"" + name
                                + "\", which this one lacks: undo what was changed, or discard the state");
            }
        }
        clock.set(board.nanos);
        for (Gift gift : gifts) {
            gift.give();
        }
        return board.running;
    }

    private static <S extends Record> Gift gift(StateFile file, Path path, Device<S> device) throws StateFileException {
        String name = DEVICE + device.name();
        @SuppressWarnings("unchecked") // a record's class is that of what it makes
        Class<S> type = (Class<S>) device.save().getClass();
        S state = file.part(path, name, type);
        return checked(path, name, () -> device.restore(state));
    }

    private static Gift checked(Path path, String name, Runnable gift) {
        return () -> {
            try {
                gift.run();
            } catch (InvalidStateException e) {
                throw StateFile.impossible(path, name, e);
            }
        };
    }

    /** Hands a part that was read to its owner. */
    @FunctionalInterface
    private interface Gift {
        void give() throws StateFileException;
    }
}
