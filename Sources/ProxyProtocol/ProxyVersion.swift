// SPDX-License-Identifier: Apache-2.0

/// The versions of the PROXY header (HAProxy's `doc/proxy-protocol.txt`).
public enum ProxyVersion: Hashable, Sendable {
    /// One line of text: section 2.1.
    case v1

    /// A binary header, which may have more than IP addresses: section 2.2.
    case v2
}
