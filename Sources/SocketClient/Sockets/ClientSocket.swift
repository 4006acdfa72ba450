// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem

/// The socket of a client.
///
/// Concurrency: belongs to one thread.
final class ClientSocket {
    /// The kind of the socket.
    let kind: SocketKind

    /// The address of the peer; nil for a socket that receives from any address.
    let peer: SocketAddress?

    /// Whether the socket is connected. Sockets for groups and buses are not, since their members answer from other
    /// addresses.
    let isConnected: Bool

    /// The address of the peer, or the local address of a listening socket, in endpoint syntax.
    let name: String

    /// The sender of the last datagram, to which data is sent if there is no fixed peer.
    private(set) var lastWriter: SocketAddress?

    private let descriptor: OwnedDescriptor
    private let file: UnixSocketFile?
    private var buffer: [UInt8]

    /// The longest RDS message, more than other kinds allow. Longer messages are truncated.
    private static let longestMessage = 1 << 20

    /// Takes ownership of a socket that is connected or bound.
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

    /// Removes the socket's path, which would refuse connections from now on.
    func removeFile() {
        try? file?.remove()
    }

    /// The descriptor, for poll(2).
    var raw: CInt { descriptor.raw }

    /// Whether there is an address to send to.
    var hasPeer: Bool { peer != nil || lastWriter != nil }

    /// Whether poll(2) reports that the socket is writable. It does not for an unconnected one, where the receiver's queue
    /// counts.
    var roomIsKnown: Bool { isConnected }

    // MARK: - Sending

    /// Sends a part of a stream, or a whole message.
    ///
    /// - Returns: how many bytes were sent; nil if the socket is not writable.
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
            // ENOBUFS: the transmit queue of the interface is full; it drains at the speed of the bus.
            if error.errno == ENOBUFS, kind == .can { return nil }
            throw error
        }
    }

    /// Shuts down the write side.
    func finishSending() throws(SystemError) {
        try StreamSocket.finishWriting(raw)
    }

    /// The pending error of a datagram socket (SO_ERROR): through loopback a refusal is known at once.
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

    /// The result of a receive.
    enum Arrival {
        case nothing
        case stream([UInt8])
        /// The bytes, and the original length of the message.
        case message([UInt8], length: Int)
        case end
    }

    /// Receives what is available.
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
        // Length 0 without control data is EOF, not an empty message: ``Transfer/receiveMessage(_:into:)``.
        if kind == .unixSeqpacket, arrival.length == 0, !arrival.hasControl { return .end }
        if kind.isDatagram, arrival.source != .unnamed { lastWriter = arrival.source ?? lastWriter }
        return .message(Array(buffer[..<min(arrival.length, buffer.count)]), length: arrival.length)
    }
}
