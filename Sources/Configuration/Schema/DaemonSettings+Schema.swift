// SPDX-License-Identifier: Apache-2.0

import TOML

extension DaemonSettings {
    /// The keys of `[daemon]`.
    static let keys: [SettingKey<Self>] = [
        SettingKey("lanes", \.lanes, .lanes),
        SettingKey("max-connections", \.maxConnections, .count(1...10_000_000, example: 10_000)),
        SettingKey("drain-timeout", \.drainTimeout, .duration(.zero ... .seconds(86_400), example: "30s")),
        SettingKey("control", \.control, .path(example: "/run/usherd/control")),
    ]
}

extension SettingType where Value == DaemonSettings.Lanes {
    /// `"auto"` or a number.
    fileprivate static let lanes = Self { key, value, diagnostics in
        if case .string(let text) = value.content, text == "auto" { return .auto }
        guard case .integer = value.content else {
            diagnostics.reportType(value, of: key, wanted: "a number or \"auto\"", example: "\"auto\"")
            return nil
        }
        return SettingType<Int>.count(1...DaemonSettings.mostLanes, example: 4).read(key, value, &diagnostics).map {
            .fixed($0)
        }
    }
}
