// SPDX-License-Identifier: Apache-2.0

import Addresses
import TOML

extension DaemonSettings {
    /// The keys of `[daemon]`.
    static let keys: [SettingKey<Self>] = [
        SettingKey("lanes", \.lanes, .lanes),
        SettingKey("max-connections", \.maxConnections, .count(1...10_000_000, example: 10_000)),
        SettingKey("drain-timeout", \.drainTimeout, .duration(.zero ... .seconds(86_400), example: "30s")),
        SettingKey("history", \.history, .history),
        SettingKey("control", \.control, .control),
        SettingKey("operators", \.operatorGroup, .groupName),
    ]
}

extension SettingType where Value == Int {
    /// A count, or `false` for 0.
    fileprivate static let history = Self { key, value, diagnostics in
        if case .boolean(false) = value.content { return 0 }
        return count(0...DaemonSettings.mostHistory, example: 1000).read(key, value, &diagnostics)
    }
}

extension SettingType where Value == DaemonSettings.Control {
    /// A path, or `false`.
    fileprivate static let control = Self { key, value, diagnostics in
        switch value.content {
        case .boolean(false): return .off
        case .string:
            let path = SettingType<String>.path(example: "/run/usherd/control").read(key, value, &diagnostics)
            guard let path else { return nil }
            let longest = SocketAddress.longestUnixPath
            guard path.utf8.count <= longest else {
                diagnostics.report(
                    "`\(key)` is too long for the path of a socket: \(path.utf8.count) bytes", at: value.range,
                    help: "a path of at most \(longest) bytes")
                return nil
            }
            return .path(path)
        default:
            diagnostics.reportType(
                value, of: key, wanted: "a path in quotes, or false", example: "\"/run/usherd/control\"")
            return nil
        }
    }
}

extension SettingType where Value == String? {
    /// The name of a group, or its number in quotes.
    fileprivate static let groupName = Self { key, value, diagnostics in
        guard case .string(let text) = value.content, !text.isEmpty else {
            diagnostics.reportType(value, of: key, wanted: "the name of a group in quotes", example: "\"adm\"")
            return nil
        }
        return .some(text)
    }
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
