// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a standard stream can show.
struct TerminalStyle: Equatable, Sendable {
    /// Whether a person looks at it.
    var isTerminal: Bool

    /// Whether it may be coloured.
    var isColoured: Bool

    /// Asks isatty(3) and the environment: colour is not wanted where `NO_COLOR` is set and not empty
    /// (https://no-color.org) or `TERM` is `dumb`.
    static func of(descriptor: CInt) -> TerminalStyle {
        let isTerminal = isatty(descriptor) == 1
        return TerminalStyle(
            isTerminal: isTerminal,
            isColoured: isTerminal && environment("NO_COLOR").isEmpty && environment("TERM") != "dumb")
    }

    /// What standard output or standard error can show.
    static var ofStandardStreams: TerminalStyle {
        let (output, error) = (of(descriptor: 1), of(descriptor: 2))
        return TerminalStyle(
            isTerminal: output.isTerminal || error.isTerminal, isColoured: output.isColoured || error.isColoured)
    }

    private static func environment(_ name: String) -> String {
        // unsafe: getenv(3) returns NULL or a C string that lives until the environment is changed, which nobody does.
        guard let value = unsafe getenv(name) else { return "" }
        return unsafe String(cString: value)
    }
}
