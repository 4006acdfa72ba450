// SPDX-License-Identifier: Apache-2.0

import Configuration
package import ControlProtocol

/// The configuration in force for people: in TOML, with the origin of each value in a comment. Pure.
///
/// Written to a file, it is a configuration with the same settings.
package struct ConfigText {
    /// A line of TOML, and its comment.
    private struct Line {
        var text: String
        var comment: String?
        var isHeader = false
    }

    private let settings: [Setting]
    private let style: OutputStyle
    private let origins: SettingOrigins

    /// Makes the text.
    package init(_ config: ControlResults.Config, _ style: OutputStyle) {
        settings = config.settings
        self.style = style
        origins = SettingOrigins(config.settings.compactMap(\.file))
    }

    /// The lines, each with its line feed.
    package var text: String {
        let groups = groups
        var lines: [String] = []
        if !origins.directory.isEmpty { lines.append("# files are in \(TerminalText.safe(origins.directory))") }
        // The comments are below each other where the values leave room.
        let longest = groups.joined().compactMap(\.comment).map(TerminalText.width).max() ?? 0
        let most = style.columns - longest - 2
        let column = groups.joined().map { TerminalText.width(of: $0.text) }.filter { $0 <= most }.max() ?? 0
        for group in groups {
            if !lines.isEmpty { lines.append("") }
            for line in group { lines += shown(line, column: column) }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    // MARK: - Tables

    /// The lines of each table.
    private var groups: [[Line]] {
        var groups: [[Line]] = []
        var last: Setting?
        for setting in settings {
            if last?.section != setting.section || last?.index != setting.index {
                let header = TerminalText.safe(setting.section)
                groups.append([Line(text: setting.index == nil ? "[\(header)]" : "[[\(header)]]", isHeader: true)])
            }
            last = setting
            groups[groups.count - 1].append(line(setting))
        }
        return groups
    }

    private func line(_ setting: Setting) -> Line {
        let key = TerminalText.safe(setting.key)
        guard let value = setting.value else { return Line(text: "# \(key) is not set") }
        return Line(
            text: "\(key) = \(TerminalText.safe(value))", comment: "# \(TerminalText.safe(origins.text(of: setting)))")
    }

    // MARK: - Lines

    private func shown(_ line: Line, column: Int) -> [String] {
        guard let comment = line.comment else { return [style.tinted(line.text, line.isHeader ? .title : nil)] }
        let width = TerminalText.width(of: line.text)
        let padding = String(repeating: " ", count: max(column - width, 0) + 2)
        if width + padding.count + TerminalText.width(of: comment) <= style.columns {
            return [line.text + padding + comment]
        }
        return [comment] + folded(line.text)
    }

    /// An array that is too long for a line, with an item in each line.
    private func folded(_ text: String) -> [String] {
        guard TerminalText.width(of: text) > style.columns, text.hasSuffix("]"),
            let start = text.firstRange(of: " = [")
        else { return [text] }
        let items = Self.items(of: text[start.upperBound...].dropLast())
        return [String(text[..<start.upperBound])] + items.map { "  \($0)," } + ["]"]
    }

    /// The strings of an array.
    private static func items(of text: Substring) -> [Substring] {
        var items: [Substring] = []
        var (isQuoted, isEscaped) = (false, false)
        var start = text.startIndex
        for index in text.indices {
            switch text[index] {
            case _ where isEscaped: isEscaped = false
            case "\\" where isQuoted: isEscaped = true
            case "\"": isQuoted.toggle()
            case "," where !isQuoted:
                items.append(text[start..<index])
                start = text.index(after: index)
            default: break
            }
        }
        items.append(text[start...])
        return items.map { $0.drop { $0 == " " } }
    }
}
