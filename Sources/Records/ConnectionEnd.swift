// SPDX-License-Identifier: Apache-2.0

/// How a connection ended.
public struct ConnectionEnd: Hashable, Sendable {
    /// The reason.
    public var reason: CloseReason

    /// The party that ended it.
    public var by: CloseParty

    /// The error number, as in errno(3); 0 if no call failed.
    public var errno: CInt

    /// What the connection had transferred.
    public var traffic: ConnectionTraffic

    /// Makes an end.
    public init(_ reason: CloseReason, by: CloseParty, errno: CInt = 0, traffic: ConnectionTraffic) {
        self.reason = reason
        self.by = by
        self.errno = errno
        self.traffic = traffic
    }
}
