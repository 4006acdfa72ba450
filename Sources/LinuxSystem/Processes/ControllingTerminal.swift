// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The terminal that a person runs this process at, if one does.
public enum ControllingTerminal {
    /// Whether what is written to standard error appears on a terminal.
    public static var showsStandardError: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether the process is in the foreground of its terminal, so that keys such as Ctrl-C come to it: tcgetpgrp(3).
    public static var hasForeground: Bool {
        (STDIN_FILENO...STDERR_FILENO).contains { tcgetpgrp($0) == getpgrp() }
    }
}
