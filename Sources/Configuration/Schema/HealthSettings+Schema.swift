// SPDX-License-Identifier: Apache-2.0

import TOML

extension HealthSettings {
    /// The table as it is written.
    fileprivate struct Draft {
        var settings = HealthSettings()
        var timeout: Located<Duration>?
    }

    /// The keys of the table form of `health`.
    static let keys = draftKeys.map(\.name)

    fileprivate static let draftKeys: [SettingKey<Draft>] = [
        SettingKey("interval", \.settings.interval, .duration(times, example: "2s")),
        SettingKey("timeout", \.timeout, .located(.duration(times, example: "1s"))),
        SettingKey("rise", \.settings.rise, .count(1...100, example: 2)),
        SettingKey("fall", \.settings.fall, .count(1...100, example: 3)),
        SettingKey("send", \.settings.send, .text(upTo: longestText, example: "PING\\r\\n")),
        SettingKey("expect", \.settings.expect, .text(upTo: longestText, example: "PONG")),
    ]

    private static let times = Duration.milliseconds(10) ... .seconds(86_400)
}

extension SettingType where Value == HealthSettings? {
    /// `false`, `true` for the defaults, or a table of values that differ from them.
    static let health = Self { key, value, diagnostics in
        switch value.content {
        case .boolean(let isOn):
            return .some(isOn ? HealthSettings() : nil)
        case .table(let table):
            var draft = HealthSettings.Draft()
            diagnostics.read(table, HealthSettings.draftKeys, into: &draft, section: .health)
            let interval = draft.settings.interval
            // An `interval` that is shorter than the default of `timeout` is valid.
            draft.settings.timeout = draft.timeout?.value ?? min(draft.settings.timeout, interval)
            if let timeout = draft.timeout, timeout.value > interval {
                let bound = DurationText.format(interval)
                diagnostics.report(
                    "`timeout` is longer than `interval`, which is \(bound)", at: timeout.span,
                    help: "a check has to end before the next begins: write a timeout up to \"\(bound)\"")
            }
            return .some(draft.settings)
        default:
            diagnostics.reportType(
                value, of: key, wanted: "true, false or a table", example: "{ interval = \"2s\", timeout = \"1s\" }")
            return nil
        }
    }
}
