// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Records

/// The line that `systemctl status` shows. It names listeners and upstreams only if something is wrong with them:
///
///     6 of 7 listeners (ssh: address in use, retrying), 12 connections, 1 of 2 upstreams of front down; reloaded 12:03
struct StatusLine: Equatable {
    /// What the daemon is doing.
    enum Phase: Equatable {
        /// It serves; with the time of the last reload in nanoseconds since 1970, and why it failed, if it did.
        case serving(reloaded: UInt64?, failure: String?)
        /// It waits for its connections to end, for at most this time.
        case draining(seconds: UInt64)
        /// It is about to end.
        case stopping
    }

    /// A listener that does not listen on all of its addresses, and why.
    struct Waiting: Equatable {
        var listener: String
        var reason: String
    }

    /// A listener with upstreams that are down.
    struct Down: Equatable {
        var listener: String
        var down: Int
        var all: Int
    }

    var listeners: Int
    var connections: Int
    var waiting: [Waiting] = []
    var down: [Down] = []
    var phase: Phase

    /// How many listeners are named; the others are only counted.
    private static let shown = 3

    /// The line.
    var text: String {
        let counts = ([listening, Quantity.text(connections, "connection")] + upstreams).joined(separator: ", ")
        switch phase {
        case .serving(nil, _): return counts
        case .serving(let time?, nil): return "\(counts); reloaded \(Self.clock(time))"
        case .serving(let time?, let failure?):
            return "\(counts); reload at \(Self.clock(time)) failed, the old configuration is in force: \(failure)"
        case .draining(let seconds):
            return "draining: waiting up to \(Quantity.text(seconds, "second")) for"
                + " \(Quantity.text(connections, "connection"))"
        case .stopping: return "stopping"
        }
    }

    /// `7 listeners`, or `6 of 7 listeners (ssh: address in use, retrying)`.
    private var listening: String {
        let names = Set(waiting.map(\.listener))
        guard !names.isEmpty else { return Quantity.text(listeners, "listener") }
        var shown = waiting.prefix(Self.shown).map { "\($0.listener): \($0.reason)" }
        if waiting.count > Self.shown { shown.append("\(waiting.count - Self.shown) more") }
        return "\(Quantity.grouped(max(listeners - names.count, 0))) of \(Quantity.text(listeners, "listener"))"
            + " (\(shown.joined(separator: "; ")))"
    }

    /// `1 of 2 upstreams of front down`, for each listener with upstreams that are down.
    private var upstreams: [String] {
        var parts = down.prefix(Self.shown).map {
            "\($0.down) of \(Quantity.text($0.all, "upstream")) of \($0.listener) down"
        }
        if down.count > Self.shown {
            parts.append("some of \(Quantity.text(down.count - Self.shown, "more listener")) down")
        }
        return parts
    }

    /// The time of day in UTC: `12:03`.
    static func clock(_ nanoseconds: UInt64) -> String {
        let minutes = nanoseconds / 60_000_000_000 % 1440
        func padded(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(padded(minutes / 60)):\(padded(minutes % 60))"
    }
}
