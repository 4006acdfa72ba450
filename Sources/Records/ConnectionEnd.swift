// SPDX-License-Identifier: Apache-2.0

/// How a connection ended.
public struct ConnectionEnd: Hashable, Sendable {
    /// Why.
    public var reason: CloseReason

    /// Who.
    public var by: CloseParty

    /// What failed, as in errno(3); 0 when nothing did.
    public var errno: CInt

    /// What it moved until then.
    public var traffic: ConnectionTraffic

    /// Makes an end.
    public init(_ reason: CloseReason, by: CloseParty, errno: CInt = 0, traffic: ConnectionTraffic) {
        self.reason = reason
        self.by = by
        self.errno = errno
        self.traffic = traffic
    }
}
