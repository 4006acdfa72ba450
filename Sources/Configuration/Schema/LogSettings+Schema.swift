// SPDX-License-Identifier: Apache-2.0

import Addresses
import TOML

extension LogSettings {
    /// The keys of `[log]`.
    static let keys: [SettingKey<Self>] = [
        SettingKey("to", \.destinations, .destinations),
        SettingKey("format", \.format, .choice("format")),
        SettingKey("exact", \.isExact, .boolean),
        SettingKey("level", \.level, .choice("level")),
    ]
}

extension SettingType where Value == [LogSettings.Destination] {
    /// One destination or an array of them.
    fileprivate static let destinations = Self { key, value, diagnostics in
        let items: [TOMLValue]
        switch value.content {
        case .array(let values): items = values
        default: items = [value]
        }
        guard !items.isEmpty else {
            diagnostics.report(
                "`\(key)` names no destination", at: value.range, help: "\(Self.forms); or leave it out for the default"
            )
            return nil
        }
        var destinations: [LogSettings.Destination] = []
        var isRight = true
        for item in items {
            guard let destination = Self.destination(item, key, &diagnostics) else {
                isRight = false
                continue
            }
            guard !destinations.contains(destination) else {
                diagnostics.report("the same destination twice", at: item.range, help: "leave one of them out")
                isRight = false
                continue
            }
            destinations.append(destination)
        }
        return isRight ? destinations : nil
    }

    private static let forms = "write \"journal\", \"stdout\", \"stderr\" or \"file:/PATH\""

    private static func destination(
        _ value: TOMLValue, _ key: String, _ diagnostics: inout Diagnostics
    ) -> LogSettings.Destination? {
        guard case .string(let text) = value.content else {
            diagnostics.reportType(value, of: key, wanted: "a destination in quotes", example: "[\"journal\"]")
            return nil
        }
        switch text {
        case "journal": return .journal
        case "stdout": return .standardOutput
        case "stderr": return .standardError
        default: break
        }
        if text.hasPrefix("/") {
            diagnostics.report(
                "`\(text)` is not a destination", at: value.range, help: "write \"file:\(text)\" for a file")
            return nil
        }
        guard text.hasPrefix("file:") else {
            let nearest = NearestName.find(text, among: ["journal", "stdout", "stderr"])
            diagnostics.report(
                "`\(text)` is not a destination", at: value.range,
                help: nearest.map { "did you mean `\($0)`?" } ?? forms)
            return nil
        }
        let path = String(text.dropFirst("file:".count))
        guard path.hasPrefix("/"), !path.hasSuffix("/"), !path.utf8.contains(0) else {
            diagnostics.report(
                "`\(path)` is not an absolute path of a file", at: value.range,
                help: "write for example \"file:/var/log/usherd/usherd.log\"")
            return nil
        }
        return .file(path: path)
    }
}
