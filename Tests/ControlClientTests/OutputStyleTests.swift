// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ControlClient

@Suite struct OutputStyleTests {
    private func style(
        terminal: Int? = nil, isTerminal: Bool = true, wanted: String? = nil, term: String? = "xterm",
        hasNoColor: Bool = false
    ) -> OutputStyle {
        OutputStyle(
            isTerminal: isTerminal, columns: terminal, wanted: wanted, term: term, hasNoColor: hasNoColor)
    }

    @Test func `the width is that of the terminal, else COLUMNS, else 80`() {
        #expect(style(terminal: 132, wanted: "100").columns == 132)
        #expect(style(terminal: 132, isTerminal: false, wanted: "100").columns == 100)
        #expect(style(isTerminal: false).columns == 80)
        #expect(style(terminal: 5).columns == 40)
        #expect(style(isTerminal: false, wanted: "x").columns == 80)
        #expect(style(isTerminal: false, wanted: "-1").columns == 80)
    }

    @Test func `colours are for terminals that want them`() {
        #expect(style().isColoured)
        #expect(style(term: nil).isColoured)
        #expect(!style(isTerminal: false).isColoured)
        #expect(!style(term: "dumb").isColoured)
        #expect(!style(hasNoColor: true).isColoured)
    }
}
