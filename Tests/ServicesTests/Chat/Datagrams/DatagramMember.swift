// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

@testable import Addresses
@testable import LinuxSystem

/// A member of a room that comes by datagrams, on the test's own thread. No call of it blocks.
final class DatagramMember {
    /// Each datagram that came.
    private(set) var messages: [String] = []

    private var raw: CInt
    private let target: SocketAddress

    private static let nextName = Atomic<Int>(1)

    /// Opens a socket for talking to another one.
    ///
    /// - Parameter isNamed: whether a Unix socket gets a name, without which it cannot be answered.
    init(to socket: ListeningSocket, isNamed: Bool = true) throws {
        target = socket.address
        let isUnix = socket.kind == .unixDatagram
        let type = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        raw = Glibc.socket(isUnix ? AF_UNIX : AF_INET, type, 0)
        guard raw >= 0 else { throw SystemError("socket", errno: errno) }
        guard isNamed else { return }
        let number = Self.nextName.wrappingAdd(1, ordering: .relaxed).oldValue
        let own: SocketAddress =
            isUnix ? .abstract(name: Array("usher-member-\(getpid())-\(number)".utf8)) : .ipv4(.loopback, port: 0)
        let result = own.withKernelAddress { bind(raw, $0, $1) }
        guard result == 0 else { throw SystemError("bind", errno: errno) }
    }

    deinit { close() }

    /// Sends a datagram.
    func send(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        let sent = target.withKernelAddress { sendto(raw, bytes, bytes.count, CInt(MSG_NOSIGNAL), $0, $1) }
        precondition(sent == bytes.count, "the kernel took \(sent) bytes")
    }

    /// Sends text as a datagram.
    func send(_ text: String) { send(text.utf8) }

    /// Takes what has come, and returns all there is.
    @discardableResult
    func receive() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while raw >= 0 {
            let count = recv(raw, &buffer, buffer.count, 0)
            guard count >= 0 else { break }
            messages.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
        return messages
    }

    /// The last that has come.
    var last: String { receive().last ?? "" }

    /// Forgets what came.
    func forget() {
        receive()
        messages = []
    }

    /// Closes the socket.
    func close() {
        guard raw >= 0 else { return }
        Glibc.close(raw)
        raw = -1
    }
}
