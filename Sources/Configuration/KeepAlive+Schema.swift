// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import TOML

extension ListeningOptions.KeepAlive {
    /// The keys of the table that `keepalive` may be. The bounds are the kernel's: `MAX_TCP_KEEPIDLE`,
    /// `MAX_TCP_KEEPINTVL` and `MAX_TCP_KEEPCNT` of include/net/tcp.h.
    static let keys: [SettingKey<Self>] = [
        SettingKey("idle", \.idle, .seconds(1...32_767, example: "60s")),
        SettingKey("interval", \.interval, .seconds(1...32_767, example: "10s")),
        SettingKey("count", \.count, .count(1...127, example: 6)),
    ]
}

extension SettingType where Value == Override<ListeningOptions.KeepAlive> {
    /// `false`, `true` for the kernel's times, a duration of silence before the first probe, or a table of all three.
    static let keepalive = Self { key, value, diagnostics in
        switch value.content {
        case .boolean(let isOn):
            return isOn ? .value(ListeningOptions.KeepAlive()) : .off
        case .string(let text) where ForeignWords.meansOff(text):
            diagnostics.report(
                "`\(key)` cannot be \"\(text)\"", at: value.range, help: "write \(key) = false for no probes")
            return nil
        case .string, .integer:
            let idle = SettingType<Int>.seconds(1...32_767, example: "60s").read(key, value, &diagnostics)
            return idle.map { .value(ListeningOptions.KeepAlive(idle: $0)) }
        case .table(let table):
            var keepAlive = ListeningOptions.KeepAlive()
            diagnostics.read(table, KeepAlive.keys, into: &keepAlive, section: .keepalive)
            return .value(keepAlive)
        default:
            diagnostics.reportType(
                value, of: key, wanted: "true, false, a duration in quotes or a table",
                example: "{ idle = \"60s\", interval = \"10s\", count = 6 }")
            return nil
        }
    }

    private typealias KeepAlive = ListeningOptions.KeepAlive
}

extension SettingType where Value == Override<Duration> {
    /// `user-timeout`: a duration, or `false`.
    static let userTimeout = orOff(
        SettingType<Duration>.duration(Duration.milliseconds(100) ... .seconds(86_400), example: "30s"))
}

extension SettingType where Value == Int {
    /// A duration that the kernel counts in seconds.
    static func seconds(_ range: ClosedRange<Int>, example: String) -> Self {
        let bounds = Duration.seconds(range.lowerBound) ... .seconds(range.upperBound)
        return Self { key, value, diagnostics in
            let type = SettingType<Duration>.duration(bounds, example: example)
            guard let duration = type.read(key, value, &diagnostics) else { return nil }
            let (seconds, rest) = duration.components
            guard rest == 0 else {
                diagnostics.report(
                    "`\(key)` must be whole seconds: \(DurationText.format(duration))", at: value.range,
                    help: "write \"\(seconds)s\"; the kernel counts no smaller parts")
                return nil
            }
            return Int(seconds)
        }
    }
}

extension Diagnostics {
    /// Notes that two timers are set of which one overrules a part of the other.
    mutating func noteTimers(
        _ keepalive: ListeningOptions.KeepAlive?, _ userTimeout: Duration?, of what: String, at span: SourceSpan
    ) {
        guard let keepalive, let userTimeout else { return }
        let count = keepalive.count.map { "its count of \($0)" } ?? "the kernel's count"
        note(
            "\(what) has keepalive and user-timeout = \"\(DurationText.format(userTimeout))\": a silent connection ends"
                + " with the first unanswered probe after the user-timeout, whatever the number of those before (\(count))",
            at: span, help: "leave out one of them, or choose a user-timeout of idle + interval × count: tcp(7)")
    }
}
