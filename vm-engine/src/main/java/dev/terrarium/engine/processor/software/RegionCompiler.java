// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.invoke.MethodHandles;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compiles hot blocks to {@link Region}s. Planning and installing happen on the vCPU's thread, since they look at its
 * blocks; generating and defining the class on a thread of the compiler's own, unless it was made to do so at once.
 */
final class RegionCompiler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RegionCompiler.class);

    /** The largest method that HotSpot compiles has 8,000 bytes. */
    private static final int LARGEST_METHOD = 7_900;

    /** Larger regions take HotSpot's compilers more time than they save. */
    private static final int USUAL_METHOD = 1_600;

    private static final int QUEUE = 64;

    /** After so many, all code is forgotten and made anew as it is needed: what nobody needs any more goes with it. */
    private static final int MOST_REGIONS = 4_000;

    private final Cpu cpu;
    private final Interpreter interpreter;
    private final BlockCache blocks;
    private final RegionPlanner planner;
    private int installed;
    private final int threshold;
    private final BlockingQueue<RegionPlan> wanted = new ArrayBlockingQueue<>(QUEUE);
    private final ConcurrentLinkedQueue<Region> ready = new ConcurrentLinkedQueue<>();
    private final AtomicLong compileNanos = new AtomicLong();
    private final AtomicLong codeBytes = new AtomicLong();
    private final AtomicLong regions = new AtomicLong();
    private final AtomicLong failures = new AtomicLong();
    private final @Nullable Thread worker;

    RegionCompiler(Cpu cpu, Interpreter interpreter, BlockCache blocks, Compilation compilation) {
        this.cpu = cpu;
        this.interpreter = interpreter;
        this.blocks = blocks;
        this.planner = new RegionPlanner(blocks);
        this.threshold = compilation.threshold();
        worker = compilation.background()
                ? Thread.ofPlatform().daemon().name("region compiler").start(this::work)
                : null;
    }

    /** The interpreter found a block to be hot; returns whether it has been compiled at once. */
    boolean request(Block head, long linear, long context) {
        head.heat = threshold / 2;
        if (head.region != null || wanted.remainingCapacity() == 0 || head.isWarmingUp()) {
            return false;
        }
        RegionPlan plan = planner.plan(head, linear, context, USUAL_METHOD);
        if (plan == null) {
            head.heat = Integer.MIN_VALUE;
            return false;
        }
        // All blocks of a loop become hot together: the others are not to ask for regions of their own meanwhile.
        for (RegionPlan.Piece piece : plan.pieces()) {
            piece.block().heat = Math.min(piece.block().heat, threshold / 2);
        }
        if (worker == null) {
            Region region = compiled(plan);
            if (region != null) {
                region.warmUp.end();
                region.install();
            }
            return head.region != null;
        }
        wanted.add(plan);
        return false;
    }

    /** Installs what the compiler's thread has finished. */
    void installReady() {
        Region region;
        while ((region = ready.poll()) != null) {
            if (++installed > MOST_REGIONS) {
                blocks.forgetAll();
                installed = 1;
            }
            region.install();
        }
    }

    private void work() {
        try {
            while (true) {
                Region region = compiled(wanted.take());
                if (region != null) {
                    ready.add(region);
                    cpu.demandAttention(Cpu.ATTENTION_EVENT);
                }
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    /** Null if the code cannot be compiled: it stays with the interpreter. */
    private @Nullable Region compiled(RegionPlan plan) {
        long start = System.nanoTime();
        try {
            RegionPlan smaller = plan;
            RegionWriter.Written written = RegionWriter.write(smaller, cpu.shared);
            while (methodLength(written.bytes()) > LARGEST_METHOD && smaller.pieces().length > 1) {
                smaller = smaller.half();
                written = RegionWriter.write(smaller, cpu.shared);
            }
            if (methodLength(written.bytes()) > LARGEST_METHOD) {
                return null;
            }
            MethodHandles.Lookup hidden = MethodHandles.lookup().defineHiddenClass(written.bytes(), true);
            Region region =
                    (Region) hidden.lookupClass().getDeclaredConstructor().newInstance();
            region.complete(smaller, written.sites(), interpreter);
            regions.incrementAndGet();
            codeBytes.addAndGet(written.bytes().length);
            return region;
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            failures.incrementAndGet();
            LOG.error("a region could not be compiled; the interpreter goes on with it", e);
            return null;
        } finally {
            compileNanos.addAndGet(System.nanoTime() - start);
        }
    }

    private static int methodLength(byte[] classFile) {
        return ClassFile.of().parse(classFile).methods().stream()
                .filter(method -> method.methodName().equalsString("run"))
                .mapToInt(method -> method.findAttribute(Attributes.code())
                        .map(java.lang.classfile.attribute.CodeAttribute::codeLength)
                        .orElse(0))
                .sum();
    }

    /** Time spent generating and defining classes, in nanoseconds. */
    long compileNanos() {
        return compileNanos.get();
    }

    /** Bytes of the class files generated. */
    long codeBytes() {
        return codeBytes.get();
    }

    long regions() {
        return regions.get();
    }

    /** Regions that could not be generated or defined: mistakes of the compiler's. */
    long failures() {
        return failures.get();
    }

    @Override
    public void close() {
        if (worker != null) {
            worker.interrupt();
        }
    }
}
