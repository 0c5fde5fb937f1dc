// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Prints how many million guest instructions a second a few loops run at: {@code main [loop]}. */
final class SpeedSmoke {
    private SpeedSmoke() {}

    static void main(String[] arguments) {
        for (int round = 0; round < 3; round++) {
            time("registers", "4801D84829C14801D148FFC24885C074034889D849FFCF75E7");
            time("memory", "488B064889074883C008488945088B4D0801C8894610" + "4839D87400505849FFCF75E1");
            time("call", "E80600000049FFCF75F6F4554889E54883EC108D4701C9C3");
            time(
                    "mixed",
                    "0FB6063C4172044883C6014881E6FFFF00004881CE000002008B4D1085C97902F7D94801C848C1E003488945F8"
                            + "31C90FAFC84863D14839C20F9CC1438D443FFF49FFCF75BB");
            time("array", "B964000000488D750031C003048E83D000FFC975F63306C1C005480146084983EF1E7FDC");
        }
    }

    private static void time(String name, String code) {
        try (TestMachine machine = TestMachine.bits64()) {
            Cpu cpu = machine.cpu;
            machine.put(0x1000, code.replaceAll("\\s", "") + "F4");
            cpu.gpr[15] = 30_000_000;
            cpu.gpr[Cpu.RSI] = 0x2000;
            cpu.gpr[Cpu.RDI] = 0x3000;
            cpu.gpr[Cpu.RBP] = 0x4000;
            long start = System.nanoTime();
            machine.runFrom(0x1000);
            long took = System.nanoTime() - start;
            System.out.printf(
                    "%-10s %6.1f MIPS (%d instructions) faults %s%n",
                    name, cpu.instructions * 1e3 / took, cpu.instructions, machine.faults);
        }
    }
}
