// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.CodePages;
import dev.terrarium.engine.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The decoded code of one vCPU, by physical address, with a direct-mapped table by linear address in front.
 *
 * <p>A block found at a linear address carries that address and the <em>context</em> in which it was found, which see in
 * {@link CodeTranslations}. Forgetting translations is choosing new context numbers; the blocks stay and are found again
 * through the page tables. All calls are made on the vCPU's thread, {@link #pageMarked} and
 * {@link #codeWritten} excepted.
 */
final class BlockCache implements CodePages.Listener, TranslationListener {
    /** Above this everything is thrown away: some 150 bytes each. */
    private static final int MOST_INSTRUCTIONS = 400_000;

    private static final int LONGEST_BLOCK = 64;
    private static final int LONGEST_INSTRUCTION = 15;
    private static final int PAGE = 4096;
    private static final int GRANULE = 64;
    private static final int JUMPS = 1 << 14;
    private static final int DIRECTORY_SHIFT = 10;
    private static final int WINDOW = LONGEST_BLOCK * LONGEST_INSTRUCTION;

    private final CodePages codePages;
    private final CodeFetcher fetcher;
    private final Mmu mmu;
    private final Cpu cpu;

    private final Block[] jumps = new Block[JUMPS];
    private final CodeTranslations translations;
    private PageCode[][] directory = new PageCode[0][];
    private final List<PageCode> pages = new ArrayList<>();

    private final byte[] window = new byte[WINDOW + Decoder.PADDING];
    private final Decoder decoder;
    private final Instruction[] decoded = new Instruction[LONGEST_BLOCK + 1];
    private int cachedInstructions;

    /** What stands for this vCPU in {@link #codePages}. */
    private final int bit;

    private Consumer<Runnable> alone = Runnable::run;
    private volatile @Nullable Thread owner;

    private final Object pendingLock = new Object();

    /** Where other threads wrote, in granules of {@link #GRANULE} bytes. */
    private final Set<Long> pendingWrites = new HashSet<>();

    private volatile boolean pending;

    BlockCache(CodePages codePages, CodeFetcher fetcher, Mmu mmu, Cpu cpu) {
        this.codePages = codePages;
        this.fetcher = fetcher;
        this.mmu = mmu;
        this.cpu = cpu;
        this.decoder = new Decoder(window, cpu.features);
        Arrays.fill(jumps, Block.NONE);
        this.translations = new CodeTranslations(cpu, fetcher);
        this.bit = codePages.addListener(this);
    }

    /** Names what runs an action while no other vCPU of the machine executes. */
    void stopOthersBy(Consumer<Runnable> runner) {
        alone = runner;
    }

    /** The calling thread runs the vCPU from now on. */
    void enter() {
        owner = Thread.currentThread();
        applyPending();
    }

    @Override
    public void forgetTranslations() {
        translations.forgetAll();
    }

    @Override
    public void forgetLocalTranslations() {
        translations.forgetLocal();
    }

    @Override
    public void forgetTranslation(long linear) {
        translations.forget(linear);
    }

    /** What a block must carry to be executed now: this, or what {@link #globalContext} makes of it. */
    long context() {
        return translations.context();
    }

    /** What a block that was found through a global page must carry to be executed in {@code context}. */
    long globalContext(long context) {
        return translations.globalOf(context);
    }

    /** Drops all code, as when something else than a write changed what is in memory. */
    void forgetAll() {
        for (PageCode page : pages) {
            retireAll(page.takeSpilled(0), true);
            retireAll(page.takeOverlapping(0, PAGE), false);
            codePages.clear(page.physical, bit);
        }
        pages.clear();
        directory = new PageCode[0][];
        Arrays.fill(jumps, Block.NONE);
        translations.forgetPages();
        cachedInstructions = 0;
    }

    private static void retireAll(@Nullable Block first, boolean spilled) {
        Block block = first;
        while (block != null) {
            Block following = spilled ? block.nextSpilled : block.next;
            block.retire();
            block = following;
        }
    }

    private static int jumpSlot(long linear) {
        return (int) (linear ^ linear >>> 14) & (JUMPS - 1);
    }

    /** The block at {@code linear}, in the context the caller knows to be the present one. Throws what a fetch may. */
    Block find(long linear, long context) {
        Block block = jumps[jumpSlot(linear)];
        if (block.linear == linear && (block.context == context || block.context == globalContext(context))) {
            return block;
        }
        return findByPage(linear, context);
    }

    /** The block that was found at {@code linear} last, or {@link Block#NONE}: a guess, {@link Block#readyContext} tells. */
    Block lastFoundAt(long linear) {
        Block block = jumps[jumpSlot(linear)];
        return block.linear == linear ? block : Block.NONE;
    }

    private Block findByPage(long linear, long context) {
        PageCode page = page(linear, context);
        if (page == null) {
            return build(linear, fetcher.translate(linear), null, LONGEST_BLOCK);
        }
        long found = translations.foundIn();
        int offset = (int) linear & (PAGE - 1);
        Block block = page.find(offset, cpu.codeSize);
        if (block != null && block.secondPage >= 0 && block.secondPage != fetcher.translate(secondPage(linear))) {
            drop(block);
            block = null;
        }
        if (block == null) {
            block = build(linear, page.physical + offset, page, LONGEST_BLOCK);
            if (page.find(offset, cpu.codeSize) != block) {
                return block;
            }
        }
        if (block.secondPage >= 0) {
            translations.note(secondPage(linear), false);
            found = context;
        }
        block.linear = linear;
        block.context = found;
        block.readyContext = Block.NO_CONTEXT;
        jumps[jumpSlot(linear)] = block;
        return block;
    }

    /**
     * The block at {@code linear}, if there is one and finding it now is good for {@code context}, a global one or not;
     * changes nothing that the guest can see.
     */
    @Nullable
    Block peek(long linear, long context) {
        long faultAddress = cpu.cr2;
        try {
            PageCode page = pageFor(linear, context);
            Block block = page == null ? null : page.find((int) linear & (PAGE - 1), cpu.codeSize);
            return block == null || block.secondPage >= 0 ? null : block;
        } catch (GuestFault notMapped) {
            cpu.cr2 = faultAddress;
            return null;
        }
    }

    /**
     * Is the code page at {@code linear} mapped to {@code physical}, for as long as {@code context} is good, a global one
     * or not? Changes nothing that the guest can see.
     */
    boolean isMapped(long linear, long physical, long context) {
        long faultAddress = cpu.cr2;
        try {
            PageCode page = pageFor(linear, context);
            return page != null && page.physical == physical;
        } catch (GuestFault notMapped) {
            cpu.cr2 = faultAddress;
            return false;
        }
    }

    /** Could a write of these bytes of one page hit code? */
    boolean holdsCode(long physical, int length) {
        PageCode page = known(physical);
        int from = (int) physical & (PAGE - 1);
        return page != null && page.mayHold(from, Math.min(PAGE, from + length));
    }

    /** One instruction as a block that is not kept. */
    Block single(long linear) {
        return build(linear, fetcher.translate(linear), null, 1);
    }

    private long secondPage(long linear) {
        long next = (linear & -PAGE) + PAGE;
        return cpu.codeSize == 8 ? next : next & 0xFFFF_FFFFL;
    }

    /** The code of the page that {@code linear} is mapped to, or null if code from there cannot be kept. */
    private @Nullable PageCode page(long linear, long context) {
        PageCode known = translations.find(linear, context);
        if (known != null) {
            return known;
        }
        long physical = fetcher.translate(linear) & -PAGE;
        if (!codePages.tracks(physical) || fetcher.host(physical) == 0) {
            return null;
        }
        PageCode page = pageCode(physical);
        translations.enter(linear, context, page);
        return page;
    }

    private @Nullable PageCode pageFor(long linear, long context) {
        long present = context();
        PageCode page = page(linear, present);
        return context == present || context == translations.foundIn() ? page : null;
    }

    private @Nullable PageCode known(long physical) {
        long number = physical >>> 12;
        int high = (int) (number >>> DIRECTORY_SHIFT);
        if (high >= directory.length || directory[high] == null) {
            return null;
        }
        return directory[high][(int) number & ((1 << DIRECTORY_SHIFT) - 1)];
    }

    private PageCode pageCode(long physical) {
        PageCode page = known(physical);
        if (page == null) {
            long number = physical >>> 12;
            int high = (int) (number >>> DIRECTORY_SHIFT);
            if (high >= directory.length) {
                directory = Arrays.copyOf(directory, high + 1);
            }
            if (directory[high] == null) {
                directory[high] = new PageCode[1 << DIRECTORY_SHIFT];
            }
            page = new PageCode(physical);
            directory[high][(int) number & ((1 << DIRECTORY_SHIFT) - 1)] = page;
            pages.add(page);
        }
        return page;
    }

    /** From now on writes to the page are noticed; to be called before its bytes are read. */
    private void mark(PageCode page) {
        if (!codePages.isCodeOf(page.physical, bit)) {
            codePages.markBy(bit, page.physical, alone);
        }
    }

    private Block build(long linear, long physical, @Nullable PageCode keeper, int most) {
        PageCode page = keeper;
        if (page != null) {
            if (cachedInstructions > MOST_INSTRUCTIONS) {
                forgetAll();
                page = pageCode(page.physical);
            }
            mark(page);
        }
        int codeSize = cpu.codeSize;
        int available = Math.min(WINDOW, PAGE - ((int) physical & (PAGE - 1)));
        fetch(physical, 0, available);
        int count = 0;
        int at = 0;
        while (count < most && at < available) {
            Instruction instruction = decoder.decode(at, codeSize, at);
            if (at + instruction.length > available) {
                break;
            }
            decoded[count++] = instruction;
            at += instruction.length;
            if (Op.endsBlock(instruction.op)) {
                break;
            }
        }
        if (count == 0) {
            return crossing(linear, physical, page, available);
        }
        Block block = new Block(physical, codeSize, finished(count, at), at);
        if (page != null) {
            page.add(block);
            cachedInstructions += count;
        }
        return block;
    }

    /** The decoded instructions, and a mark of the end where they do not transfer control. */
    private Instruction[] finished(int count, int bytes) {
        if (Op.endsBlock(decoded[count - 1].op)) {
            return Arrays.copyOf(decoded, count);
        }
        Instruction end = new Instruction();
        end.op = Op.END_OF_BLOCK;
        end.end = bytes;
        decoded[count] = end;
        return Arrays.copyOf(decoded, count + 1);
    }

    /** A block of the one instruction that starts in one page and ends in the next. */
    private Block crossing(long linear, long physical, @Nullable PageCode page, int available) {
        long second = fetcher.translate(secondPage(linear));
        PageCode secondCode = null;
        if (page != null && codePages.tracks(second) && fetcher.host(second) != 0) {
            secondCode = pageCode(second);
            mark(secondCode);
        }
        fetch(second, available, LONGEST_INSTRUCTION);
        Instruction instruction = decoder.decode(0, cpu.codeSize, 0);
        decoded[0] = instruction;
        Block block = new Block(physical, cpu.codeSize, finished(1, instruction.length), instruction.length);
        block.secondPage = second;
        if (page != null && secondCode != null) {
            page.add(block);
            secondCode.addSpilled(block);
            cachedInstructions++;
        }
        return block;
    }

    private void fetch(long physical, int to, int length) {
        long host = fetcher.host(physical);
        if (host != 0) {
            MemorySegment.copy(HostMemory.ALL, ValueLayout.JAVA_BYTE, host, window, to, length);
        } else {
            for (int n = 0; n < length; n++) {
                window[to + n] = (byte) fetcher.read8(physical + n);
            }
        }
    }

    private void drop(Block block) {
        PageCode first = known(block.physical);
        if (first != null) {
            first.remove(block);
        }
        if (block.secondPage >= 0) {
            PageCode second = known(block.secondPage);
            if (second != null) {
                second.removeSpilled(block);
            }
        }
        cachedInstructions -= block.code.length;
        block.retire();
    }

    private void dropWritten(long physical, int length) {
        PageCode page = known(physical);
        if (page == null) {
            return;
        }
        int from = (int) physical & (PAGE - 1);
        int to = from + length;
        if (!page.mayHold(from, to)) {
            return;
        }
        Block spilled = page.takeSpilled(from);
        while (spilled != null) {
            Block following = spilled.nextSpilled;
            drop(spilled);
            spilled = following;
        }
        Block block = page.takeOverlapping(from, to);
        while (block != null) {
            Block following = block.next;
            drop(block);
            block = following;
        }
        if (page.empty()) {
            codePages.clear(page.physical, bit);
        }
    }

    /** Whatever thread this is on, this vCPU does not execute meanwhile, unless it is the one that marks. */
    @Override
    public void pageMarked(long physicalPage) {
        long host = fetcher.host(physicalPage);
        if (host != 0) {
            mmu.flushWritesTo(host);
        } else {
            mmu.flushWrites();
        }
    }

    @Override
    public void codeWritten(long physical, int length) {
        if (Thread.currentThread() == owner) {
            dropWritten(physical, length);
        } else {
            synchronized (pendingLock) {
                for (long at = physical & -GRANULE; at < physical + length; at += GRANULE) {
                    pendingWrites.add(at);
                }
                pending = true;
            }
            cpu.demandAttention(Cpu.ATTENTION_EVENT);
        }
    }

    /** Takes note of the writes of other threads. */
    void applyPending() {
        if (!pending) {
            return;
        }
        List<Long> written;
        synchronized (pendingLock) {
            written = List.copyOf(pendingWrites);
            pendingWrites.clear();
            pending = false;
        }
        for (long granule : written) {
            dropWritten(granule, GRANULE);
        }
    }
}
