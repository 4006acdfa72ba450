// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// What a call is answered with: `{"parameters":{…},"continues":true}`, and a NUL byte.
///
/// Source: https://varlink.org/Method-Call.
package enum VarlinkReply {
    /// The reply of a method without results.
    package struct Empty: Codable, Hashable, Sendable {
        package init() {}
    }

    /// The bytes of a reply, with the NUL.
    ///
    /// - Parameter continues: whether more replies follow.
    package static func bytes(_ parameters: some Encodable, continues: Bool = false) -> [UInt8] {
        bytes(continues: continues) { JSONText.append(parameters, to: &$0) }
    }

    /// The bytes of a reply whose parameters are JSON already.
    package static func bytes(continues: Bool = false, parameters: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes = Array(#"{"parameters":"#.utf8)
        parameters(&bytes)
        if continues { bytes.append(contentsOf: #","continues":true"#.utf8) }
        bytes.append(UInt8(ascii: "}"))
        bytes.append(0)
        return bytes
    }

    /// The bytes of an error, with the NUL.
    package static func bytes(of error: VarlinkError) -> [UInt8] {
        var bytes: [UInt8] = []
        JSONText.append(Failure(error: error.name, parameters: error.details), to: &bytes)
        bytes.append(0)
        return bytes
    }

    private struct Failure: Encodable {
        let error: String
        let parameters: VarlinkError.Details
    }
}

/// A reply as a client reads it.
package struct ReceivedReply<Parameters: Decodable>: Decodable {
    /// What the method returned.
    package let parameters: Parameters

    /// Whether more replies follow.
    package let continues: Bool

    /// The reply is an error that this client does not know, or it is no reply at all.
    package struct Unknown: Error {
        /// The error's name, or the beginning of what came.
        package let text: String
    }

    /// Reads a message without its NUL.
    ///
    /// - Throws: ``VarlinkError`` if it is an error, ``Unknown`` if it cannot be understood.
    package init(_ message: some Collection<UInt8>) throws {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(message))
        } catch let error as DecodingError {
            throw Unknown(text: String(decoding: message.prefix(200), as: UTF8.self) + " (\(error))")
        }
    }

    private enum CodingKeys: CodingKey { case parameters, continues, error }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let name = try container.decodeIfPresent(String.self, forKey: .error) {
            let details = try container.decodeIfPresent(VarlinkError.Details.self, forKey: .parameters) ?? .init()
            guard let error = VarlinkError(name, details) else { throw Unknown(text: name) }
            throw error
        }
        parameters = try container.decode(Parameters.self, forKey: .parameters)
        continues = try container.decodeIfPresent(Bool.self, forKey: .continues) ?? false
    }
}
