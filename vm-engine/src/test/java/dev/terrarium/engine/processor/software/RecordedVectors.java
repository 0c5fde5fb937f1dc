// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * Single instructions with what a real Intel processor made of them in user mode. A line is: the seed of the register and
 * memory contents, the instruction's bytes, then RFLAGS, a hash of the memory and the registers that changed, or
 * {@code signal} and its number.
 */
final class RecordedVectors {
    static final long DATA = 0x1000_0000L;
    private static final int FLAGS = Cpu.ARITHMETIC_FLAGS | Cpu.FLAG_DF;
    private static final int SIGFPE = 8;

    private final TestMachine machine = new TestMachine(DATA, 0x4000, 8);
    private long state;

    private long next() {
        state ^= state << 13;
        state ^= state >>> 7;
        state ^= state << 17;
        return state;
    }

    private long value() {
        int kind = (int) Long.remainderUnsigned(next(), 12);
        long random = next();
        return switch (kind) {
            case 0 -> 0;
            case 1 -> 1;
            case 2 -> -1;
            case 3 -> Long.MAX_VALUE;
            case 4 -> Long.MIN_VALUE;
            case 5 -> 0x8000_0000L;
            case 6 -> 0x7FFF_FFFF;
            case 7 -> (byte) random;
            case 8 -> random & 0xFF;
            case 9 -> random & 0xFFFF_FFFFL;
            default -> random;
        };
    }

    private int below(int bound) {
        return (int) Long.remainderUnsigned(next(), bound);
    }

    /** Runs all and returns what came out differently. */
    List<String> differences(BufferedReader lines) throws IOException {
        List<String> differences = new ArrayList<>();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String difference = difference(line.split(" "));
            if (!difference.isEmpty()) {
                differences.add(line + " ->" + difference);
            }
        }
        machine.close();
        return differences;
    }

    private String difference(String[] fields) {
        state = Long.parseUnsignedLong(fields[0], 16);
        byte[] bytes = HexFormat.of().parseHex(fields[1]);
        long[] in = prepare(bytes);
        Cpu cpu = machine.cpu;
        machine.faults.clear();
        machine.put(DATA + 0x3000, fields[1] + "F4");
        machine.blocks.forgetAll();
        machine.absent.add(DATA + 0x1000);
        machine.absent.add(DATA + 0x2000);
        machine.mmu.flush();
        machine.runFrom(DATA + 0x3000);
        if (fields[2].equals("signal")) {
            boolean divide = Integer.parseInt(fields[3]) == SIGFPE;
            boolean same =
                    machine.faults.size() == 1 && machine.faults.getFirst().equals("0") == divide;
            return same ? "" : " faults " + machine.faults;
        }
        if (!machine.faults.isEmpty()) {
            return " faults " + machine.faults;
        }
        StringBuilder difference = new StringBuilder();
        long[] out = in.clone();
        for (int n = 4; n < fields.length; n++) {
            String[] assignment = fields[n].split("=");
            out[Integer.parseInt(assignment[0])] = Long.parseUnsignedLong(assignment[1], 16);
        }
        for (int n = 0; n < 16; n++) {
            if (out[n] != cpu.gpr[n]) {
                difference.append(" r").append(n).append('=').append(Long.toHexString(cpu.gpr[n]));
            }
        }
        int flags = cpu.flags() & FLAGS;
        if (flags != Integer.parseInt(fields[2], 16)) {
            difference.append(" flags=").append(Integer.toHexString(flags));
        }
        if (hash() != Long.parseUnsignedLong(fields[3], 16)) {
            difference.append(" memory");
        }
        return difference.toString();
    }

    private long[] prepare(byte[] bytes) {
        long[] in = machine.cpu.gpr;
        for (int n = 0; n < 16; n++) {
            in[n] = value();
        }
        in[Cpu.RSP] = DATA + 0x800 + (next() & 0x38);
        in[Cpu.RBP] = below(129) - 64;
        in[Cpu.RSI] = DATA + 0x400 + (next() & 0xFF);
        in[Cpu.RDI] = DATA + 0x500 + (next() & 0xFF);
        int first = bytes[0] & 0xFF;
        int second = bytes.length > 1 ? bytes[1] & 0xFF : 0;
        boolean frame = first == 0xC8
                || first == 0xC9
                || ((first & 0xF0) == 0x40 && (second == 0xC9 || second == 0xC8))
                || first == 0x66;
        if (frame) {
            in[Cpu.RBP] = DATA + 0x600 + (next() & 0xFF);
        }
        if (first == 0xF3 || first == 0xF2) {
            in[Cpu.RCX] = below(20);
        }
        if ((bytes[bytes.length - 1] & 0xFF) == 0xD7) {
            in[Cpu.RBX] = DATA + 0x400;
        }
        int flags = (int) next() & 0x8D5 | 0x202;
        if (below(8) == 0) {
            flags |= Cpu.FLAG_DF;
        }
        machine.cpu.setFlags(flags);
        for (int at = 0; at < 4096; at += 8) {
            long word = below(6) == 0 ? 0 : below(3) == 0 ? 0x4141_4141_4141_4141L : next();
            machine.poke(DATA + at, 8, word);
        }
        long[] before = new long[16];
        System.arraycopy(in, 0, before, 0, 16);
        return before;
    }

    private long hash() {
        long hash = 0xCBF29CE484222325L;
        for (int at = 0; at < 4096; at++) {
            hash ^= machine.peek(DATA + at, 1);
            hash *= 0x100000001B3L;
        }
        return hash;
    }
}
