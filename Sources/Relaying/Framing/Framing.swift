// SPDX-License-Identifier: Apache-2.0

/// `framing`: how messages are told apart in a stream that is relayed to datagrams, or the other way round.
public enum Framing: String, CaseIterable, Hashable, Sendable {
    /// Each message is a line, ended by LF or by CR LF.
    case lines

    /// Before each message stands its length, two bytes in network order: RFC 1035 section 4.2.2, RFC 4571 section 2.
    case length16
}
