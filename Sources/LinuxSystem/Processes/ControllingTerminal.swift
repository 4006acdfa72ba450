// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The terminal from which this process was started, if any.
public enum ControllingTerminal {
    /// Whether standard error is a terminal.
    public static var showsStandardError: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether the process is in the foreground of its terminal, so that Ctrl-C reaches it: tcgetpgrp(3).
    public static var hasForeground: Bool {
        (STDIN_FILENO...STDERR_FILENO).contains { tcgetpgrp($0) == getpgrp() }
    }
}
