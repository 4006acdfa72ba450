// SPDX-License-Identifier: Apache-2.0

public import Addresses
import LinuxSystem

/// An address with the kind of socket that it is for, shown in the address grammar: `tcp://127.0.0.1:7007`.
public struct RecordedAddress: Hashable, Sendable {
    /// The kind, whose name is the scheme.
    public var kind: SocketKind

    /// The address.
    public var address: SocketAddress

    /// Makes a value from its parts.
    public init(_ kind: SocketKind, _ address: SocketAddress) {
        self.kind = kind
        self.address = address
    }
}

extension RecordedAddress: CustomStringConvertible {
    /// The address in the grammar, escaped as in text records.
    public var description: String {
        // A Unix name has up to 107 bytes, and each may become four when escaped.
        let bytes = [UInt8](capacity: 512) { $0.append(kind, address, as: .text) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
