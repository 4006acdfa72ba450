// SPDX-License-Identifier: Apache-2.0

package import Addresses
import LinuxSystem
import ProxyProtocol
import Records

extension Identity {
    // The numbers of the fields are part of the format: none may get another meaning.
    private enum Field {
        static let number: UInt8 = 1
        static let listener: UInt8 = 2
        static let kind: UInt8 = 3
        static let peer: UInt8 = 4
        static let local: UInt8 = 5
        static let accepted: UInt8 = 6
        static let pid: UInt8 = 7
        static let uid: UInt8 = 8
        static let gid: UInt8 = 9
        static let via: UInt8 = 10
        static let header: UInt8 = 11
    }

    /// Writes what is known of the connection for a successor process, which has listeners of the same names. Times are by
    /// CLOCK_MONOTONIC, which is the same for all processes of a host.
    package func write(to writer: inout FieldWriter) {
        writer.write(Field.number, number)
        writer.write(Field.listener, listener.label.name)
        writer.write(Field.kind, "\(kind.scheme)")
        writer.write(Field.peer) { peer.write(to: &$0) }
        writer.write(Field.local) { local.write(to: &$0) }
        writer.write(Field.accepted, accepted)
        if let credentials {
            writer.write(Field.pid, UInt64(credentials.pid))
            writer.write(Field.uid, UInt64(credentials.uid))
            writer.write(Field.gid, UInt64(credentials.gid))
        }
        if let origin {
            writer.write(Field.via) { origin.via.write(to: &$0) }
            var header: [UInt8] = []
            origin.header.append(to: &header)
            writer.write(Field.header, header)
        }
    }

    /// Reads what ``write(to:)`` wrote.
    ///
    /// - Parameter find: the listener of a name; nil if there is none any more.
    package init(
        _ reader: FieldReader, listener find: (String) -> ListenerInForce?
    ) throws(FieldMistake) {
        guard let listener = find(try reader.text(Field.listener)) else { throw .invalid(Field.listener) }
        let scheme = try reader.text(Field.kind)
        guard let kind = SocketKind.allCases.first(where: { "\($0.scheme)" == scheme }) else {
            throw .invalid(Field.kind)
        }
        var credentials: PeerCredentials?
        if try reader.numberIfPresent(Field.uid) != nil {
            credentials = PeerCredentials(
                pid: try reader.number(Field.pid), uid: try reader.number(Field.uid), gid: try reader.number(Field.gid))
        }
        self.init(
            number: try reader.number(Field.number), listener: listener, kind: kind,
            peer: try SocketAddress(try reader.fields(Field.peer)),
            local: try SocketAddress(try reader.fields(Field.local)),
            credentials: credentials, accepted: try reader.number(Field.accepted))
        guard let bytes = reader.bytesIfPresent(Field.header) else { return }
        // unsafe: bytes have no padding.
        guard case .complete(let header, bytes.count)? = try? ProxyHeader.parse(unsafe bytes.span.bytes) else {
            throw .invalid(Field.header)
        }
        origin = ProxyOrigin(via: try SocketAddress(try reader.fields(Field.via)), header: header)
    }
}
