// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import ControlProtocol

/// The frames of `top`: the text of a whole screen. Pure.
struct TopScreen {
    private let state: TopState
    private let style: OutputStyle

    /// The bytes that draw a state over the frame before, in one write.
    ///
    /// Each line is cleared and written in place, so nothing flickers: CUP, EL and SGR of ECMA-48.
    static func frame(_ state: TopState, _ style: OutputStyle) -> String {
        var frame = "\u{1b}[H"
        let lines = Self(state: state, style: style).lines
        for (index, line) in lines.enumerated() {
            // Before the line: behind a full one, some terminals clear its last column.
            frame += (index > 0 ? "\r\n" : "") + "\u{1b}[K" + line
        }
        return frame
    }

    /// The lines, exactly as many as the screen has.
    private var lines: [String] {
        guard state.size.isEnough else { return tooSmall }
        var lines = above
        let room = max(state.size.rows - lines.count - TopState.rowsBelow, 0)
        var middle = state.mode == .help ? help : table
        middle = Array(middle.prefix(room))
        lines += middle + [String](repeating: "", count: room - middle.count)
        return lines + [below]
    }

    private var tooSmall: [String] {
        let (least, size) = (TopState.Size.least, state.size)
        let sentence =
            "the window has \(size.columns)x\(size.rows), and top needs \(least.columns)x\(least.rows); q quits"
        let words = sentence.split(separator: " ").map(String.init)
        let lines = TextTable.wrapped("", words, width: max(size.columns, 1), indentation: 0).map { cut($0) }
        let shown = Array(lines.prefix(max(size.rows, 1)))
        return shown + [String](repeating: "", count: max(size.rows - shown.count, 0))
    }

    // MARK: - Above the table

    private var above: [String] {
        guard let view = state.view else {
            return [cut("usherd: waiting for its first reply")] + [String](repeating: "", count: TopState.rowsAbove - 1)
        }
        let daemon = view.sample.status.daemon
        let now = view.sample.now
        return [
            title(daemon, now),
            cut(
                "connections: \(daemon.connections) now, \(daemon.peak) peak, limit "
                    + Amount.count(UInt64(clamping: daemon.limit))),
            cut(rates(view)), reload(daemon, now), cut(summary(view)),
        ]
    }

    private func title(_ daemon: DaemonStatus, _ now: UInt64) -> String {
        let text =
            "usherd \(TerminalText.safe(daemon.version)), \(daemon.state.rawValue), pid \(daemon.pid), up "
            + Amount.duration(microseconds: now.since(daemon.started))
        let mark = state.failure != nil ? "reconnecting…" : state.isPaused ? "paused" : ""
        guard !mark.isEmpty else { return style.tinted(cut(text), .title) }
        let room = state.size.columns - TerminalText.width(of: mark) - 1
        let left = TextTable.cut(text, to: room)
        let padding = String(repeating: " ", count: max(room + 1 - TerminalText.width(of: left), 1))
        return style.tinted(left, .title) + padding + style.tinted(mark, state.failure != nil ? .bad : .unusual)
    }

    private func rates(_ view: TopView) -> String {
        guard let change = view.change else { return "accepted -  refused -  in -  out -" }
        let duration = change.durationMicroseconds
        func sum(_ count: (StatusChange.Listener) -> UInt64) -> UInt64 {
            change.listeners.reduce(0) { $0 &+ count($1) }
        }
        return "accepted \(Amount.rate(sum(\.connections), in: duration))/s"
            + "  refused \(Amount.rate(sum(\.refused), in: duration))/s"
            + "  in \(Amount.byteRate(sum(\.bytesIn), in: duration))/s"
            + "  out \(Amount.byteRate(sum(\.bytesOut), in: duration))/s"
    }

    private func reload(_ daemon: DaemonStatus, _ now: UInt64) -> String {
        guard let reload = daemon.reload else {
            return cut("configuration: loaded \(Amount.duration(microseconds: now.since(daemon.loaded))) ago")
        }
        let age = Amount.duration(microseconds: now.since(reload.time))
        guard let reason = reload.reason else { return cut("last reload: \(age) ago, succeeded") }
        return style.tinted(cut("last reload: \(age) ago, failed: \(TerminalText.safe(reason))"), .bad)
    }

    private func summary(_ view: TopView) -> String {
        let filter = FilterWords.text(of: state.filter)
        return "sort: \(state.order.rawValue)  \(view.rows.count) of \(view.count) shown"
            + (filter.isEmpty ? "" : "  filter: \(TerminalText.safe(filter))")
    }

    // MARK: - The table

    private var table: [String] {
        guard let view = state.view else { return [] }
        let table = TopTable(
            width: state.size.columns, order: view.sample.question.order,
            isRelayed: view.rows.contains { $0.connection.upstream != nil })
        let selected = state.selectedIndex
        return [style.tinted(cut(table.titles), .title)]
            + view.rows.enumerated().map { index, row in
                let line = cut(table.line(row, isSelected: index == selected))
                return index == selected ? style.tinted(line, .selected) : line
            }
    }

    private var help: [String] {
        [
            "", "  a b i r t   sort by age, bytes, idle time, rate, round-trip time",
            "  f or /      filter, such as listener=front peer=10.0.0.0/8",
            "              (listener peer service upstream older idle)",
            "  up, down    select a connection; Esc selects none",
            "  k           close a connection", "  p           pause, and continue", "  space       ask now",
            "  Ctrl-L      draw the screen again", "  q           quit", "", "  press any key to go back",
        ].map(cut)
    }

    // MARK: - Below the table

    private var below: String {
        if let message = state.message, state.mode == .table || message.isBad {
            return style.tinted(cut(TerminalText.safe(message.text)), message.isBad ? .bad : .title)
        }
        switch state.mode {
        case .filter(let text): return prompt("filter: ", text)
        case .number(let text):
            return prompt("close connection\(state.selected.map { " [\($0)]" } ?? ""): ", text)
        case .confirmation(let number): return cut(question(number))
        case .table, .help:
            if let failure = state.failure { return style.tinted(cut(failure), .bad) }
            return cut("q quit  ? help  f filter  k close  p pause  sort: a b i r t")
        }
    }

    private func question(_ number: UInt64) -> String {
        let row = state.view?.rows.first { $0.connection.number == number }
        let what = row.map {
            " of \(TerminalText.safe($0.connection.listener)) from \(TerminalText.safe(ConnectionsText.peer(of: $0.connection)))"
        }
        return "close connection \(number)\(what ?? "")? y/n"
    }

    /// What is typed, with its end in sight.
    private func prompt(_ name: String, _ text: String) -> String {
        let room = max(state.size.columns - name.count - 1, 1)
        return name + String(text.suffix(room)) + "_"
    }

    private func cut(_ line: String) -> String { TextTable.cut(line, to: state.size.columns) }
}
