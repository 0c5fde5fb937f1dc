// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Generates the class of a {@link Region}: the method's frame, the blocks in it and how control passes among them and out.
 * Each way out puts the next instruction's address into {@link Cpu#rip} and joins one ending that writes everything back.
 */
final class RegionWriter {
    private static final ClassDesc NAME = ClassDesc.of(Region.class.getPackageName(), "CompiledRegion");
    private static final MethodTypeDesc RUN =
            MethodTypeDesc.of(RegionFrame.INT, RegionFrame.CPU, RegionFrame.MMU, RegionFrame.LONG, RegionFrame.INT);
    private static final int OUTCOME = RegionFrame.TEMPORARY;
    private static final int TARGET = RegionFrame.TEMPORARY;
    private static final int DISTANCE = RegionFrame.TEMPORARY_2;

    private final RegionPlan plan;
    /** Where pieces begin for whoever comes with all registers written back. */
    private final Map<Integer, Label> leaders = new LinkedHashMap<>();

    /** Where pieces of a loop begin for whoever comes from within that loop. */
    private final Map<Integer, Label> inLoop = new HashMap<>();

    private final RegisterLoops loops;
    private final Map<Integer, Label> exits = new LinkedHashMap<>();
    private final Map<Integer, RegionFrame.Knowledge> incoming = new HashMap<>();
    private final Map<Integer, Label> backEdges = new LinkedHashMap<>();
    private final Map<Integer, Label> loopBackEdges = new LinkedHashMap<>();
    private final List<Departure> departures = new ArrayList<>();

    private final CodeBuilder c;
    private final RegionFrame frame;
    private final InstructionWriter instructions;
    private final Label ending;
    private final Label indirect;
    private boolean indirectUsed;

    private RegionWriter(RegionPlan plan, boolean ordered, CodeBuilder c) {
        this.plan = plan;
        this.c = c;
        loops = new RegisterLoops(plan);
        for (RegionPlan.Piece piece : plan.pieces()) {
            leaders.put(piece.delta(), c.newLabel());
            if (loops.of(piece.delta()) != null) {
                inLoop.put(piece.delta(), c.newLabel());
            }
        }
        frame = new RegionFrame(c);
        frame.usesSimd = plan.usesSimd();
        frame.usesAvx = plan.usesAvx();
        frame.ordered = ordered;
        instructions = new InstructionWriter(frame);
        ending = c.newLabel();
        indirect = c.newLabel();
    }

    /** A generated class and the places in it that the region must know. */
    record Written(byte[] bytes, RegionPlan.Site[] sites) {}

