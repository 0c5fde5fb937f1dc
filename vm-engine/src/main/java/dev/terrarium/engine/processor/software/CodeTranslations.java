// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Where code pages were found to be mapped, and the numbers, called <em>contexts</em>, that say how long that is good.
 *
 * <p>A context stands for the present translations, privilege and code size. There are two at any time: what was found
 * through a global page (Intel SDM volume 3, section 4.10.2.4) is good in the one that {@link #globalOf} tells, which
 * outlives loads of CR3, all else in the one that {@link #context} tells. Forgetting is choosing new numbers.
 */
final class CodeTranslations {
    private static final int SLOTS = 1 << 9;
    private static final int PAGE_SHIFT = 12;
    private static final int NOTED = 1 << 12;
    private static final long GLOBAL = 1L << 62;
    private static final int MODE = 7;

    private final Cpu cpu;
    private final CodeFetcher fetcher;

    private final long[] numbers = new long[SLOTS];
    private final long[] contexts = new long[SLOTS];
    private final PageCode[] pages = new PageCode[SLOTS];
    private long generation;
    private long globalGeneration;
    private long foundIn;

    /** Hashes of the pages that code was found through in the present contexts: local ones, then global ones. */
    private final long[][] noted = {new long[NOTED / Long.SIZE], new long[NOTED / Long.SIZE]};

    private final LargePages[] large = {new LargePages(), new LargePages()};

    CodeTranslations(Cpu cpu, CodeFetcher fetcher) {
        this.cpu = cpu;
        this.fetcher = fetcher;
        forgetPages();
    }

    /** The context of what is found now through pages that are not global. */
    long context() {
        int mode = cpu.codeSize == 8 ? 2 : cpu.codeSize == 4 ? 1 : 0;
        return generation << 3 | (cpu.cpl == 3 ? 4 : 0) | mode;
    }

    /** The context of what is found through global pages while {@code context} is the present one. */
    long globalOf(long context) {
        return GLOBAL | globalGeneration << 3 | context & MODE;
    }

    /** The code page found at {@code linear} in the present contexts, or null. {@code context} is not a global one. */
    @Nullable
    PageCode find(long linear, long context) {
        long number = linear >>> PAGE_SHIFT;
        int slot = (int) number & (SLOTS - 1);
        long known = contexts[slot];
        if (numbers[slot] == number && (known == context || known == globalOf(context))) {
            foundIn = known;
            return pages[slot];
        }
        return null;
    }

    /** Of the page that {@link #find} returned or {@link #enter} took last: the context in which it was found. */
    long foundIn() {
        return foundIn;
    }

    /** The page at {@code linear}, which the fetcher has just translated. */
    void enter(long linear, long context, PageCode page) {
        long number = linear >>> PAGE_SHIFT;
        int slot = (int) number & (SLOTS - 1);
        boolean global = fetcher.isGlobal();
        note(linear, global);
        foundIn = global ? globalOf(context) : context;
        numbers[slot] = number;
        contexts[slot] = foundIn;
        pages[slot] = page;
    }

    /** What is kept in a global context, or in a local one, depends on the translation that the fetcher just made. */
    void note(long linear, boolean global) {
        int which = global ? 1 : 0;
        int bit = (int) (linear >>> PAGE_SHIFT) & (NOTED - 1);
        noted[which][bit >>> 6] |= 1L << bit;
        large[which].entered(linear, fetcher.pageShift());
    }

    private boolean mayHaveNoted(int which, long linear) {
        int bit = (int) (linear >>> PAGE_SHIFT) & (NOTED - 1);
        return (noted[which][bit >>> 6] & 1L << bit) != 0 || large[which].shiftAt(linear) > PAGE_SHIFT;
    }

    /** All translations have changed. */
    void forgetAll() {
        forgetLocal();
        globalGeneration = generation;
        Arrays.fill(noted[1], 0);
        large[1].clear();
    }

    /** Translations through pages that are not global have changed. */
    void forgetLocal() {
        generation++;
        Arrays.fill(noted[0], 0);
        large[0].clear();
    }

    /** The translation of one page has changed, be it small or large. */
    void forget(long linear) {
        if (mayHaveNoted(1, linear)) {
            forgetAll();
        } else if (mayHaveNoted(0, linear)) {
            forgetLocal();
        }
    }

    /** The {@link PageCode}s are no longer those that were entered. */
    void forgetPages() {
        Arrays.fill(contexts, Block.NO_CONTEXT);
    }
}
