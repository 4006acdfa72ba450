// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// The line that `systemctl status` shows: `5 listeners, 1 283 connections; reloaded 12:03`.
struct StatusLine: Equatable {
    /// What the daemon is doing.
    enum Doing: Equatable {
        /// It serves. With the time of the last reload in nanoseconds since 1970, and what was wrong with it, if anything.
        case serving(reloaded: UInt64?, failure: String?)
        /// It lets its connections end.
        case draining(seconds: UInt64)
        /// It is about to end.
        case stopping
    }

    var listeners: Int
    var connections: Int
    /// The interfaces that listeners wait for: `can0 (down)`.
    var awaited: [String] = []
    var doing: Doing

    /// The line.
    var text: String {
        let waiting = awaited.isEmpty ? "" : ", waiting for \(awaited.joined(separator: " and "))"
        let counts = "\(Self.count(listeners, "listener")), \(Self.count(connections, "connection"))\(waiting)"
        switch doing {
        case .serving(nil, _): return counts
        case .serving(let time?, nil): return "\(counts); reloaded \(Self.clock(time))"
        case .serving(let time?, let failure?):
            return "\(counts); reload at \(Self.clock(time)) failed, the old configuration is in force: \(failure)"
        case .draining(let seconds):
            return
                "stopping: \(Self.count(connections, "connection")) may end within \(Self.count(Int(seconds), "second"))"
        case .stopping: return "stopping"
        }
    }

    /// `1 connection`, `1 283 connections`.
    static func count(_ number: Int, _ noun: String) -> String {
        "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// Digits in groups of three, with thin gaps that survive every terminal: plain spaces.
    static func grouped(_ number: Int) -> String {
        var result = number < 0 ? "-" : ""
        let digits = String(number.magnitude)
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result += " " }
            result.append(digit)
        }
        return result
    }

    /// The time of day in UTC: `12:03`.
    static func clock(_ nanoseconds: UInt64) -> String {
        let minutes = nanoseconds / 60_000_000_000 % 1440
        func padded(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(padded(minutes / 60)):\(padded(minutes % 60))"
    }
}
