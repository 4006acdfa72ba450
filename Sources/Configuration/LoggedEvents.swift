// SPDX-License-Identifier: Apache-2.0

import TOML

/// `log` of a listener: which of the two records that each connection leaves are written. Whatever else happens is logged in
/// any case.
public struct LoggedEvents: OptionSet, Hashable, Sendable {
    /// One bit for each event.
    public let rawValue: UInt8

    /// Makes a set of its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `open`: a connection was accepted, or a flow began.
    public static let open = LoggedEvents(rawValue: 1)

    /// `close`: it ended.
    public static let close = LoggedEvents(rawValue: 2)

    /// Both, which is so if nobody says anything.
    public static let all: LoggedEvents = [.open, .close]

    /// The words of the file.
    static let words: [(name: String, value: LoggedEvents)] = [("open", .open), ("close", .close)]

    /// As it stands in the file: `["open"]`, or `false`.
    var text: String {
        guard !isEmpty else { return "false" }
        let names = Self.words.filter { contains($0.value) }.map { "\"\($0.name)\"" }
        return "[\(names.joined(separator: ", "))]"
    }
}

extension SettingType where Value == Override<LoggedEvents> {
    /// One event or an array of them, or `false` for neither.
    static let loggedEvents = Self { key, value, diagnostics in
        var items = [value]
        switch value.content {
        case .boolean(false): return .off
        case .boolean(true): return .value(.all)
        case .array(let values): items = values
        case .string(let text) where ForeignWords.meansOff(text):
            diagnostics.report(
                "`\(key)` cannot be \"\(text)\"", at: value.range, help: "write \(key) = false for neither")
            return nil
        default: break
        }
        guard !items.isEmpty else {
            diagnostics.report("`\(key)` names no event", at: value.range, help: "write \(key) = false for neither")
            return nil
        }
        var events: LoggedEvents = []
        var isRight = true
        for item in items {
            guard case .string = item.content else {
                diagnostics.reportType(
                    item, of: key, wanted: "false, or a list of the events to log", example: "[\"open\", \"close\"]")
                isRight = false
                continue
            }
            let type = SettingType<LoggedEvents>.choice("choice", LoggedEvents.words)
            guard let event = type.read(key, item, &diagnostics) else {
                isRight = false
                continue
            }
            events.insert(event)
        }
        return isRight ? .value(events) : nil
    }
}
