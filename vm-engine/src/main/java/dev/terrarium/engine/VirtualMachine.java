// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import dev.terrarium.engine.config.MachineConfig;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One machine of a {@link Host}, running or not, in this process or (a machine started by another Terrarium on the same
 * home) in that one. All calls may be made from any thread; those that say so in their name or doc may take a
 * while and must not be made on the window's thread.
 */
public interface VirtualMachine {
    MachineConfig config();

    default String name() {
        return config().name();
    }

    /** The machine's folder, with {@code machine.json}, {@code disks/} and {@code log}. */
    Path folder();

    MachineState state();

    /** Is it run by another process? Everything here still works, through that process. */
    boolean runsElsewhere();

    /** Why the machine is {@link MachineState#CRASHED}, in one line. */
    Optional<String> failure();

    /**
     * Why the engine, not a person, made the machine {@link MachineState#PAUSED}, in one line that says what to do: the host
     * could not read or write a disk. What the guest asked for waits, and is tried again by {@link #resume}.
     */
    default Optional<String> pauseReason() {
        return Optional.empty();
    }

    /**
     * Switches the machine on; returns when its vCPUs run. May take a second. A saved machine goes on where it was, paused if it was
     * that; that takes as long as reading its memory, and if it fails the saved state stays.
     *
     * @throws TerrariumException if it runs already, or something it needs is missing, in use or too large
     */
    void start(StartOptions options) throws TerrariumException;

    /** Presses the ACPI power button: a guest that listens shuts itself down. */
    void pressPowerButton() throws TerrariumException;

    /** Cuts the power; returns when the machine is off. */
    void forceOff() throws TerrariumException;

    /** Presses the reset button. */
    void reset() throws TerrariumException;

    void pause() throws TerrariumException;

    /** Lets the machine go on; where it stands still for {@link #pauseReason} it may stop again at once. */
    void resume() throws TerrariumException;

    /**
     * Writes the whole machine to its folder and ends it; the next {@link #start} goes on where it was. It runs while most of its
     * memory is written.
     *
     * @throws TerrariumException if it does not run, the host's disk is full, or {@code progress} ended it; the machine goes on
     */
    void save(Progress progress) throws TerrariumException;

    /**
     * Throws the state of a {@link MachineState#SAVED} machine away, as if its power had been cut then.
     *
     * @throws TerrariumException if there is none, or it cannot be removed
     */
    void discardSavedState() throws TerrariumException;

    /** Its snapshots. */
    Snapshots snapshots();

    /** Waits until the machine is not active any more; returns at once if it is not. */
    MachineEnd awaitEnd() throws InterruptedException;

    /**
     * Asks the guest of a running machine to make do with so many bytes of its memory; what it gives up goes back to the host, and
     * more is given again the same way. {@link MachineStatistics#guestMemory} says how far it is.
     *
     * @throws TerrariumException if the machine does not run, has no balloon, or never had so much
     */
    default void setBalloon(long guestBytes) throws TerrariumException {
        throw new TerrariumException("\"" + name() + "\" has no balloon: its memory changes at the next start");
    }

    MachineStatistics statistics();

    Screenshot screenshot() throws TerrariumException;

    /** Presses the keys in order and releases them in reverse: {@code ctrl-alt-delete}; see {@link KeyNames}. */
    void sendKeys(String combination) throws TerrariumException;

    /** Types text on the keyboard as on a US layout. Blocks until it is typed. */
    void type(String text) throws TerrariumException;

    /** A new connection to the machine's screen, keyboard and pointer: an RFB server without authentication. */
    ConsoleStream openConsole() throws TerrariumException;

    /** A new connection to the first serial line. */
    ConsoleStream openSerial() throws TerrariumException;

    /** Changes the configuration of a machine that is off, not saved. */
    void reconfigure(MachineConfig config) throws TerrariumException;

    void addListener(MachineListener listener);

    void removeListener(MachineListener listener);
}
