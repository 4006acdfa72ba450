// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
package import ControlProtocol

/// The status for people. Pure.
package struct StatusText {
    private let status: ControlResults.Status
    private let change: StatusChange?
    private let now: UInt64
    private let isVerbose: Bool
    private let style: OutputStyle

    /// Makes the text of a status.
    ///
    /// - Parameters:
    ///   - change: what was counted in an interval, for rates.
    ///   - now: the time in microseconds since 1970.
    ///   - isVerbose: whether lanes and durations are shown.
    package init(
        _ status: ControlResults.Status, change: StatusChange? = nil, now: UInt64, isVerbose: Bool = false,
        _ style: OutputStyle
    ) {
        self.status = status
        self.change = change
        self.now = now
        self.isVerbose = isVerbose
        self.style = style
    }

    /// The lines, each with its line feed.
    package var text: String {
        var lines = daemon
        if isVerbose { lines += [""] + lanes }
        if status.listeners.isEmpty {
            lines += ["", "no listeners"]
        } else {
            lines += [""] + listeners
        }
        return lines.map { $0 + "\n" }.joined()
    }

    // MARK: - The daemon

    private var daemon: [String] {
        let daemon = status.daemon
        var lines = [
            "usherd \(TerminalText.safe(daemon.version)), "
                + style.tinted(daemon.state.rawValue, daemon.state == .serving ? nil : .unusual)
                + ", pid \(daemon.pid), up \(age(daemon.started))"
        ]
        lines += described("configuration", "\(daemon.configuration), loaded \(age(daemon.loaded)) ago")
        if let reload = daemon.reload {
            let outcome = reload.reason.map { "failed: \($0)" } ?? "succeeded"
            lines += described("last reload", "\(age(reload.time)) ago, \(outcome)", reload.reason == nil ? nil : .bad)
        }
        let limit = Amount.count(UInt64(clamping: daemon.limit))
        lines += described("connections", "\(daemon.connections) now, \(daemon.peak) peak, limit \(limit)")
        if let level = daemon.logLevel {
            lines += described("log level", "\(level), set by an operator until the next reload", .unusual)
        }
        return lines
    }

    private func described(_ name: String, _ text: String, _ tint: OutputStyle.Tint? = nil) -> [String] {
        let indentation = 15
        let start = name + String(repeating: " ", count: indentation - name.utf8.count)
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        return TextTable.wrapped(start, words, width: style.columns, indentation: indentation)
            .map { style.tinted($0, tint) }
    }

    private func age(_ time: UInt64) -> String { Amount.duration(microseconds: now.since(time)) }

    private var lanes: [String] {
        var table = TextTable([
            .number("LANE"), .number("CONNECTIONS"), .number("TURNS"), .number("50%"), .number("90%"), .number("99%"),
        ])
        for lane in status.daemon.lanes {
            table.add(
                [
                    String(lane.number), String(lane.connections), Amount.count(lane.turns.count),
                    Amount.duration(microseconds: lane.turns.p50), Amount.duration(microseconds: lane.turns.p90),
                    Amount.duration(microseconds: lane.turns.p99),
                ].map { TextTable.Cell($0) })
        }
        return table.lines(style)
    }

    // MARK: - Listeners

    private var listeners: [String] {
        var table = change == nil ? Self.totals : Self.rates
        for (index, listener) in status.listeners.enumerated() {
            if let change {
                table.add(cells(listener, change.listeners[index], change))
            } else {
                table.add(cells(listener))
            }
        }
        let lines = table.lines(style)
        return [lines[0]]
            + zip(status.listeners, lines.dropFirst()).flatMap { [$1] + details(of: $0) + upstreams(of: $0) }
    }

    private static let totals = TextTable([
        .name("LISTENER", least: 8), .word("STATE"), .number("NOW"), .number("PEAK"), .number("TOTAL"),
        .number("FAILED"), .number("REFUSED"), .number("IN"), .number("OUT"),
    ])

    private static let rates = TextTable([
        .name("LISTENER", least: 8), .word("STATE"), .number("NOW"), .number("TOTAL"), .number("CONN/S"),
        .number("REFUSED/S"), .number("IN/S"), .number("OUT/S"),
    ])

    private func cells(_ listener: ListenerStatus) -> [TextTable.Cell] {
        let refused = listener.refused.reduce(0) { $0 &+ $1.count }
        return name(listener) + [
            TextTable.Cell(String(listener.peak)), TextTable.Cell(Amount.count(listener.total)),
            TextTable.Cell(Amount.count(listener.failed), listener.failed > 0 ? .bad : nil),
            TextTable.Cell(Amount.count(refused), refused > 0 ? .bad : nil),
            TextTable.Cell(Amount.bytes(listener.bytesIn)), TextTable.Cell(Amount.bytes(listener.bytesOut)),
        ]
    }

    private func cells(
        _ listener: ListenerStatus, _ counted: StatusChange.Listener, _ change: StatusChange
    ) -> [TextTable.Cell] {
        let duration = change.durationMicroseconds
        return name(listener) + [
            TextTable.Cell(Amount.count(listener.total)),
            TextTable.Cell(Amount.rate(counted.connections, in: duration)),
            TextTable.Cell(Amount.rate(counted.refused, in: duration), counted.refused > 0 ? .bad : nil),
            TextTable.Cell(Amount.byteRate(counted.bytesIn, in: duration)),
            TextTable.Cell(Amount.byteRate(counted.bytesOut, in: duration)),
        ]
    }

    /// The cells of each table of listeners: name, state and connections.
    private func name(_ listener: ListenerStatus) -> [TextTable.Cell] {
        [
            TextTable.Cell(listener.name),
            TextTable.Cell(listener.state.rawValue, listener.state == .listening ? nil : .unusual),
            TextTable.Cell(String(listener.connections)),
        ]
    }

    private func details(of listener: ListenerStatus) -> [String] {
        var lines: [String] = []
        func add(_ words: [String], _ tint: OutputStyle.Tint? = nil) {
            lines += TextTable.wrapped("  ", words, width: style.columns, indentation: 4)
                .map { style.tinted($0, tint) }
        }
        var place =
            [listener.service]
            + (listener.addresses.isEmpty ? ["without a socket"] : ["at"] + listed(listener.addresses))
        if let limit = listener.limit {
            place[place.count - 1] += ","
            place += ["limit", String(limit)]
        }
        add(place)
        for lack in listener.waitsFor { add(["waits", "for"] + lack.split(separator: " ").map(String.init), .unusual) }
        if let queue = listener.queue, queue.length > 0 || isVerbose {
            add(
                ["queue: \(queue.length) of at most \(queue.limit)", "wait", "for", "an", "upstream"],
                queue.length > 0 ? .unusual : nil)
        }
        if !listener.refused.isEmpty {
            add(["refused:"] + listed(listener.refused.map { "\(Amount.count($0.count)) \($0.name)" }))
        }
        if let datagrams = listener.datagrams {
            add([
                "datagrams: \(Amount.count(datagrams.received)) received,", "\(Amount.count(datagrams.sent)) sent,",
                "\(Amount.count(datagrams.dropped)) dropped",
            ])
        }
        if isVerbose, let durations = listener.durations { add(["connections", "lasted"] + spread(durations)) }
        return lines
    }

    /// The members of a list, each but the last with a comma.
    private func listed(_ members: [String]) -> [String] {
        members.enumerated().map { index, member in index < members.count - 1 ? "\(member)," : member }
    }

    private func spread(_ spread: DurationSpread) -> [String] {
        [
            "\(Amount.duration(microseconds: spread.p50)) (50%),",
            "\(Amount.duration(microseconds: spread.p90)) (90%),",
            "\(Amount.duration(microseconds: spread.p99)) (99%)",
        ]
    }

    private func upstreams(of listener: ListenerStatus) -> [String] {
        UpstreamsText(listener.upstreams, now: now, isVerbose: isVerbose, style).lines
    }
}
