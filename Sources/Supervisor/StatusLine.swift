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

    /// A listener with upstreams that are down, drained or disabled.
    struct Down: Equatable {
        var listener: String
        var down: Int
        var all: Int
        /// From how many an operator keeps new connections; these do not count as down.
        var withdrawn = 0
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

    /// `1 of 2 upstreams of front down`, for each listener with upstreams that are down, drained or disabled.
    private var upstreams: [String] {
        var parts = down.prefix(Self.shown).map(\.text)
        if down.count > Self.shown {
            let state = down.dropFirst(Self.shown).contains { $0.down > 0 } ? "down" : "drained or disabled"
            parts.append("some of \(Quantity.text(down.count - Self.shown, "more listener")) \(state)")
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

extension StatusLine.Down {
    /// `1 of 4 upstreams of front down and 2 drained or disabled`.
    fileprivate var text: String {
        let upstreams = "of \(Quantity.text(all, "upstream")) of \(listener)"
        let taken = "drained or disabled"
        if withdrawn == 0 { return "\(down) \(upstreams) down" }
        return down == 0 ? "\(withdrawn) \(upstreams) \(taken)" : "\(down) \(upstreams) down and \(withdrawn) \(taken)"
    }
}
