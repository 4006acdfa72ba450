// SPDX-License-Identifier: Apache-2.0

/// The forms that a PROXY header has (HAProxy's `doc/proxy-protocol.txt`).
public enum ProxyVersion: Hashable, Sendable {
    /// A line of text: section 2.1.
    case v1

    /// A binary block, which alone has room for more than IP addresses: section 2.2.
    case v2
}
