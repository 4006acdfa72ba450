// SPDX-License-Identifier: Apache-2.0

/// The state of parsing a PROXY header.
public enum ProxyHeaderProgress: Hashable, Sendable {
    /// The bytes are the start of a header; more must arrive.
    case incomplete

    /// The first `length` bytes are a header; the rest is the client's data.
    case complete(ProxyHeader, length: Int)
}
