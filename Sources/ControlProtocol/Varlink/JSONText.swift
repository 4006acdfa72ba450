// SPDX-License-Identifier: Apache-2.0

import Addresses

/// JSON (RFC 8259) that is written without a space: for the replies of the control socket.
///
/// Written straight into one array, since a list of connections has 10 000 objects: a `JSONEncoder` takes ten times as long,
/// for it builds a tree first. It encodes what the types of this module are made of: keyed structs, arrays, strings, Boolean
/// values, integers and optionals. An optional without a value is left out.
package enum JSONText {
    /// Appends the text of a value.
    package static func append(_ value: some Encodable, to bytes: inout [UInt8]) {
        let output = Output()
        swap(&output.bytes, &bytes)
        defer { swap(&output.bytes, &bytes) }
        output.write(value)
    }

    /// Appends a string, in quotes.
    static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20, 0x7f:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(hexadecimal(byte >> 4))
                bytes.append(hexadecimal(byte & 0xf))
            default:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
    }

    /// The text that is written, shared by the encoders of its parts.
    private final class Output {
        var bytes: [UInt8] = []

        func write(_ value: some Encodable) {
            switch value {
            case let value as String: JSONText.append(value, to: &bytes)
            case let value as Bool: bytes.append(contentsOf: (value ? "true" : "false").utf8)
            case let value as Int: bytes.append(contentsOf: String(value).utf8)
            case let value as UInt64: bytes.append(decimal: value)
            case let value as any BinaryInteger: bytes.append(contentsOf: String(value).utf8)
            default: writeParts(of: value)
            }
        }

        private func writeParts(of value: some Encodable) {
            let encoder = PartEncoder(self)
            // The types here throw nothing, and the containers neither.
            do { try value.encode(to: encoder) } catch { preconditionFailure("\(type(of: value)): \(error)") }
            encoder.end()
        }
    }

    /// Encodes one value of several parts.
    private final class PartEncoder: Encoder {
        let output: Output
        private var closing: UInt8?
        let codingPath: [any CodingKey] = []
        let userInfo: [CodingUserInfoKey: Any] = [:]

        init(_ output: Output) {
            self.output = output
        }

        func begin(_ opening: UInt8, _ closing: UInt8) {
            precondition(self.closing == nil, "a value has one container")
            self.closing = closing
            output.bytes.append(opening)
        }

        func end() {
            if let closing { output.bytes.append(closing) }
        }

        func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
            begin(UInt8(ascii: "{"), UInt8(ascii: "}"))
            return KeyedEncodingContainer(Members<Key>(output: output))
        }

        func unkeyedContainer() -> any UnkeyedEncodingContainer {
            begin(UInt8(ascii: "["), UInt8(ascii: "]"))
            return Elements(output: output)
        }

        func singleValueContainer() -> any SingleValueEncodingContainer { Single(output: output) }
    }

    /// The members of an object.
    private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let output: Output
        var isEmpty = true
        let codingPath: [any CodingKey] = []

        init(output: Output) {
            self.output = output
        }

        private mutating func begin(_ key: Key) {
            if !isEmpty { output.bytes.append(UInt8(ascii: ",")) }
            isEmpty = false
            JSONText.append(key.stringValue, to: &output.bytes)
            output.bytes.append(UInt8(ascii: ":"))
        }

        mutating func encodeNil(forKey key: Key) {
            begin(key)
            output.bytes.append(contentsOf: "null".utf8)
        }

        mutating func encode(_ value: String, forKey key: Key) {
            begin(key)
            JSONText.append(value, to: &output.bytes)
        }

        mutating func encode(_ value: UInt64, forKey key: Key) {
            begin(key)
            output.bytes.append(decimal: value)
        }

        mutating func encode(_ value: Int, forKey key: Key) {
            begin(key)
            if value < 0 { output.bytes.append(UInt8(ascii: "-")) }
            output.bytes.append(decimal: UInt64(value.magnitude))
        }

        mutating func encode(_ value: some Encodable, forKey key: Key) {
            begin(key)
            output.write(value)
        }

        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Nested> { preconditionFailure("values nest by types") }
        mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            preconditionFailure("values nest by types")
        }
        mutating func superEncoder() -> any Encoder { preconditionFailure("no classes here") }
        mutating func superEncoder(forKey key: Key) -> any Encoder { preconditionFailure("no classes here") }
    }

    /// The elements of an array.
    private struct Elements: UnkeyedEncodingContainer {
        let output: Output
        var count = 0
        let codingPath: [any CodingKey] = []

        init(output: Output) {
            self.output = output
        }

        private mutating func begin() {
            if count > 0 { output.bytes.append(UInt8(ascii: ",")) }
            count += 1
        }

        mutating func encodeNil() {
            begin()
            output.bytes.append(contentsOf: "null".utf8)
        }

        mutating func encode(_ value: some Encodable) {
            begin()
            output.write(value)
        }

        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type
        ) -> KeyedEncodingContainer<Nested> { preconditionFailure("values nest by types") }
        mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            preconditionFailure("values nest by types")
        }
        mutating func superEncoder() -> any Encoder { preconditionFailure("no classes here") }
    }

    /// A value that encodes as another one, such as an enum of strings.
    private struct Single: SingleValueEncodingContainer {
        let output: Output
        let codingPath: [any CodingKey] = []

        init(output: Output) {
            self.output = output
        }

        mutating func encodeNil() { output.bytes.append(contentsOf: "null".utf8) }
        mutating func encode(_ value: some Encodable) { output.write(value) }
    }
}
