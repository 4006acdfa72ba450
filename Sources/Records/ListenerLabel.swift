// SPDX-License-Identifier: Apache-2.0

/// The names of a listener and its service, escaped once for every encoding, so that a record only copies bytes.
///
/// Make one for each listener of a configuration, and let its connections share the reference.
///
/// Concurrency: immutable, so any queue may read it.
public final class ListenerLabel: Sendable {
    /// The name in the configuration.
    public let name: String

    /// The service's name.
    public let service: String

    /// ``name`` escaped for text; blanks are escaped too.
    let text: [UInt8]

    /// ``text`` padded to its column in a line of ``TextEncoder``.
    let textColumn: [UInt8]

    /// ``name`` escaped for the inside of a JSON string.
    let json: [UInt8]

    /// `,"listener":"NAME","service":"SERVICE"`
    let jsonFields: [UInt8]

    /// `USHER_LISTENER=NAME`
    let journalListener: [UInt8]

    /// `USHER_SERVICE=SERVICE`
    let journalService: [UInt8]

    /// Makes a label from the two names.
    public init(name: String, service: String) {
        self.name = name
        self.service = service
        let nameBytes = Array(name.utf8)
        let serviceBytes = Array(service.utf8)
        let text = Escaping.token.apply(to: nameBytes)
        let json = Escaping.json.apply(to: nameBytes)
        self.text = text
        self.json = json
        // Counts characters, not their display width: close enough for alignment.
        let width = text.count { $0 & 0xc0 != 0x80 }
        textColumn = text + [UInt8](repeating: UInt8(ascii: " "), count: max(TextEncoder.listenerColumn - width, 2))
        jsonFields =
            Array(",\"listener\":\"".utf8) + json + Array("\",\"service\":\"".utf8)
            + Escaping.json.apply(to: serviceBytes) + Array("\"".utf8)
        journalListener = Array("USHER_LISTENER=".utf8) + Escaping.text.apply(to: nameBytes)
        journalService = Array("USHER_SERVICE=".utf8) + Escaping.text.apply(to: serviceBytes)
    }

    /// An upper bound for the bytes of the names in one record.
    var mostEncodedBytes: Int {
        max(json.count + jsonFields.count, textColumn.count + journalListener.count + journalService.count)
    }
}
