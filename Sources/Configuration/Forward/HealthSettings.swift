// SPDX-License-Identifier: Apache-2.0

/// `health`: how upstreams are checked.
public struct HealthSettings: Hashable, Sendable {
    /// `interval`: from the start of one check to that of the next.
    public var interval: Duration

    /// `timeout`: how long a check may take in all; at most the interval.
    public var timeout: Duration

    /// `rise`: how many checks in a row must go well for an upstream that is down to be up.
    public var rise: Int

    /// `fall`: how many checks in a row must fail for an upstream that is up to be down.
    public var fall: Int

    /// `send`: what a check sends once it is connected; nil for nothing.
    public var send: [UInt8]?

    /// `expect`: what must be in what the upstream then says; nil takes the connection itself for an answer. Neither
    /// this nor `send` is empty or longer than ``longestText``.
    public var expect: [UInt8]?

    /// The most bytes of `send` and of `expect`.
    public static let longestText = 4096

    /// Makes settings that are what `health = true` says.
    public init(
        interval: Duration = .seconds(2), timeout: Duration = .seconds(1), rise: Int = 2, fall: Int = 3,
        send: [UInt8]? = nil, expect: [UInt8]? = nil
    ) {
        self.interval = interval
        self.timeout = timeout
        self.rise = rise
        self.fall = fall
        self.send = send
        self.expect = expect
    }
}
