// SPDX-License-Identifier: Apache-2.0

/// Why the first bytes of a client are not a valid PROXY header.
public enum ProxyHeaderMistake: Error, Hashable, Sendable, CaseIterable {
    /// The bytes begin like neither version.
    case noHeader

    // Version 1.
    case unknownProtocol, badAddress, badPort, badLineEnd, lineTooLong

    // Version 2.
    case unsupportedVersion, unsupportedCommand, unsupportedFamily, unsupportedTransport
    case tooLong, addressesCutOff, fieldCutOff, repeatedField
    case uniqueIDTooLong, authorityTooLong, badChecksumField, checksumMismatch

    /// What is wrong and what to do: a sentence without a full stop.
    public var message: StaticString {
        switch self {
        case .noHeader:
            "the client sent no PROXY header; remove its address from accept-proxy, or configure it to send one"
        case .unknownProtocol:
            "the PROXY header names none of TCP4, TCP6 and UNKNOWN; configure the sender to use version 2 for anything else"
        case .badAddress:
            "the PROXY header has an address that is not of the protocol it names; this is a fault of its sender"
        case .badPort:
            "the PROXY header has a port that is not a number from 0 to 65535; this is a fault of its sender"
        case .badLineEnd:
            "the PROXY header does not end in CR and LF where it should; this is a fault of its sender"
        case .lineTooLong:
            "the PROXY header has no end in the 107 bytes that version 1 may have; this is a fault of its sender"
        case .unsupportedVersion:
            "the PROXY header is of a binary version other than 2; configure the sender to use version 1 or 2"
        case .unsupportedCommand:
            "the PROXY header has a command other than LOCAL and PROXY; this is a fault of its sender"
        case .unsupportedFamily:
            "the PROXY header has an address family that version 2 does not have; this is a fault of its sender"
        case .unsupportedTransport:
            "the PROXY header has a transport that version 2 does not have; this is a fault of its sender"
        case .tooLong:
            "the PROXY header is too long; configure the sender to put less into it"
        case .addressesCutOff:
            "the PROXY header is shorter than its addresses; this is a fault of its sender"
        case .fieldCutOff:
            "the PROXY header ends within a field; this is a fault of its sender"
        case .repeatedField:
            "the PROXY header has a field twice that it may have once; this is a fault of its sender"
        case .uniqueIDTooLong:
            "the PROXY header has a unique ID above 128 bytes; configure the sender to send a shorter one"
        case .authorityTooLong:
            "the PROXY header has a host name above 255 bytes; configure the sender to leave it out"
        case .badChecksumField:
            "the PROXY header has a checksum that is not of 4 bytes; this is a fault of its sender"
        case .checksumMismatch:
            "the PROXY header does not match its checksum; it was damaged or is made wrongly by its sender"
        }
    }
}

extension ProxyHeaderMistake: CustomStringConvertible {
    /// The same as ``message``.
    public var description: String { message.description }
}
