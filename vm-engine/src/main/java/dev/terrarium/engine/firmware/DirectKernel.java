// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import dev.terrarium.engine.TerrariumException;
import java.nio.file.Path;
import java.util.List;

/**
 * A kernel that the machine starts without a disk: Linux or multiboot, told apart by its header.
 *
 * @param kernel the kernel file
 * @param modules the initrd, or the multiboot modules
 * @param commandLine the kernel's command line
 */
public record DirectKernel(Path kernel, List<Path> modules, String commandLine) {
    /** Reads the files and lays them out in the memory of a machine. */
    public BootPayload load(MemoryMap memory) throws TerrariumException {
        KernelFile file = KernelFile.read(kernel, memory.low());
        if (LinuxKernel.recognises(file)) {
            if (modules.size() > 1) {
                throw new TerrariumException("Linux takes one initrd: join the files into one");
            }
            return new LinuxKernel(file, modules, commandLine, memory).load();
        }
        if (MultibootKernel.recognises(file)) {
            return new MultibootKernel(file, modules, commandLine, memory).load();
        }
        throw new TerrariumException(
                kernel + " is neither a Linux bzImage nor a multiboot kernel: choose another file");
    }
}
