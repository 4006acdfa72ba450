// SPDX-License-Identifier: Apache-2.0

import Configuration
package import ControlProtocol

/// What a reload would do, for people: as a difference, with `+`, `-` and `~`. Pure.
package struct ReloadPlanText {
    private let plan: ControlResults.PlanReload
    private let style: OutputStyle
    private let origins: SettingOrigins

    /// Makes the text.
    package init(_ plan: ControlResults.PlanReload, _ style: OutputStyle) {
        self.plan = plan
        self.style = style
        let changes = plan.settings + plan.listeners.flatMap(\.settings)
        origins = SettingOrigins(changes.flatMap { [$0.old, $0.new].compactMap { $0?.file } })
    }

    /// The lines, each with its line feed.
    package var text: String {
        var lines: [String] = []
        if !origins.directory.isEmpty { lines += wrapped("files are in \(TerminalText.safe(origins.directory))") }
        var section: String?
        for change in plan.settings {
            let next = (change.new ?? change.old)?.section
            if next != section { lines += wrapped("[\(TerminalText.safe(next ?? ""))]") }
            section = next
            lines += text(change, in: section).flatMap { wrapped($0) }
        }
        for listener in plan.listeners where listener.change != .unchanged { lines += text(listener) }
        lines += rest.flatMap { wrapped($0) }
        return lines.map { "\($0)\n" }.joined()
    }

    /// The lines of a long one. Nothing is cut, since what is at the end of a value may be what changes.
    private func wrapped(_ line: String) -> [String] {
        guard TerminalText.width(of: line) > style.columns else { return [line] }
        let indentation = line.prefix { $0 == " " }
        let words = line[indentation.endIndex...].split(separator: " ", omittingEmptySubsequences: false)
        return TextTable.wrapped(
            String(indentation), words.map { String($0) }, width: style.columns, indentation: indentation.count + 4)
    }

    /// The line about the listeners that stay as they are.
    private var rest: [String] {
        let same = plan.listeners.filter { $0.change == .unchanged }
        let count = same.reduce(0) { $0 + $1.connections }
        let isAll = plan.settings.isEmpty && same.count == plan.listeners.count
        let words = "\(same.count == 1 ? "1 listener stays" : "\(same.count) listeners stay") unchanged"
        if isAll { return ["nothing would change: \(words), with \(Amount.text(count, "connection"))"] }
        return same.isEmpty ? [] : ["  \(words), with \(Amount.text(count, "connection"))"]
    }

    // MARK: - Listeners

    private func text(_ listener: ListenerChange) -> [String] {
        let connections = Amount.text(listener.connections, "connection")
        let (sign, words): (String, String) =
            switch listener.change {
            case .added: ("+", "added")
            case .removed:
                (
                    "-",
                    "removed; \(connections) \(listener.connections == 1 ? "has" : "have")"
                        + " \(Amount.duration(microseconds: listener.drainMicroseconds ?? 0)) to end"
                )
            case .rebound: ("~", "rebound; \(connections) \(Self.keep(listener.connections))")
            case .changed: ("~", "changed; \(connections) \(Self.keep(listener.connections))")
            case .unchanged: (" ", "unchanged")
            }
        let section = listener.settings.lazy.compactMap { ($0.new ?? $0.old)?.section }.first
        let closed = listener.closes.map { "- closes \(TerminalText.safe($0))" }
        let opened = listener.opens.map { "+ opens \(TerminalText.safe($0))" }
        let waits = listener.waitsFor.map { "  would wait for \(TerminalText.safe($0))" }
        let changes = listener.settings.flatMap { text($0, in: section) }
        let title = wrapped("\(sign) listener \(TerminalText.safe(listener.name)): \(words)")
        return title.map { style.tinted($0, .title) }
            + (closed + opened + waits + changes).flatMap { wrapped("  \($0)") }
    }

    private static func keep(_ count: Int) -> String { count == 1 ? "keeps its settings" : "keep their settings" }

    // MARK: - Values

    /// - Parameter section: the table of the listener; the keys of tables in it have the name of theirs.
    private func text(_ change: SettingChange, in section: String?) -> [String] {
        let sides = [("-", change.old), ("+", change.new)].compactMap { sign, setting in
            setting.map { (sign, $0) }
        }
        let lines = sides.map { sign, setting in
            let key = TerminalText.safe(Self.key(setting, in: section, upstream: change.upstream))
            return "\(sign) \(key)\(setting.value.map { " = \(TerminalText.safe($0))" } ?? " is not set")"
        }
        let width = lines.map { TerminalText.width(of: $0) }.max() ?? 0
        return zip(lines, sides).flatMap { line, side in
            let origin = "# \(TerminalText.safe(origins.text(of: side.1)))"
            let padded = line + String(repeating: " ", count: width - TerminalText.width(of: line) + 2)
            // Two columns are for the indentation.
            return width + 2 + origin.utf8.count + 2 <= style.columns
                ? [padded + origin] : ["\(side.0) \(origin)", line]
        }
    }

    private static func key(_ setting: Setting, in section: String?, upstream: String?) -> String {
        if let upstream { return setting.key == "address" ? "upstream" : "upstream \(upstream): \(setting.key)" }
        guard let section, setting.section.hasPrefix("\(section).") else { return setting.key }
        return "\(setting.section.dropFirst(section.count + 1)).\(setting.key)"
    }
}
