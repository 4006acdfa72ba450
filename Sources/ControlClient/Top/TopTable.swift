// SPDX-License-Identifier: Apache-2.0

import Configuration
import ControlProtocol

/// The table of `top`: columns of fixed widths, so that nothing moves from one frame to the next. Pure.
struct TopTable {
    /// A column.
    enum Column: CaseIterable {
        case number, listener, peer, upstream, age, idle, bytesIn, bytesOut, rateIn, rateOut, rtt

        var title: String {
            switch self {
            case .number: "NUMBER"
            case .listener: "LISTENER"
            case .peer: "PEER"
            case .upstream: "UPSTREAM"
            case .age: "AGE"
            case .idle: "IDLE"
            case .bytesIn: "IN"
            case .bytesOut: "OUT"
            case .rateIn: "IN/S"
            case .rateOut: "OUT/S"
            case .rtt: "RTT"
            }
        }

        /// The least width, and the most that is useful.
        var widths: (least: Int, most: Int) {
            switch self {
            case .number: (7, 7)
            case .listener: (8, 16)
            case .peer: (21, 47)
            case .upstream: (13, 47)
            case .age, .idle, .bytesIn, .bytesOut, .rateIn, .rateOut: (7, 7)
            case .rtt: (6, 6)
            }
        }

        var isNumber: Bool {
            switch self {
            case .listener, .peer, .upstream: false
            default: true
            }
        }
    }

    /// The columns, in the order of the screen.
    private(set) var columns: [(column: Column, width: Int)]

    private let gap: Int

    /// The mark in front of the selected row, and the space in front of the others.
    static let mark = "> "

    /// The least width of the client's address on a narrow screen: an IPv4 address without its port.
    private static let narrowPeer = 15

    /// Chooses the columns for a width.
    init(width: Int, order: ListOrder, isRelayed: Bool) {
        let isNarrow = width < 80
        let space = isNarrow ? 1 : 2
        gap = space
        var chosen: Set<Column> = [.number, .peer, .rateIn, .rateOut]
        let needed: [Column] =
            switch order {
            case .age: [.age]
            case .bytes: [.bytesIn, .bytesOut]
            case .idle: [.idle]
            case .rate: []
            case .rtt: [.rtt]
            }
        chosen.formUnion(needed)
        let room = width - Self.mark.count
        func total(_ columns: Set<Column>) -> Int {
            let least = columns.reduce(0) { $0 + Self.least($1, isNarrow) }
            return least + space * (columns.count - 1)
        }
        let optional: [Column] = [.listener] + (isRelayed ? [.upstream] : []) + [.idle, .age, .bytesIn, .bytesOut]
        for column in optional where !chosen.contains(column) {
            if total(chosen.union([column])) <= room { chosen.insert(column) }
        }
        var widths = Dictionary(uniqueKeysWithValues: chosen.map { ($0, Self.least($0, isNarrow)) })
        var left = room - total(chosen)
        for (column, wanted) in [(Column.peer, 21), (.upstream, 21), (.listener, 16), (.peer, 47), (.upstream, 47)] {
            guard let width = widths[column] else { continue }
            let more = max(min(left, min(wanted, column.widths.most) - width), 0)
            widths[column] = width + more
            left -= more
        }
        columns = Column.allCases.compactMap { column in widths[column].map { (column, $0) } }
    }

    private static func least(_ column: Column, _ isNarrow: Bool) -> Int {
        column == .peer && isNarrow ? narrowPeer : column.widths.least
    }

    /// The line of the titles.
    var titles: String { line(Self.mark.map { _ in " " }.joined(), columns.map { $0.column.title }) }

    /// The line of a row.
    func line(_ row: TopView.Row, isSelected: Bool) -> String {
        line(isSelected ? Self.mark : "  ", columns.map { text($0.column, of: row) })
    }

    private func line(_ start: String, _ cells: [String]) -> String {
        var line = start
        for (index, cell) in cells.enumerated() {
            let (column, width) = columns[index]
            let text = TextTable.cut(TerminalText.safe(cell), to: width)
            let padding = String(repeating: " ", count: max(width - TerminalText.width(of: text), 0))
            if index > 0 { line += String(repeating: " ", count: gap) }
            line += column.isNumber ? padding + text : text + padding
        }
        return line
    }

    private func text(_ column: Column, of row: TopView.Row) -> String {
        let connection = row.connection
        return switch column {
        case .number: String(connection.number)
        case .listener: connection.listener
        case .peer: ConnectionsText.peer(of: connection)
        case .upstream: connection.upstream.map(ConnectionsText.short) ?? "-"
        case .age: Amount.duration(microseconds: connection.durationMicroseconds)
        case .idle: Amount.duration(microseconds: connection.idleMicroseconds)
        case .bytesIn: Amount.bytes(connection.bytesIn)
        case .bytesOut: Amount.bytes(connection.bytesOut)
        case .rateIn: row.rate.map { Amount.bytes($0.bytesIn) } ?? "-"
        case .rateOut: row.rate.map { Amount.bytes($0.bytesOut) } ?? "-"
        case .rtt: connection.rttMicroseconds.map { Amount.duration(microseconds: UInt64($0)) } ?? "-"
        }
    }
}
