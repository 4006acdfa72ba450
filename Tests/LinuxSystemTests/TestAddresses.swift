// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import TestSupport

@testable import Addresses
@testable import LinuxSystem

extension ServerAddress {
    /// Where a socket listens, for a client; a wildcard as the loopback address of its family.
    init(_ socket: ListeningSocket) throws {
        guard var address = ServerAddress("\(socket.kind.scheme)://\(socket.address)") else {
            throw POSIXFailure("no client for \(socket.address)", EAFNOSUPPORT)
        }
        switch address.place {
        case .ip("0.0.0.0", _): address = address.at("127.0.0.1")
        case .ip("::", _): address = address.at("::1")
        default: break
        }
        self = address
    }
}

extension SocketAddress {
    private static let nextName = Atomic<Int>(1)

    /// A name in the abstract namespace that no other test has.
    static func ownAbstractName() -> SocketAddress {
        let number = nextName.wrappingAdd(1, ordering: .relaxed).oldValue
        return .abstract(name: Array("usher-test-\(getpid())-\(number)".utf8))
    }
}

extension ListeningSocket {
    /// A socket of each kind that this host has for sure, on an address of its own.
    static func own(
        _ kind: SocketKind = .tcp, options: ListeningOptions = ListeningOptions()
    ) throws(SystemError) -> ListeningSocket {
        try ListeningSocket(
            kind: kind, address: kind == .tcp ? .ipv4(.loopback, port: 0) : .ownAbstractName(), dualStack: false,
            options: options)
    }

    /// The next connection, once there is one.
    func nextConnection() throws -> (raw: OpenFile, peer: SocketAddress) {
        try waitFor("a connection") {
            guard let accepted = try accept() else { return nil }
            let peer = accepted.peer
            return (OpenFile(adopting: accepted.takeDescriptor().relinquish()), peer)
        }
    }
}
