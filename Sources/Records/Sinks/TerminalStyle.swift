// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What standard error can show.
struct TerminalStyle: Equatable, Sendable {
    /// Whether a person looks at it.
    var isTerminal: Bool

    /// Whether it may be coloured.
    var isColoured: Bool

    /// Asks isatty(3) and the environment: colour is not wanted where `NO_COLOR` is set and not empty
    /// (https://no-color.org) or `TERM` is `dumb`. To be asked before there is a second thread.
    static var ofStandardError: TerminalStyle {
        let isTerminal = isatty(2) == 1
        return TerminalStyle(
            isTerminal: isTerminal,
            isColoured: isTerminal && environment("NO_COLOR").isEmpty && environment("TERM") != "dumb")
    }

    private static func environment(_ name: String) -> String {
        // unsafe: getenv(3) returns NULL or a C string that lives until the environment is changed, which nobody does.
        guard let value = unsafe getenv(name) else { return "" }
        return unsafe String(cString: value)
    }
}
