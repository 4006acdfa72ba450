// SPDX-License-Identifier: Apache-2.0

/// `framing`: how messages are delimited in a stream that is relayed to or from datagrams.
public enum Framing: String, CaseIterable, Hashable, Sendable {
    /// Each message is a line, terminated by LF or CR LF.
    case lines

    /// Each message follows its length, two bytes in network order.
    ///
    /// RFC 1035 section 4.2.2, RFC 4571 section 2.
    case length16
}
