// SPDX-License-Identifier: Apache-2.0

/// `send-proxy`: the forms of the PROXY protocol's header.
public enum ProxyVersion: String, CaseIterable, Hashable, Sendable {
    /// A line of text, with IP addresses and ports alone.
    case v1
    /// Binary, with all families and room for more.
    case v2
}
