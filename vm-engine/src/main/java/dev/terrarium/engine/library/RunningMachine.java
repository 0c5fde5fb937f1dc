// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;

/** What is asked of a machine that runs, whichever process runs it; each as {@link VirtualMachine} says. */
interface RunningMachine {
    void pressPowerButton() throws TerrariumException;

    void reset() throws TerrariumException;

    Screenshot screenshot() throws TerrariumException;

    void sendKeys(String combination) throws TerrariumException;

    void type(String text) throws TerrariumException;

    ConsoleStream openConsole() throws TerrariumException;

    ConsoleStream openSerial() throws TerrariumException;
}
