// SPDX-License-Identifier: Apache-2.0

import Addresses
import TOML

extension ListeningOptions.KeepAlive {
    /// The keys of the table form of `keepalive`.
    ///
    /// The limits are the kernel's: `MAX_TCP_KEEPIDLE`, `MAX_TCP_KEEPINTVL` and `MAX_TCP_KEEPCNT` of include/net/tcp.h.
    static let keys: [SettingKey<Self>] = [
        SettingKey("idle", \.idle, .seconds(1...32_767, example: "60s")),
        SettingKey("interval", \.interval, .seconds(1...32_767, example: "10s")),
        SettingKey("count", \.count, .count(1...127, example: 6)),
    ]
}

extension SettingType where Value == ListeningOptions.KeepAlive? {
    /// `false`, `true` for the kernel's defaults, the idle time before the first probe, or a table of all three.
    static let keepalive = Self { key, value, diagnostics in
        switch value.content {
        case .boolean(let isOn):
            return .some(isOn ? ListeningOptions.KeepAlive() : nil)
        case .string(let text) where ForeignWords.meansOff(text):
            diagnostics.report(
                "`\(key)` cannot be \"\(text)\"", at: value.range, help: "write \(key) = false for no probes")
            return nil
        case .string, .integer:
            let idle = SettingType<Int>.seconds(1...32_767, example: "60s").read(key, value, &diagnostics)
            return idle.map { .some(ListeningOptions.KeepAlive(idle: $0)) }
        case .table(let table):
            var keepAlive = ListeningOptions.KeepAlive()
            diagnostics.read(table, KeepAlive.keys, into: &keepAlive, section: .keepalive)
            return .some(keepAlive)
        default:
            diagnostics.reportType(
                value, of: key, wanted: "true, false, a duration in quotes or a table",
                example: "{ idle = \"60s\", interval = \"10s\", count = 6 }")
            return nil
        }
    }

    private typealias KeepAlive = ListeningOptions.KeepAlive
}

extension SettingType where Value == Int? {
    /// `user-timeout`: a duration, or `false`. In milliseconds, the kernel's unit.
    static let userTimeout = orOff(
        SettingType<Int> { key, value, diagnostics in
            SettingType<Duration>.duration(.milliseconds(100) ... .seconds(86_400), example: "30s")
                .read(key, value, &diagnostics)?.wholeMilliseconds
        })
}

extension SettingType where Value == Int {
    /// A duration for an option that the kernel has in seconds.
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
    /// Notes a `user-timeout` that overrides the `count` of `keepalive`.
    ///
    /// With TCP_USER_TIMEOUT the kernel does not count keepalive probes; it ends the connection at the first unanswered one after
    /// the user timeout.
    mutating func noteTimers(
        _ timers: PeerTimers, of what: String, at span: SourceSpan,
        related: (span: SourceSpan, note: String)? = nil
    ) {
        guard let keepalive = timers.keepAlive, let userTimeout = timers.userTimeout else { return }
        // Values that are not written have the kernel's defaults, which tcp(7) lists.
        let (idle, interval, count) = (keepalive.idle ?? 7200, keepalive.interval ?? 75, keepalive.count ?? 9)
        let afterIdle = max(userTimeout - idle * 1000, 0)
        let probes = max((afterIdle + interval * 1000 - 1) / (interval * 1000), 1)
        guard probes != count else { return }
        let text = { (probes: Int) in DurationText.format(.seconds(idle + interval * probes)) }
        let fits = idle + interval * count <= 86_400
        note(
            "\(what): user-timeout = \"\(DurationText.format(.milliseconds(userTimeout)))\" overrules the `count` of keepalive: a connection"
                + " whose peer is silent ends after \(probes) unanswered \(probes == 1 ? "probe" : "probes")"
                + " (\(text(probes))), not after \(count) (\(text(count)))",
            at: span,
            help: (fits ? "write user-timeout = \"\(text(count))\", which is idle + interval × count; or " : "")
                + "leave out one of them: tcp(7)", related: related)
    }
}