    /** @param ordered other vCPUs must see accesses in the order of the program */
    static Written write(RegionPlan plan, boolean ordered) {
        List<RegionPlan.Site> sites = new ArrayList<>();
        byte[] bytes = ClassFile.of().build(NAME, builder -> builder.withSuperclass(RegionFrame.REGION)
                .withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SUPER)
                .withMethodBody(ConstantDescs.INIT_NAME, ConstantDescs.MTD_void, 0, c -> c.aload(0)
                        .invokespecial(RegionFrame.REGION, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void)
                        .return_())
                .withMethodBody("run", RUN, ClassFile.ACC_FINAL, c -> {
                    RegionWriter writer = new RegionWriter(plan, ordered, c);
                    writer.body();
                    sites.clear();
                    sites.addAll(writer.frame.sites);
                }));
        return new Written(bytes, sites.toArray(RegionPlan.Site[]::new));
    }

    private void body() {
        Set<Integer> surprising = reachedFromBehind();
        frame.enter();
        entrySwitch();
        for (RegionPlan.Piece piece : plan.pieces()) {
            RegionFrame.Knowledge known = incoming.get(piece.delta());
            if (known == null || piece.entry() >= 0 || surprising.contains(piece.delta())) {
                known = new RegionFrame.Knowledge(true, -1);
            }
            block(piece, known);
        }
        outOfLine();
        c.labelBinding(ending);
        frame.leave();
        c.iload(OUTCOME);
        c.ireturn();
    }

    private void entrySwitch() {
        List<SwitchCase> cases = new ArrayList<>();
        for (RegionPlan.Piece piece : plan.pieces()) {
            if (piece.entry() > 0) {
                cases.add(SwitchCase.of(piece.entry(), leaders.get(piece.delta())));
            }
        }
        Label first = leaders.get(plan.pieces()[0].delta());
        if (cases.isEmpty()) {
            return;
        }
        c.iload(RegionFrame.ENTRY);
        c.tableswitch(1, cases.size(), first, cases);
    }

    /** The pieces that are jumped to from a piece that is generated after them, or from themselves. */
    private Set<Integer> reachedFromBehind() {
        Set<Integer> generated = new HashSet<>();
        Set<Integer> found = new HashSet<>();
        for (RegionPlan.Piece piece : plan.pieces()) {
            generated.add(piece.delta());
            for (int target : plan.successors(piece)) {
                if (generated.contains(target)) {
                    found.add(target);
                }
            }
        }
        return found;
    }

    private void block(RegionPlan.Piece piece, RegionFrame.Knowledge known) {
        RegionFrame f = frame;
        c.labelBinding(leaders.get(piece.delta()));
        f.blockDelta = piece.delta();
        f.know(known);
        f.registers.nothingCached();
        RegisterLoops.Loop loop = loops.of(piece.delta());
        if (loop != null) {
            f.registers.fetch(loop.used());
            c.labelBinding(at(inLoop, piece.delta()));
            f.registers.cachedInLoop(loop.used(), loop.written());
        }
        Instruction[] code = piece.code();
        boolean[] flags = flagsNeeded(code);
        for (int n = 0; n < code.length; n++) {
            Instruction i = code[n];
            f.index = n;
            int delta = piece.delta() + i.end - i.length;
            if (i.op == Op.END_OF_BLOCK) {
                c.iinc(RegionFrame.EXECUTED, n);
                jump(piece.delta() + i.end, piece.delta());
                return;
            }
            if (n > 0 && leaders.containsKey(delta)) {
                c.iinc(RegionFrame.EXECUTED, n);
                jump(delta, piece.delta());
                return;
            }
            if (Op.endsBlock(i.op)) {
                transfer(piece, i, n, delta);
                return;
            }
            if (InstructionWriter.isNative(i)) {
                RegisterUse use = RegisterUse.of(i);
                f.registers.fetch(use.reads | use.writes);
            }
            instructions.write(i, flags[n]);
            if (i.op == Op.STRING) {
                leaveIfIncomplete(n, delta);
            }
        }
        throw new IllegalStateException("a block without an end");
    }

    /** For each instruction, whether anything looks at the flags it leaves. */
    private static boolean[] flagsNeeded(Instruction[] code) {
        boolean[] needed = new boolean[code.length];
        boolean live = true;
        for (int n = code.length - 1; n >= 0; n--) {
            needed[n] = live;
            Instruction i = code[n];
            if (InstructionWriter.mayStop(i) || InstructionWriter.readsFlags(i)) {
                live = true;
            } else if (InstructionWriter.definesFlags(i)) {
                live = false;
            }
        }
        return needed;
    }

    private void transfer(RegionPlan.Piece piece, Instruction i, int n, int delta) {
        RegionFrame f = frame;
        int next = piece.delta() + i.end;
        int target = (int) (piece.delta() + i.addressOffset);
        switch (i.op) {
            case Op.JMP -> {
                c.iinc(RegionFrame.EXECUTED, n + 1);
                jump(target, piece.delta());
            }
            case Op.JO,
                    Op.JNO,
                    Op.JB,
                    Op.JAE,
                    Op.JE,
                    Op.JNE,
                    Op.JBE,
                    Op.JA,
                    Op.JS,
                    Op.JNS,
                    Op.JP,
                    Op.JNP,
                    Op.JL,
                    Op.JGE,
                    Op.JLE,
                    Op.JG -> {
                c.iinc(RegionFrame.EXECUTED, n + 1);
                keepForLoop(piece.delta(), target, next);
                instructions.conditions().branch(i.op - Op.JO, way(target, piece.delta()));
                jump(next, piece.delta());
            }
            case Op.CALL64 -> {
                pushReturnAddress(i, next);
                c.iinc(RegionFrame.EXECUTED, n + 1);
                jump(target, piece.delta());
            }
            case Op.SYSTEM -> {
                if (!SystemUnit.leavesModeAlone(i)) {
                    f.registers.writeBack();
                    interpret(n, delta);
                    return;
                }
                instructions.callOut(i);
                c.iinc(RegionFrame.EXECUTED, n + 1);
                keepForLoop(piece.delta(), next);
                leaveOnAttention(next);
                jump(next, piece.delta());
            }
            case Op.RET64 -> {
                f.registers.fetch(1 << Cpu.RSP);
                f.registers.writeBack();
                f.load(Cpu.RSP);
                f.read(i, 8);
                c.lstore(TARGET);
                leaveIfNotCanonical(n, delta);
                f.load(Cpu.RSP);
                f.add(8);
                f.store(Cpu.RSP);
                f.registers.writeBack();
                goIndirect(n);
            }
            case Op.JMP_INDIRECT, Op.CALL_INDIRECT -> {
                f.registers.fetch(RegisterUse.of(i).reads);
                f.registers.writeBack();
                if (i.operandSize != 8) {
                    interpret(n, delta);
                    return;
                }
                if (i.memory) {
                    f.readOperand(i, 8);
                } else {
                    f.source(i);
                }
                c.lstore(TARGET);
                leaveIfNotCanonical(n, delta);
                if (i.op == Op.CALL_INDIRECT) {
                    pushReturnAddress(i, next);
                    f.registers.writeBack();
                }
                goIndirect(n);
            }
            default -> {
                f.registers.writeBack();
                interpret(n, delta);
            }
        }
    }

    /** A repeated string instruction that was cut short for attention stays the next to be executed. */
    private void leaveIfIncomplete(int n, int delta) {
        Label complete = c.newLabel();
        c.aload(RegionFrame.CPU_SLOT);
        c.getfield(RegionFrame.CPU, "rip", RegionFrame.LONG);
        frame.codeAddress(delta);
        c.lcmp();
        c.ifne(complete);
        c.iinc(RegionFrame.EXECUTED, n);
        c.iconst_0();
        c.istore(OUTCOME);
        c.goto_(ending);
        c.labelBinding(complete);
    }

    private void pushReturnAddress(Instruction i, int next) {
        RegionFrame f = frame;
        f.registers.fetch(1 << Cpu.RSP);
        f.load(Cpu.RSP);
        f.add(-8);
        f.codeAddress(next);
        f.write(i, 8);
        f.load(Cpu.RSP);
        f.add(-8);
        f.store(Cpu.RSP);
    }

    private void goIndirect(int n) {
        c.iinc(RegionFrame.EXECUTED, n + 1);
        indirectUsed = true;
        c.goto_(indirect);
    }

    /** A target that is not canonical is left to the interpreter, which raises the exception. */
    private void leaveIfNotCanonical(int n, int delta) {
        Label good = c.newLabel();
        c.lload(TARGET);
        c.invokestatic(RegionFrame.CPU, "canonical", MethodTypeDesc.of(ConstantDescs.CD_boolean, RegionFrame.LONG));
        c.ifne(good);
        interpret(n, delta);
        c.labelBinding(good);
    }

    /** Leaves the region before an instruction that the interpreter must execute. */
    private void interpret(int n, int delta) {
        c.iinc(RegionFrame.EXECUTED, n);
        setInstructionPointer(delta);
        c.iconst_1();
        c.istore(OUTCOME);
        c.goto_(ending);
    }

    private void setInstructionPointer(int delta) {
        c.aload(RegionFrame.CPU_SLOT);
        frame.codeAddress(delta);
        c.putfield(RegionFrame.CPU, "rip", RegionFrame.LONG);
    }

    private void jump(int target, int from) {
        keepForLoop(from, target);
        c.goto_(way(target, from));
    }

    /** Makes what {@code from} shares with the loop that a jump stays in complete. */
    private void keepForLoop(int from, int... targets) {
        for (int target : targets) {
            RegisterLoops.Loop loop = loops.of(from);
            if (loop != null && loop == loops.of(target)) {
                frame.registers.fetch(loop.used());
            }
        }
    }

    /**
     * Where to jump to reach the code at {@code target}: directly, by way of a look at attention, of writing registers back,
     * or out.
     */
    private Label way(int target, int from) {
        incoming.merge(target, frame.knowledge(), RegionFrame.Knowledge::join);
        RegisterLoops.Loop loop = loops.of(from);
        if (loop != null && loop == loops.of(target)) {
            return target <= from ? loopBackEdges.computeIfAbsent(target, t -> c.newLabel()) : at(inLoop, target);
        }
        Label beyond = beyond(target, from);
        if (frame.registers.dirty() == 0) {
            return beyond;
        }
        Departure departure = new Departure(c.newLabel(), frame.registers.dirty(), beyond);
        departures.add(departure);
        return departure.label;
    }

    private static Label at(Map<Integer, Label> labels, int delta) {
        return Objects.requireNonNull(labels.get(delta));
    }

    /** Where to go with all registers written back. */
    private Label beyond(int target, int from) {
        Label leader = leaders.get(target);
        if (leader == null) {
            return exits.computeIfAbsent(target, t -> c.newLabel());
        }
        return target <= from ? backEdges.computeIfAbsent(target, t -> c.newLabel()) : leader;
    }

    /** Writes registers back on the way to some place. */
    private record Departure(Label label, int dirty, Label target) {}

    private void outOfLine() {
        for (RegionFrame.Retreat retreat : frame.retreats) {
            c.labelBinding(retreat.label());
            frame.registers.writeBack(retreat.dirty());
            interpret(retreat.index(), retreat.delta());
        }
        if (indirectUsed) {
            indirectJump();
        }
        for (Departure departure : departures) {
            c.labelBinding(departure.label);
            frame.registers.writeBack(departure.dirty);
            c.goto_(departure.target);
        }
        backEdges.forEach((target, label) -> {
            backEdge(label, at(leaders, target));
            c.goto_(exits.computeIfAbsent(target, t -> c.newLabel()));
        });
        loopBackEdges.forEach((target, label) -> {
            backEdge(label, at(inLoop, target));
            frame.registers.writeBack(Objects.requireNonNull(loops.of(target)).written());
            c.goto_(exits.computeIfAbsent(target, t -> c.newLabel()));
        });
        exits.forEach((target, label) -> {
            c.labelBinding(label);
            setInstructionPointer(target);
            c.iconst_0();
            c.istore(OUTCOME);
            c.goto_(ending);
        });
    }

    /** Goes on at {@code target} unless something else has to be done first. */
    private void backEdge(Label label, Label target) {
        c.labelBinding(label);
        mustLeave();
        c.ifeq(target);
    }

    private void mustLeave() {
        c.aload(RegionFrame.CPU_SLOT);
        c.iload(RegionFrame.EXECUTED);
        c.invokevirtual(RegionFrame.CPU, "mustLeave", MethodTypeDesc.of(ConstantDescs.CD_boolean, RegionFrame.INT));
    }

    /** All registers have been written back. */
    private void leaveOnAttention(int next) {
        mustLeave();
        c.ifne(exits.computeIfAbsent(next, t -> c.newLabel()));
    }

    /** Finds the entry for an address computed at run time, or leaves the region for it. */
    private void indirectJump() {
        c.labelBinding(indirect);
        Label outside = c.newLabel();
        mustLeave();
        c.ifne(outside);
        c.lload(TARGET);
        c.lload(RegionFrame.BASE);
        c.lsub();
        c.lstore(DISTANCE);
        c.lload(DISTANCE);
        c.l2i();
        c.i2l();
        c.lload(DISTANCE);
        c.lcmp();
        c.ifne(outside);
        List<SwitchCase> cases = new ArrayList<>();
        for (RegionPlan.Piece piece : plan.pieces()) {
            if (piece.entry() >= 0) {
                cases.add(SwitchCase.of(piece.delta(), leaders.get(piece.delta())));
            }
        }
        c.lload(DISTANCE);
        c.l2i();
        c.lookupswitch(outside, cases);
        c.labelBinding(outside);
        c.aload(RegionFrame.CPU_SLOT);
        c.lload(TARGET);
        c.putfield(RegionFrame.CPU, "rip", RegionFrame.LONG);
        c.iconst_0();
        c.istore(OUTCOME);
        c.goto_(ending);
    }
}
