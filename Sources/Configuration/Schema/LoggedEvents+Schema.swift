// SPDX-License-Identifier: Apache-2.0

import Policy
import TOML

extension SettingType where Value == LoggedEvents {
    /// One event or an array of them, or `false` for none.
    static let loggedEvents = Self { key, value, diagnostics in
        var items = [value]
        switch value.content {
        case .boolean(false): return []
        case .boolean(true): return .all
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
        return isRight ? events : nil
    }
}
