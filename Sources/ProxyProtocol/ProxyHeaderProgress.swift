// SPDX-License-Identifier: Apache-2.0

/// How far the bytes that have come are a PROXY header.
public enum ProxyHeaderProgress: Hashable, Sendable {
    /// They begin one, and more must come.
    case incomplete

    /// The first `length` of them are one; what follows is the client's.
    case complete(ProxyHeader, length: Int)
}
