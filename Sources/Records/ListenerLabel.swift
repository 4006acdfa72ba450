// SPDX-License-Identifier: Apache-2.0

import LinuxSystem

/// The name of a listener and of its service, escaped once for every encoding, so that a record only copies bytes.
///
/// Make one for each listener of a configuration and give every connection of it the reference.
///
/// Concurrency: immutable, so any queue may read it.
public final class ListenerLabel: Sendable {
    /// The name in the configuration.
    public let name: String

    /// The service's name.
    public let service: String

    /// Escaped for text, with blanks escaped too.
    let text: [UInt8]

    /// How many columns ``text`` takes.
    let textWidth: Int

    /// Escaped for the inside of a JSON string.
    let json: [UInt8]

    /// `,"listener":"NAME","service":"SERVICE"`
    let jsonFields: [UInt8]

    /// `USHER_LISTENER=NAME`
    let journalListener: [UInt8]

    /// `USHER_SERVICE=SERVICE`
    let journalService: [UInt8]

    /// Makes a label of the two names.
    public init(name: String, service: String) {
        self.name = name
        self.service = service
        let nameBytes = Array(name.utf8)
        let serviceBytes = Array(service.utf8)
        var text: [UInt8] = []
        text.append(escaping: nameBytes, as: .token)
        self.text = text
        textWidth = text.scalarCount
        var json: [UInt8] = []
        json.append(escaping: nameBytes, as: .json)
        self.json = json
        var fields: [UInt8] = []
        fields.append(",\"listener\":\"")
        fields.append(contentsOf: json)
        fields.append("\",\"service\":\"")
        fields.append(escaping: serviceBytes, as: .json)
        fields.append(UInt8(ascii: "\""))
        jsonFields = fields
        var listenerField: [UInt8] = []
        listenerField.append("USHER_LISTENER=")
        listenerField.append(escaping: nameBytes, as: .text)
        journalListener = listenerField
        var serviceField: [UInt8] = []
        serviceField.append("USHER_SERVICE=")
        serviceField.append(escaping: serviceBytes, as: .text)
        journalService = serviceField
    }
}
