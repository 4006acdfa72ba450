// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// Caches the text of an address that many consecutive records repeat, such as that of a listener.
struct AddressTextCache {
    private let escaping: Escaping
    private var address: RecordedAddress?
    private var text: [UInt8] = []

    init(as escaping: Escaping) {
        self.escaping = escaping
    }

    /// Appends an address as ``ByteOutput/append(_:_:as:)`` does.
    mutating func append(_ kind: SocketKind, _ address: SocketAddress, to bytes: inout ByteOutput) {
        if let known = self.address, known.kind == kind, known.address == address { return bytes.append(bytes: text) }
        let place = bytes.append(kind, address, as: escaping)
        let written = bytes.span.extracting(place)
        text = written.indices.map { written[$0] }
        self.address = RecordedAddress(kind, address)
    }
}
