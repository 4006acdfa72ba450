// SPDX-License-Identifier: Apache-2.0

extension SocketAddress {
    // The numbers of the fields are part of the format: never reuse one.
    private enum Field {
        static let ipv4: UInt8 = 1
        static let ipv6High: UInt8 = 2
        static let ipv6Low: UInt8 = 3
        static let port: UInt8 = 4
        static let scope: UInt8 = 5
        static let path: UInt8 = 6
        static let abstract: UInt8 = 7
        static let unnamed: UInt8 = 8
        static let cid: UInt8 = 9
        static let interface: UInt8 = 10
        static let frame: UInt8 = 11
    }

    /// Writes the address for another process.
    package func write(to writer: inout FieldWriter) {
        switch self {
        case .ipv4(let address, let port):
            writer.write(Field.ipv4, UInt64(address.value))
            writer.write(Field.port, UInt64(port))
        case .ipv6(let address, let port, let scope):
            writer.write(Field.ipv6High, address.high)
            writer.write(Field.ipv6Low, address.low)
            writer.write(Field.port, UInt64(port))
            writer.write(Field.scope, UInt64(scope))
        case .unix(let path):
            writer.write(Field.path, path)
        case .abstract(let name):
            writer.write(Field.abstract, name)
        case .unnamed:
            writer.write(Field.unnamed, 1)
        case .vsock(let cid, let port):
            writer.write(Field.cid, UInt64(cid))
            writer.write(Field.port, UInt64(port))
        case .can(let interface, let identifier):
            writer.write(Field.interface, interface.bytes)
            writer.write(Field.frame, UInt64(identifier.rawValue))
        }
    }

    /// Reads an address that ``write(to:)`` wrote.
    package init(_ reader: FieldReader) throws(FieldMistake) {
        if try reader.numberIfPresent(Field.ipv4) != nil {
            self = .ipv4(IPv4Address(try reader.number(Field.ipv4)), port: try reader.number(Field.port))
        } else if let high = try reader.numberIfPresent(Field.ipv6High) {
            let address = IPv6Address(high: high, low: try reader.number(Field.ipv6Low))
            self = .ipv6(address, port: try reader.number(Field.port), scope: try reader.number(Field.scope))
        } else if let path = reader.bytesIfPresent(Field.path) {
            self = .unix(path: path)
        } else if let name = reader.bytesIfPresent(Field.abstract) {
            self = .abstract(name: name)
        } else if try reader.numberIfPresent(Field.unnamed) != nil {
            self = .unnamed
        } else if try reader.numberIfPresent(Field.cid) != nil {
            self = .vsock(cid: try reader.number(Field.cid), port: try reader.number(Field.port))
        } else {
            let name = try reader.text(Field.interface)
            guard let interface = name.isEmpty ? .any : InterfaceName(name) else { throw .invalid(Field.interface) }
            self = .can(interface, CANIdentifier(rawValue: try reader.number(Field.frame)))
        }
    }
}
