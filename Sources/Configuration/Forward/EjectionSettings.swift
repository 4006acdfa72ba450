// SPDX-License-Identifier: Apache-2.0

import TOML

/// `eject`: when an upstream whose connections fail gets no new ones for a while.
public struct EjectionSettings: Hashable, Sendable {
    /// `failures`: how many connections in a row must fail.
    public var failures: Int

    /// `window`: the time within which these connections must fail.
    public var window: Duration

    /// `first`: how long the first ejection lasts. Each further one in a row lasts twice as long.
    public var first: Duration

    /// `longest`: how long an ejection lasts at most; not shorter than ``first``.
    public var longest: Duration

    /// Makes the settings of `eject = true`.
    public init(
        failures: Int = 3, window: Duration = .seconds(60), first: Duration = .seconds(1),
        longest: Duration = .seconds(60)
    ) {
        self.failures = failures
        self.window = window
        self.first = first
        self.longest = longest
    }
}

extension EjectionSettings {
    /// The table as it is written.
    fileprivate struct Draft {
        var settings = EjectionSettings()
        var longest: Located<Duration>?
    }

    /// The keys of the table form of `eject`.
    static let keys = draftKeys.map(\.name)

    fileprivate static let draftKeys: [SettingKey<Draft>] = [
        SettingKey("failures", \.settings.failures, .count(1...1000, example: 3)),
        SettingKey("window", \.settings.window, .duration(times, example: "1m")),
        SettingKey("first", \.settings.first, .duration(times, example: "1s")),
        SettingKey("longest", \.longest, .located(.duration(times, example: "1m"))),
    ]

    private static let times = Duration.milliseconds(10) ... .seconds(86_400)
}

extension SettingType where Value == Located<EjectionSettings?> {
    /// `false` for never, `true` for the defaults, or a table of values that differ from them.
    static let ejection = Self { key, value, diagnostics in
        let span = diagnostics.file.span(value.range)
        switch value.content {
        case .boolean(let isOn):
            return Located(value: isOn ? EjectionSettings() : nil, span: span)
        case .table(let table):
            var draft = EjectionSettings.Draft()
            diagnostics.read(table, EjectionSettings.draftKeys, into: &draft, section: .ejection)
            let first = draft.settings.first
            // A `first` that is longer than the default of `longest` is valid.
            draft.settings.longest = draft.longest?.value ?? max(draft.settings.longest, first)
            if let longest = draft.longest, longest.value < first {
                let bound = DurationText.format(first)
                diagnostics.report(
                    "`longest` is shorter than `first`, which is \(bound)", at: longest.span,
                    help: "write a `longest` from \"\(bound)\", or a shorter `first`")
            }
            return Located(value: draft.settings, span: span)
        default:
            diagnostics.reportType(
                value, of: key, wanted: "true, false or a table", example: "{ failures = 3, window = \"1m\" }")
            return nil
        }
    }
}
