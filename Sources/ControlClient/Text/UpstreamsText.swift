// SPDX-License-Identifier: Apache-2.0

import Addresses
import ControlProtocol

/// The upstreams of a listener for people: a table, and lines below the rows that need them. Pure.
struct UpstreamsText {
    private let upstreams: [UpstreamStatus]
    private let now: UInt64
    private let isVerbose: Bool
    private let style: OutputStyle

    /// Makes the text.
    ///
    /// - Parameters:
    ///   - now: the time in microseconds since 1970.
    ///   - isVerbose: whether the longest connects and the most connections are shown.
    init(_ upstreams: [UpstreamStatus], now: UInt64, isVerbose: Bool, _ style: OutputStyle) {
        self.upstreams = upstreams
        self.now = now
        self.isVerbose = isVerbose
        self.style = style
    }

    /// The lines; empty without upstreams.
    var lines: [String] {
        guard !upstreams.isEmpty else { return [] }
        var table = TextTable(
            [
                .name("UPSTREAM", least: 16), .word("STATE"), .number("WEIGHT"), .number("NOW"), .number("TOTAL"),
                .number("FAILED"), .number("CONNECT"),
            ] + (isVerbose ? [.number("99%"), .number("PEAK")] : []))
        for upstream in upstreams { table.add(cells(upstream)) }
        let rows = table.lines(style, indentation: 2)
        return [rows[0]] + zip(upstreams, rows.dropFirst()).flatMap { [$1] + details(of: $0) }
    }

    private func cells(_ upstream: UpstreamStatus) -> [TextTable.Cell] {
        let times = upstream.connectTimes
        var cells = [
            TextTable.Cell(upstream.address), Self.state(of: upstream),
            TextTable.Cell(String(upstream.weight), upstream.configuredWeight == nil ? nil : .unusual),
            TextTable.Cell(String(upstream.connections)), TextTable.Cell(Amount.count(upstream.total)),
            TextTable.Cell(Amount.count(upstream.failed), upstream.failed > 0 ? .bad : nil),
            TextTable.Cell(times.map { Amount.duration(microseconds: $0.p50) } ?? "-"),
        ]
        if isVerbose {
            cells.append(TextTable.Cell(times.map { Amount.duration(microseconds: $0.p99) } ?? "-"))
            cells.append(TextTable.Cell(String(upstream.peak)))
        }
        return cells
    }

    /// What an operator has set, else whether it is up.
    static func state(of upstream: UpstreamStatus) -> TextTable.Cell {
        let name = upstream.withdrawal?.rawValue ?? upstream.state.rawValue
        let tint: OutputStyle.Tint? = upstream.withdrawal != nil ? .unusual : upstream.state == .up ? nil : .bad
        return TextTable.Cell(name + (upstream.backup ? " (backup)" : ""), tint)
    }

    private func details(of upstream: UpstreamStatus) -> [String] {
        var lines: [String] = []
        func add(_ text: String, _ tint: OutputStyle.Tint? = nil) {
            let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
            lines += TextTable.wrapped("    ", words, width: style.columns, indentation: 6)
                .map { style.tinted($0, tint) }
        }
        var set: [String] = []
        if let withdrawal = upstream.withdrawal { set.append(withdrawal.rawValue) }
        if let weight = upstream.configuredWeight { set.append("weight \(upstream.weight) in place of \(weight)") }
        if let outage = upstream.outage { add(words(for: outage, of: upstream), .bad) }
        if let failure = upstream.lastFailure {
            add("last failure \(Amount.duration(microseconds: now.since(failure.time))) ago: \(failure.reason)")
        }
        if !set.isEmpty { add("set by an operator: \(set.joined(separator: ", "))", .unusual) }
        return lines
    }

    /// Since when it is down, after what, and when it is tried again.
    private func words(for outage: OutageStatus, of upstream: UpstreamStatus) -> String {
        let span = Amount.duration(microseconds: now.since(outage.since))
        let attempts = Amount.text(outage.failures, "failed \(outage.attempt.rawValue)")
        let text = "down for \(span) after \(attempts) in a row"
        // Nothing tries an upstream that an operator has withdrawn.
        guard upstream.withdrawal == nil, let retry = outage.retryMicroseconds else { return text }
        return retry == 0
            ? "\(text), tried again now" : "\(text), tried again in \(Amount.duration(microseconds: retry))"
    }
}
