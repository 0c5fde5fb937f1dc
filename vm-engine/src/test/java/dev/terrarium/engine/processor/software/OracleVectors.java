// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/**
 * Programs with what a host's processor made of them. A line is: the number of the program, from which {@link
 * OracleGenerator} makes the state to start from; its code; the flags that are not defined at its end; the exception's
 * vector, error code, address and CR2; RFLAGS; digests of the general registers, of the x87 and SSE state and of the
 * scratch memory.
 */
final class OracleVectors {
    private static final long SEED = 7;
    private static final int MOST_INSTRUCTIONS = 8;
    private static final long FNV_OFFSET = 0xCBF2_9CE4_8422_2325L;
    private static final long FNV_PRIME = 0x100_0000_01B3L;

    private OracleVectors() {}

    private static long digest(byte[] bytes, int from, int to, long start) {
        long hash = start;
        for (int i = from; i < to; i++) {
            hash = (hash ^ bytes[i] & 0xFF) * FNV_PRIME;
        }
        return hash;
    }

    private static String outcome(OracleState state, int undefinedFlags, boolean upper) {
        long registers = FNV_OFFSET;
        for (long register : state.registers) {
            registers = (registers ^ register) * FNV_PRIME;
            registers ^= registers >>> 29;
        }
        // The last-instruction pointers and the reserved bytes do not count.
        byte[] image = state.extended;
        long extended = digest(image, 0, 5, FNV_OFFSET);
        extended = digest(image, 24, 28, extended);
        extended = digest(image, 32, 416, extended);
        if (upper) {
            extended = digest(state.upper, 0, state.upper.length, extended);
        }
        long flags = state.flags & (Cpu.ARITHMETIC_FLAGS | Cpu.FLAG_DF) & ~undefinedFlags;
        boolean fault = state.vector != OracleState.BREAKPOINT;
        return String.format(
                "%d %x %x %x %x %x %x %x",
                state.vector,
                fault ? state.errorCode : 0,
                state.instructionPointer,
                state.vector == GuestFault.PAGE_FAULT ? state.faultAddress : 0,
                flags,
                registers,
                extended,
                digest(state.scratch, 0, state.scratch.length, FNV_OFFSET));
    }

    /** Runs all lines and returns those that came out differently. */
    static List<String> differences(BufferedReader lines, boolean extensions) throws IOException {
        List<String> different = new ArrayList<>();
        try (SoftwareOracle software = new SoftwareOracle()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] fields = line.split(" ", 4);
                long program = Long.parseLong(fields[0]);
                int undefined = Integer.parseInt(fields[2], 16);
                OracleSequence sequence = new OracleSequence(
                        true, List.of(new OracleSequence.Step(HexFormat.of().parseHex(fields[1]), undefined)));
                OracleGenerator generator = new OracleGenerator(SEED, program, false);
                OracleState before = extensions ? generator.extensionState() : generator.state();
                String outcome = outcome(software.run(sequence, before), undefined, extensions);
                if (!outcome.equals(fields[3])) {
                    different.add(line + "\n  here: " + outcome);
                }
            }
        }
        return different;
    }

    /** Records on this host: {@code main file.txt.gz programs}, with the extensions it has beyond SSSE3. */
    static void main(String[] arguments) throws IOException {
        try (HostOracle host = new HostOracle();
                Writer out = new OutputStreamWriter(
                        new GZIPOutputStream(Files.newOutputStream(Path.of(arguments[0]))),
                        StandardCharsets.US_ASCII)) {
            FeatureSet features = host.features();
            for (long program = 0; program < Long.parseLong(arguments[1]); program++) {
                OracleGenerator generator = new OracleGenerator(SEED, program, false);
                generator.extendTo(features, false);
                OracleState before = generator.extensionState();
                OracleSequence sequence = generator.sequence(MOST_INSTRUCTIONS);
                OracleState after = host.run(sequence, before);
                // Of these two a nested KVM does not always tell the truth.
                if (after.vector == GuestFault.INVALID_OPCODE || after.vector == GuestFault.STACK_FAULT) {
                    continue;
                }
                byte[] code = sequence.code();
                out.write(program + " " + HexFormat.of().formatHex(code, 0, code.length - 1) + " "
                        + Integer.toHexString(sequence.undefinedFlags()) + " "
                        + outcome(after, sequence.undefinedFlags(), true) + "\n");
            }
        }
    }
}
