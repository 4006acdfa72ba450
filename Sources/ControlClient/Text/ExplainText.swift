// SPDX-License-Identifier: Apache-2.0

import Configuration
package import ControlProtocol

/// What listeners would do with a connection, for people. Pure.
package struct ExplainText {
    private let result: ControlResults.Explain
    private let address: String
    private let style: OutputStyle

    /// Makes the text about an address.
    package init(_ result: ControlResults.Explain, for address: String, _ style: OutputStyle) {
        self.result = result
        self.address = address
        self.style = style
    }

    /// The lines, each with its line feed.
    package var text: String {
        var table = TextTable([
            .name("LISTENER", least: 8), .word("VERDICT"), .number("NOW"), .number("LIMIT"),
        ])
        for verdict in result.verdicts {
            table.add([
                TextTable.Cell(verdict.listener),
                TextTable.Cell(verdict.outcome.rawValue, Self.tint(verdict.outcome)),
                TextTable.Cell(String(verdict.connections)),
                TextTable.Cell(verdict.limit.map { String($0) } ?? "-"),
            ])
        }
        let lines = table.lines(style)
        let head = ["a connection from", "\(address),", "now", "(the daemon has \(result.connections) of"]
        return
            (TextTable.wrapped("", head + ["\(result.limit) connections)"], width: style.columns, indentation: 2)
            + ["", lines[0]] + zip(result.verdicts, lines.dropFirst()).flatMap { [$1] + details(of: $0) })
            .map { $0 + "\n" }.joined()
    }

    private static func tint(_ outcome: Verdict.Outcome) -> OutputStyle.Tint? {
        switch outcome {
        case .accepted: nil
        case .waits, .unreachable: .unusual
        case .refused: .bad
        }
    }

    private func details(of verdict: Verdict) -> [String] {
        var lines: [String] = []
        func add(_ text: String) {
            let words = text.split(separator: " ").map(String.init)
            lines += TextTable.wrapped("  ", words, width: style.columns, indentation: 4)
        }
        if let reason = verdict.reason { add(reason) }
        guard verdict.outcome != .unreachable else { return lines }
        add("\(verdict.service) at \(verdict.addresses.joined(separator: ", "))")
        if verdict.proxyHeader {
            add("it has to begin with a PROXY header, which is believed")
        }
        if let balance = verdict.balance {
            if let upstream = verdict.upstream {
                add("it would get \(upstream), by \(balance)")
            } else if verdict.outcome == .accepted {
                add("the client that the PROXY header names decides which upstream it gets, by \(balance)")
            }
            lines += upstreams(of: verdict)
        }
        return lines
    }

    private func upstreams(of verdict: Verdict) -> [String] {
        var table = TextTable([
            .name("UPSTREAM", least: 20), .word("STATE"), .number("WEIGHT"), .number("NOW"), .number("LIMIT"),
        ])
        for upstream in verdict.upstreams {
            table.add([
                TextTable.Cell(upstream.address), UpstreamsText.state(of: upstream),
                TextTable.Cell(String(upstream.weight)), TextTable.Cell(String(upstream.connections)),
                TextTable.Cell(upstream.limit.map { String($0) } ?? "-"),
            ])
        }
        return table.lines(style, indentation: 2)
    }
}
