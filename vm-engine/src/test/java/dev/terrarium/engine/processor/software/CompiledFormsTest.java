// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Which instructions have bytecode of their own, and are not left to the interpreter's units from within a region; and that
 * they do what they do in the interpreter.
 */
final class CompiledFormsTest {
    private static final int MOST_INSTRUCTIONS = 10;

    /** What looks at the flags, or makes a division's dividend small. */
    private static final String BETWEEN = """
            setc r8b
            seto r9b
            setbe r11b
            adc r8, r9
            lea ecx, [r10 + 1]
            xor edx, edx
            cdq
            cqo
            """;

    /** Those of the instructions, one a line, for which a region calls the interpreter's units. */
    private static List<String> calledOut(String lines) {
        List<String> found = new ArrayList<>();
        for (CompiledForms.Line line : CompiledForms.assemble(lines)) {
            if (callsOut(line.decoded())) {
                found.add(line.text());
            }
        }
        return found;
    }

    private static boolean callsOut(Instruction i) {
        Instruction end = new Instruction();
        end.op = Op.END_OF_BLOCK;
        end.end = i.end;
        RegionPlan.Piece piece = new RegionPlan.Piece(Block.NONE, new Instruction[] {i, end}, 0, 0);
        RegionPlan plan = new RegionPlan(new RegionPlan.Piece[] {piece}, new RegionPlan.Page[0]);
        MethodModel run = ClassFile.of().parse(RegionWriter.write(plan, false).bytes()).methods().stream()
                .filter(method -> method.methodName().equalsString("run"))
                .findFirst()
                .orElseThrow();
        return run.code()
                .orElseThrow()
                .elementStream()
                .anyMatch(each ->
                        each instanceof InvokeInstruction call && call.name().equalsString("callOut"));
    }

    @Test
    void theseHaveBytecodeOfTheirOwn() {
        for (String lines : CompiledForms.ALL) {
            assertThat(calledOut(lines)).isEmpty();
        }
    }

    @Test
    void theseAreLeftToTheInterpretersUnits() {
        String lines = """
                lock cmpxchg16b [rdi]
                fld qword [rdi]
                rdrand eax
                rcl eax, cl
                shld ax, cx, 5
                pcmpistri xmm1, xmm2, 0x0C
                vpermd ymm1, ymm2, ymm3
                vfmaddsub213pd xmm1, xmm2, xmm3
                """;
        assertThat(calledOut(lines)).isEqualTo(lines.lines().toList());
    }

    @Test
    void aNumberThatNoLongerFitsWhenItIsRoundedIsLeftToTheInterpreter() {
        Cpu cpu = new Cpu();
        cpu.floatingPoint.mxcsr = 0x1FA0;
        cpu.floatingPoint.xmm[0] = Double.doubleToRawLongBits(2147483647.5);
        assertThat(CompiledConversion.doubleToInt(cpu.floatingPoint.xmm, 0, cpu))
                .isEqualTo(CompiledConversion.NO_INTEGER);
        assertThat(CompiledConversion.doubleTruncatedToInt(cpu.floatingPoint.xmm, 0, cpu))
                .isEqualTo(0x7FFF_FFFF);
    }

    @Test
    void theyDoWhatTheyDoInTheInterpreter() throws IOException {
        List<List<CompiledForms.Line>> tables = new ArrayList<>();
        CompiledForms.ALL.forEach(lines -> tables.add(CompiledForms.assemble(lines)));
        List<CompiledForms.Line> between = CompiledForms.assemble(BETWEEN);
        CompiledPrograms.endAsInTheInterpreter("compiled forms", 4_000_000, number -> {
            Random random = new Random(CompiledPrograms.SEED * 37 ^ (number + 1) * 0x9E37_79B9_7F4A_7C15L);
            List<CompiledForms.Line> table = tables.get(random.nextInt(tables.size()));
            List<OracleSequence.Step> steps = new ArrayList<>();
            int count = 1 + random.nextInt(MOST_INSTRUCTIONS);
            while (steps.size() < count) {
                List<CompiledForms.Line> from = random.nextInt(3) == 0 ? between : table;
                steps.add(new OracleSequence.Step(
                        from.get(random.nextInt(from.size())).code(), 0));
            }
            OracleGenerator states = new OracleGenerator(CompiledPrograms.SEED, number, false);
            return new CompiledPrograms.Program(new OracleSequence(true, steps), states::extensionState);
        });
    }
}
