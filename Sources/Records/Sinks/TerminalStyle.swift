// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a standard stream can display.
struct TerminalStyle: Equatable, Sendable {
    /// Whether it is a terminal.
    var isTerminal: Bool

    /// Whether colours may be used.
    var isColoured: Bool

    /// Checks isatty(3) and the environment.
    ///
    /// No colours if `NO_COLOR` is set and not empty (https://no-color.org), or if `TERM` is `dumb`.
    static func of(descriptor: CInt) -> TerminalStyle {
        let isTerminal = isatty(descriptor) == 1
        return TerminalStyle(
            isTerminal: isTerminal,
            isColoured: isTerminal && environment("NO_COLOR").isEmpty && environment("TERM") != "dumb")
    }

    /// Whether standard output or standard error is a terminal, and whether one may have colours.
    static var ofStandardStreams: TerminalStyle {
        let (output, error) = (of(descriptor: 1), of(descriptor: 2))
        return TerminalStyle(
            isTerminal: output.isTerminal || error.isTerminal, isColoured: output.isColoured || error.isColoured)
    }

    private static func environment(_ name: String) -> String {
        // unsafe: getenv(3) returns NULL or a C string that lives until the environment changes, which never happens.
        guard let value = unsafe getenv(name) else { return "" }
        return unsafe String(cString: value)
    }
}
