// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// A call of a method, as a client sends it: `{"method":"org.varlink.service.GetInfo","parameters":{}}`.
///
/// Source: https://varlink.org/Method-Call.
package struct VarlinkCall {
    /// The interface and the method: `io.usher.control.Status`.
    package let method: String

    /// Whether the client takes several replies.
    package let more: Bool

    /// Whether the client takes no reply.
    package let oneway: Bool

    private let text: Data

    /// Why bytes are no call: the connection is to be closed, since nobody knows what comes next.
    package enum Mistake: Error, Equatable {
        /// No JSON object with a `method`.
        case notACall

        /// Nested deeper than ``JSONDepth/deepestCall``.
        case tooDeep

        /// It has characters beyond ASCII. No name or address that a call takes has any, and to compare those by their
        /// canonical equivalence, as `String` does, can take a second for one call.
        case notASCII
    }

    /// Reads a message.
    ///
    /// - Parameter message: without its NUL, at most ``MessageSplitter/longestCall`` bytes.
    package init(_ message: some Collection<UInt8>) throws(Mistake) {
        guard message.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "{") else { throw .notACall }
        guard Self.isASCII(message) else { throw .notASCII }
        guard JSONDepth.of(message) <= JSONDepth.deepestCall else { throw .tooDeep }
        text = Data(message)
        do {
            let envelope = try JSONDecoder().decode(Envelope.self, from: text)
            (method, more, oneway) = (envelope.method, envelope.more ?? false, envelope.oneway ?? false)
        } catch {
            throw .notACall
        }
    }

    /// Whether a text has only ASCII characters, escaped ones included.
    private static func isASCII(_ text: some Collection<UInt8>) -> Bool {
        var index = text.startIndex
        while index != text.endIndex {
            let byte = text[index]
            guard byte < 0x80 else { return false }
            index = text.index(after: index)
            guard byte == UInt8(ascii: "\\"), index != text.endIndex else { continue }
            let escaped = text[index]
            index = text.index(after: index)
            guard escaped == UInt8(ascii: "u") else { continue }
            let digits = text[index...].prefix(4)
            guard let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16), code < 0x80 else {
                return false
            }
        }
        return true
    }

    /// The parameters, as what the method takes. A client may leave out an empty object.
    package func parameters<Parameters: VarlinkParameters>(
        as type: Parameters.Type = Parameters.self
    ) throws(VarlinkError) -> Parameters {
        do {
            return try JSONDecoder().decode(ParameterEnvelope<Parameters>.self, from: text).parameters
        } catch let error as DecodingError {
            throw .invalidParameter(error.parameter)
        } catch {
            throw .invalidParameter("parameters")
        }
    }

    private struct Envelope: Decodable {
        let method: String
        let more: Bool?
        let oneway: Bool?
    }

    private struct ParameterEnvelope<Parameters: VarlinkParameters>: Decodable {
        let parameters: Parameters

        enum CodingKeys: CodingKey { case parameters }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            guard try container.contains(.parameters) && !container.decodeNil(forKey: .parameters) else {
                parameters = try JSONDecoder().decode(Known<Parameters>.self, from: Data("{}".utf8)).value
                return
            }
            parameters = try container.decode(Known<Parameters>.self, forKey: .parameters).value
        }
    }
}

/// What a method takes: a struct whose members are the parameters.
///
/// A member that the struct does not have is an error of the client. If a filter was ignored because its name has a spelling
/// mistake, `Close` would close every connection.
package protocol VarlinkParameters: Decodable {
    /// The names of the members.
    associatedtype CodingKeys: CodingKey & CaseIterable
}

/// A value whose object has no members but those that it knows.
struct Known<Value: VarlinkParameters>: Decodable {
    let value: Value

    init(from decoder: any Decoder) throws {
        let known = Set(Value.CodingKeys.allCases.map(\.stringValue))
        let container = try decoder.container(keyedBy: AnyKey.self)
        // Sorted, so that of several mistakes always the same is named.
        let keys = container.allKeys.sorted { $0.stringValue < $1.stringValue }
        for key in keys where !known.contains(key.stringValue) {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath + [key], debugDescription: "unknown"))
        }
        do {
            value = try Value(from: decoder)
        } catch let error where !(error is DecodingError) {
            // Of a number that does not fit its type the decoder has another error, which names no place.
            let numbers = keys.compactMap { key in
                (try? container.decode(Double.self, forKey: key)).map { (key, $0) }
            }
            let misfit =
                numbers.first { UInt64(exactly: $1) == nil } ?? numbers.first { UInt32(exactly: $1) == nil }
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath + (misfit.map { [$0.0] } ?? []), debugDescription: "\(error)"))
        }
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }
}

extension DecodingError {
    /// The name of the parameter that is wrong or missing.
    fileprivate var parameter: String {
        let path: [any CodingKey] =
            switch self {
            case .keyNotFound(let key, let context): context.codingPath + [key]
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                context.codingPath
            @unknown default: []
            }
        return path.map(\.stringValue).first { $0 != "parameters" } ?? "parameters"
    }
}
