// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem

/// What standard output can show.
package struct OutputStyle: Equatable, Sendable {
    /// The number of columns.
    package var columns: Int

    /// Whether colours may be used.
    package var isColoured: Bool

    /// The width of a file, a pipe and an unknown terminal.
    package static let usualColumns = 80

    /// Makes a style.
    package init(columns: Int = OutputStyle.usualColumns, isColoured: Bool = false) {
        self.columns = columns
        self.isColoured = isColoured
    }

    /// The style of standard output.
    ///
    /// No colours if `NO_COLOR` is set and not empty (https://no-color.org), or if `TERM` is `dumb`.
    package static var ofStandardOutput: OutputStyle {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        var size = winsize()
        // unsafe: a local of the type that the request fills.
        let isKnown = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return OutputStyle(
            isTerminal: isTerminal, columns: isKnown ? Int(size.ws_col) : nil, wanted: Environment.value(of: "COLUMNS"),
            term: Environment.value(of: "TERM"), hasNoColor: Environment.value(of: "NO_COLOR") != nil)
    }

    /// Makes the style that a terminal and the environment allow.
    ///
    /// - Parameters:
    ///   - columns: the width of the terminal; nil if it is unknown.
    ///   - wanted: `COLUMNS`, for a pipe such as that to a pager.
    init(isTerminal: Bool, columns: Int?, wanted: String?, term: String?, hasNoColor: Bool) {
        // Fewer than 40 columns are no table any more.
        let asked = wanted.flatMap { Int($0) }.flatMap { (40...1000).contains($0) ? $0 : nil }
        self.columns = max((isTerminal ? columns : nil) ?? asked ?? Self.usualColumns, 40)
        isColoured = isTerminal && !hasNoColor && term != "dumb"
    }

    /// What a text means, which decides its colour.
    enum Tint: String {
        /// SGR of ECMA-48: bold.
        case title = "1"
        /// Yellow: not as usual, by the wish of the operator or for a time.
        case unusual = "33"
        /// Red: a failure.
        case bad = "31"
        /// Reverse: what is selected.
        case selected = "7"
    }

    /// A text in its colour.
    func tinted(_ text: String, _ tint: Tint?) -> String {
        guard isColoured, let tint, !text.isEmpty else { return text }
        return "\u{1b}[\(tint.rawValue)m\(text)\u{1b}[m"
    }
}
