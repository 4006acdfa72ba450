// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport

/// An upstream of datagrams that returns each with its name in front: `a:` and the datagram.
///
/// Concurrency: a thread of its own serves; a test may call it from anywhere.
final class DatagramEcho: Sendable {
    /// Where it is, in the address grammar.
    let address: String

    private let raw: CInt
    private let inode: ino_t
    private let shared = Shared()

    /// What the thread and the owner have in common. The thread closes the descriptor with this lock held, so that the owner
    /// never uses a number that is another's by then.
    private final class Shared: Sendable {
        struct State {
            var received: [[UInt8]] = []
            var answers = true
            var isStopped = false
            var isOver = false
        }

        let state = Mutex(State())
    }

    /// Begins on a port of IPv4's loopback, or at a path. The same address may be given again once another one has stopped.
    ///
    /// - Parameters:
    ///   - port: nil for one that nothing else gets meanwhile: ``ReservedPort``.
    ///   - floods: whether it sends the first answer again every millisecond, and answers nothing else.
    init(
        _ name: String, port: UInt16? = nil, path: String? = nil, answers: Bool = true, floods: Bool = false
    ) throws {
        let place: ServerAddress.Place =
            if let path { .unix(path: path) } else {
                .ip(host: "127.0.0.1", port: try port ?? ReservedPort().address.port)
            }
        let socket = try DatagramClient(bound: place, patience: 1)
        address = socket.address
        raw = socket.release()
        var status = stat()
        guard fstat(raw, &status) == 0 else { throw POSIXFailure("fstat") }
        inode = status.st_ino
        let (raw, shared) = (raw, shared)
        shared.state.withLock { $0.answers = answers }
        Thread.detachNewThread {
            Self.serve(raw, Array("\(name):".utf8), shared, floods: floods)
            shared.state.withLock {
                close(raw)
                $0.isOver = true
            }
        }
    }

    /// The port.
    var port: UInt16 { UInt16(address.split(separator: ":").last ?? "") ?? 0 }

    /// All that came so far, in order.
    var received: [[UInt8]] { shared.state.withLock { $0.received } }

    /// Closes the socket: from now on the kernel refuses what comes.
    func stop() throws {
        shut()
        try waitUntil("the upstream has stopped") { shared.state.withLock { $0.isOver } }
        // A program that another test starts at this moment has a copy until execve(2), which would take datagrams.
        try waitUntil("the kernel has no socket of the upstream") { try !isListed() }
    }

    /// Whether the kernel lists the socket (proc(5)), whichever process has it.
    private func isListed() throws -> Bool {
        try ["udp", "unix"].contains { table in
            try String(contentsOfFile: "/proc/self/net/\(table)", encoding: .utf8).split(whereSeparator: \.isWhitespace)
                .contains("\(inode)")
        }
    }

    deinit { shut() }

    /// Has the thread end.
    private func shut() {
        shared.state.withLock { state in
            state.isStopped = true
            if !state.isOver { shutdown(raw, CInt(SHUT_RDWR)) }
        }
    }

    private static func serve(_ raw: CInt, _ name: [UInt8], _ shared: Shared, floods: Bool) {
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let count = withUnsafeMutablePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(raw, &buffer, buffer.count, 0, $0, &length)
                }
            }
            // A socket that was shut down reads as empty, from nobody.
            if shared.state.withLock({ $0.isStopped }) { return }
            guard count >= 0, length > 0 else { continue }
            let answers = shared.state.withLock { state in
                state.received.append(Array(buffer[..<count]))
                return state.answers
            }
            guard answers else { continue }
            let answer = name + buffer[..<count]
            repeat {
                _ = withUnsafePointer(to: storage) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(raw, answer, answer.count, CInt(MSG_NOSIGNAL), $0, length)
                    }
                }
            } while floods && usleep(1000) == 0 && !shared.state.withLock({ $0.isStopped })
        }
    }
}
