// SPDX-License-Identifier: GPL-3.0-or-later

import java.awt.Toolkit;
import java.awt.datatransfer.Clipboard;
import java.awt.datatransfer.DataFlavor;
import java.awt.datatransfer.StringSelection;
import java.nio.charset.StandardCharsets;

/** A process that holds text on an X screen's clipboard until its input ends, or prints what is there. */
class XClipboard {
    public static void main(String[] arguments) throws Exception {
        Clipboard clipboard = Toolkit.getDefaultToolkit().getSystemClipboard();
        if (arguments.length == 1) {
            clipboard.setContents(new StringSelection(arguments[0]), null);
            System.out.println("held");
            System.in.read();
        } else {
            String text = (String) clipboard.getData(DataFlavor.stringFlavor);
            System.out.write(text.getBytes(StandardCharsets.UTF_8));
            System.out.flush();
        }
        System.exit(0);
    }
}
