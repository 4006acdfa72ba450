// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Foundation
import TestSupport

@testable import ControlClient

/// A server on a Unix socket that answers calls as a test wants it to, on threads of its own.
final class FakeDaemon: Sendable {
    /// What a call gets.
    struct Answer: Sendable {
        /// The bytes, sent piece by piece.
        var pieces: [[UInt8]] = []
        /// Whether the connection is closed after them.
        var closes = false

        /// A reply with these parameters.
        static func reply(_ parameters: some Encodable) -> Answer { Answer(pieces: [VarlinkReply.bytes(parameters)]) }

        /// An error.
        static func error(_ error: VarlinkError) -> Answer { Answer(pieces: [VarlinkReply.bytes(of: error)]) }

        /// Any text, with a NUL at its end.
        static func text(_ text: String) -> Answer { Answer(pieces: [Array(text.utf8) + [0]]) }
    }

    /// The path of the socket.
    let path: String

    private let directory: TemporaryDirectory
    private let raw: CInt

    /// Listens.
    ///
    /// - Parameter answer: called on the thread of each connection.
    init(_ answer: @escaping @Sendable (VarlinkCall) -> Answer) throws {
        directory = try TemporaryDirectory()
        path = directory.appending("control")
        raw = try Server(ServerAddress(.unix(path: path))).release()
        let raw = raw
        Thread.detachNewThread {
            while case let accepted = Server.accept(from: raw), accepted >= 0 {
                Thread.detachNewThread { Self.serve(accepted, answer) }
            }
            close(raw)
        }
    }

    deinit { shutdown(raw, CInt(SHUT_RDWR)) }

    /// Where a client connects.
    var place: ControlPlace {
        get throws { try ControlPlace(path: path, instance: nil) }
    }

    /// A client that waits for at most `patience`.
    func connect(patience: Duration = .seconds(60)) throws -> ControlConnection {
        try ControlConnection(to: place, patience: patience)
    }

    private static func serve(_ raw: CInt, _ answer: (VarlinkCall) -> Answer) {
        defer { close(raw) }
        var splitter = MessageSplitter(limit: MessageSplitter.longestCall)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(raw, &buffer, buffer.count), count > 0 {
            guard (try? splitter.append(buffer[..<count])) != nil else { return }
            while let message = splitter.next() {
                guard let call = try? VarlinkCall(message) else { return }
                let answer = answer(call)
                for piece in answer.pieces {
                    var rest = piece[...]
                    while !rest.isEmpty {
                        let sent = rest.withUnsafeBytes { send(raw, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
                        guard sent > 0 else { return }
                        rest = rest.dropFirst(sent)
                    }
                }
                if answer.closes { return }
            }
        }
    }
}

extension DaemonStatus {
    /// A daemon that was started an hour ago, at the time ``now``.
    static func sample(lanes: [LaneStatus] = []) -> DaemonStatus {
        DaemonStatus(
            version: "0.1.0", pid: 4711, started: now - 3_600_000_000, configuration: "/etc/usherd/usherd.toml",
            loaded: now - 3_600_000_000, reload: nil, state: .serving, connections: 3, peak: 12, limit: 10_000,
            lanes: lanes)
    }

    /// The time of the samples, in microseconds since 1970.
    static let now: UInt64 = 1_800_000_000_000_000
}
