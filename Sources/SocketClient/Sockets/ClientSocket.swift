// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

/// The one socket of a client, on which it talks.
///
/// Concurrency: belongs to one thread.
final class ClientSocket {
    /// What kind of socket it is.
    let kind: SocketKind

    /// Where the other side is; nil for a socket that takes what comes from anywhere.
    let peer: SocketAddress?

    /// Whether the kernel knows the peer as well. Groups and buses are not connected to: their members answer from
    /// addresses of their own.
    let isConnected: Bool

    /// The other side in the grammar of addresses, or where we listen, for people.
    let name: String

    /// Where what is sent goes if there is no one peer: to whoever wrote last.
    private(set) var lastWriter: SocketAddress?

    private let descriptor: OwnedDescriptor
    private let file: UnixSocketFile?
    private var buffer: [UInt8]

    /// The longest message that RDS has, and more than the others have: what is longer is truncated.
    private static let longestMessage = 1 << 20

    /// Takes over a socket that is connected, or bound.
    init(
        _ descriptor: consuming OwnedDescriptor, _ kind: SocketKind, peer: SocketAddress?, isConnected: Bool = true,
        name: String, file: UnixSocketFile? = nil
    ) {
        self.descriptor = descriptor
        self.kind = kind
        self.peer = peer
        self.isConnected = isConnected && peer != nil
        self.name = name
        self.file = file
        buffer = Array(repeating: 0, count: kind.isByteStream ? 1 << 16 : Self.longestMessage)
    }

    deinit { removeFile() }

    /// Removes the path that the socket was given: it would refuse whoever finds it there.
    func removeFile() {
        try? file?.remove()
    }

    /// The number, for poll(2).
    var raw: CInt { descriptor.raw }

    /// Whether there is somebody to send to.
    var hasPeer: Bool { peer != nil || lastWriter != nil }

    /// Whether poll(2) knows when there is room: not for a socket that is not connected, whose room is the other's.
    var roomIsKnown: Bool { isConnected }

    // MARK: - Sending

    /// Sends what goes of bytes of a stream, or a message whole.
    ///
    /// - Returns: how many bytes went; nil if nothing goes at the moment.
    func send(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int? {
        if kind.isByteStream {
            // unsafe: a span of plain bytes, whose owner lives for the call.
            switch unsafe try Transfer.send(raw, from: bytes.span.bytes) {
            case .moved(let count): return count
            case .wouldBlock, .endOfStream: return nil
            }
        }
        do throws(SystemError) {
            return try MessageSocket.send(kind, raw, Array(bytes), to: isConnected ? nil : peer ?? lastWriter)
                ? bytes.count : nil
        } catch {
            // The queue of the interface is full, which empties at the speed of the bus.
            if error.errno == ENOBUFS, kind == .can { return nil }
            throw error
        }
    }

    /// Ends the writing direction.
    func finishSending() throws(SystemError) {
        try StreamSocket.finishWriting(raw)
    }

    /// What is known of the fate of datagrams that went: of a refusal, loopback knows at once.
    var pendingError: SystemError? {
        guard kind.isDatagram else { return nil }
        do throws(SystemError) {
            try OutgoingSocket.finish(raw)
            return nil
        } catch {
            return SystemError("send", errno: error.errno)
        }
    }

    // MARK: - Receiving

    /// What came in.
    enum Arrival {
        case nothing
        case stream([UInt8])
        /// The bytes, and how many there were where they came from.
        case message([UInt8], length: Int)
        case end
    }

    /// Takes what is there.
    func receive() throws(SystemError) -> Arrival {
        let raw = raw
        if kind.isByteStream {
            // unsafe: the buffer is ours for the call.
            let transfer = try unsafe buffer.withUnsafeMutableBufferPointer { (bytes) throws(SystemError) in
                try unsafe Transfer.receive(raw, into: UnsafeMutableRawBufferPointer(bytes))
            }
            switch transfer {
            case .moved(let count): return .stream(Array(buffer[..<count]))
            case .wouldBlock: return .nothing
            case .endOfStream: return .end
            }
        }
        // unsafe: as above.
        let arrival = try unsafe buffer.withUnsafeMutableBufferPointer { (bytes) throws(SystemError) in
            try unsafe MessageSocket.receive(raw, into: UnsafeMutableRawBufferPointer(bytes))
        }
        guard let arrival else { return .nothing }
        // Nothing, and not even an empty message: ``Transfer/receiveMessage(_:into:)``.
        if kind == .unixSeqpacket, arrival.length == 0, !arrival.hasControl { return .end }
        if kind.isDatagram, arrival.source != .unnamed { lastWriter = arrival.source ?? lastWriter }
        return .message(Array(buffer[..<min(arrival.length, buffer.count)]), length: arrival.length)
    }
}
