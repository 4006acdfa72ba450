// SPDX-License-Identifier: Apache-2.0

/// `health`: how upstreams are checked.
public struct HealthSettings: Hashable, Sendable {
    /// `interval`: the time from the start of one check to the start of the next.
    public var interval: Duration

    /// `timeout`: how long a check may take altogether; at most the interval.
    public var timeout: Duration

    /// `rise`: how many checks in a row must succeed before an upstream that is down counts as up.
    public var rise: Int

    /// `fall`: how many checks in a row must fail before an upstream that is up counts as down.
    public var fall: Int

    /// `send`: the bytes that a check sends after it has connected; nil for none.
    public var send: [UInt8]?

    /// `expect`: the bytes that the answer must contain; nil if a connection alone is enough.
    ///
    /// Neither this nor `send` is empty or longer than ``longestText``.
    public var expect: [UInt8]?

    /// The most bytes of `send` and of `expect`.
    public static let longestText = 4096

    /// Makes the settings of `health = true`.
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
