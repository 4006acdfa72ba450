// SPDX-License-Identifier: Apache-2.0

package import LinuxSystem

/// What a read of a ``Stream`` came to.
package enum StreamRead: Equatable {
    /// So many bytes came; zero only for an empty message. `isDrained` says that only an event brings more.
    case moved(Int, isDrained: Bool)
    /// There are none until the next event.
    case wouldBlock
    /// The peer has finished.
    case endOfStream
}

/// A connected socket, and what its edge-triggered events have said: the only place that reads, writes, splices, shuts down
/// or resets one.
///
/// Its owner hands every event to ``note(_:)`` first. A ``StreamFilter`` may stand between it and the socket; without one,
/// that costs each call a branch. The socket of an upstream may be a datagram socket that is connected to it: what comes
/// through that is read by ``DatagramBatch``.
///
/// Concurrency: belongs to the lane of its owner. It owns the socket.
public struct Stream: ~Copyable {
    /// The number of the socket, to register it and to read datagrams with; -1 once closed.
    package private(set) var raw: CInt

    /// The kind of the socket.
    package let kind: SocketKind

    /// Whether a read may find something: an event said so, and no read has found nothing since.
    package var isReadable = false

    /// Whether a write may go: none was short since the last event that said so.
    package private(set) var isWritable = true

    /// Whether the peer's end was read.
    package private(set) var hasEnded = false

    /// Whether the connection stands; until then an event tells when it does.
    package private(set) var isConnected = true

    /// Whether urgent data, the end or an error was announced, so that a short read does not mean that the socket is empty.
    package private(set) var hasMoreThanData = false

    /// How many writes are left until TCP_NODELAY is set: see ``prepareToWrite()``.
    private var writesUntilNoDelay: UInt8 = 0

    /// Whether ``finishWriting()`` waits for the filter.
    private var isFinishing = false

    /// Whether epoll watches it, and whether for EPOLLOUT too.
    fileprivate(set) var isRegistered = false
    package fileprivate(set) var awaitsWritable = false

    private var descriptor: OwnedDescriptor?
    private var filter: (any StreamFilter)?

    /// Takes over a connected socket.
    package init(_ descriptor: consuming OwnedDescriptor, _ kind: SocketKind) {
        raw = descriptor.raw
        self.kind = kind
        self.descriptor = consume descriptor
    }

    /// A stream that is closed.
    init(closed kind: SocketKind) {
        raw = -1
        self.kind = kind
    }

    /// Makes a socket and begins to connect it: connect(2), which does not wait. ``isConnected`` says whether it stands.
    ///
    /// - Parameters:
    ///   - source: the address to come from.
    ///   - timers: how a TCP connection finds out that its peer has vanished.
    ///   - filters: which frames of a CAN bus come in; none takes all.
    ///   - selfConnects: notices a connection to itself; nil does not look.
    ///   - hasData: whether the first bytes are at hand, so that the acknowledgement that completes a TCP connection can
    ///     travel with them.
    /// - Throws: what ``OutgoingSocket`` throws.
    package init(
        connectingTo address: SocketAddress, _ kind: SocketKind, from source: SocketAddress?, timers: PeerTimers? = nil,
        filters: [CANFilter] = [], selfConnects: SelfConnectGuard?, hasData: Bool = false
    ) throws(SystemError) {
        let descriptor = try OutgoingSocket.make(kind, for: address, from: source, timers: timers, filters: filters)
        if hasData { try OutgoingSocket.acknowledgeWithData(descriptor.raw) }
        let isConnected = try OutgoingSocket.connect(descriptor.raw, to: address, selfConnects)
        self.init(descriptor, kind)
        self.isConnected = isConnected
        writesUntilNoDelay = kind == .tcp ? 2 : 0
    }

    /// Puts a filter between it and its socket, from the next byte on.
    package mutating func install(_ filter: any StreamFilter) {
        precondition(kind.isByteStream, "a filter transforms bytes, and knows no messages")
        self.filter = filter
    }

    /// Whether a filter transforms its bytes.
    var isFiltered: Bool { filter != nil }

    // MARK: - Events

    /// Notes what an event said.
    ///
    /// - Returns: what it means to the owner: with a filter, that a read and a write may both go on.
    package mutating func note(_ readiness: Readiness) -> Readiness {
        if !readiness.isDisjoint(with: .anyInput) { isReadable = true }
        if readiness.contains(.writable) { isWritable = true }
        if !readiness.isDisjoint(with: .moreThanData) { hasMoreThanData = true }
        guard filter != nil else { return readiness }
        return noteFiltered(readiness)
    }

    private mutating func noteFiltered(_ readiness: Readiness) -> Readiness {
        guard !readiness.isDisjoint(with: [.readable, .writable]) else { return readiness }
        isReadable = true
        isWritable = true
        // A read says what is wrong if this fails.
        if isFinishing { try? finishWriting() }
        return readiness.union([.readable, .writable])
    }

    /// Learns what became of a connection that was begun, from the event that says that the socket is writable or in error.
    ///
    /// - Throws: why it did not come about: SO_ERROR of socket(7).
    package mutating func finishConnecting(_ readiness: Readiness) throws(SystemError) {
        if !readiness.isDisjoint(with: [.error, .hangUp]) { try takeError() }
        if readiness.contains(.writable) { isConnected = true }
    }

    // MARK: - Input

    /// Reads into the lane's buffer: as much of a stream as `length`, or one message.
    ///
    /// - Throws: what recv(2) says; `EMSGSIZE` for a message that is longer than the buffer.
    package mutating func read(into buffer: borrowing InputBuffer, atMost length: Int) throws(SystemError) -> StreamRead
    {
        let transfer: Transfer
        if let filter {
            transfer = try buffer.fill(atMost: length) { span throws(SystemError) in
                try filter.read(into: &span, from: FilteredSocket(raw))
            }
        } else if kind.isByteStream {
            transfer = try buffer.receive(from: raw, atMost: length)
        } else {
            transfer = try buffer.receiveMessage(from: raw)
        }
        switch transfer {
        case .moved(let count):
            // A short read of TCP has emptied the socket (epoll(7)). Unix sockets also stop at descriptors and credentials.
            let isDrained = kind == .tcp && count < length && !hasMoreThanData && filter == nil
            if isDrained { isReadable = false }
            return .moved(count, isDrained: isDrained)
        case .wouldBlock:
            isReadable = false
            return .wouldBlock
        case .endOfStream:
            isReadable = false
            hasEnded = true
            return .endOfStream
        }
    }

    /// Reads without taking: MSG_PEEK of recv(2). What a filter would read cannot be told without taking it.
    package func peek(into buffer: borrowing InputBuffer, atMost length: Int) throws(SystemError) -> Transfer {
        guard filter == nil else { return .wouldBlock }
        return try buffer.peek(at: raw, atMost: length)
    }

    /// The error of the socket, which it tells once: SO_ERROR of socket(7).
    package func takeError() throws(SystemError) { try OutgoingSocket.finish(raw) }

    // MARK: - Output

    /// Writes as many bytes as there is room for, or one message.
    ///
    /// - Throws: what send(2) says.
    package mutating func write(_ bytes: RawSpan) throws(SystemError) -> Transfer {
        if writesUntilNoDelay > 0 { prepareToWrite() }
        let transfer: Transfer
        if let filter {
            transfer = try filter.write(bytes, to: FilteredSocket(raw))
        } else if kind == .rds {
            // RDS takes no flags.
            // unsafe: the bytes are copied while the span is borrowed.
            let copy = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
            transfer = try MessageSocket.send(kind, raw, copy) ? .moved(copy.count) : .wouldBlock
        } else {
            transfer = try Transfer.send(raw, from: bytes)
        }
        isWritable = transfer == .moved(bytes.byteCount)
        return transfer
    }

    /// Writes the first `count` bytes of what the last read brought.
    package mutating func write(_ count: Int, of buffer: borrowing InputBuffer) throws(SystemError) -> Transfer {
        try buffer.withBytes(count) { bytes throws(SystemError) in try write(bytes) }
    }

    /// The first write of a connection made from here goes at once anyway. With the second one, small ones must not wait for
    /// the answer to it: TCP_NODELAY of tcp(7), which an accepted socket has from the one that it came in through.
    private mutating func prepareToWrite() {
        writesUntilNoDelay -= 1
        // What fails here fails the write too.
        if writesUntilNoDelay == 0 { try? OutgoingSocket.sendAtOnce(raw) }
    }

    /// Has small writes go at once from now on.
    package mutating func sendAtOnce() {
        guard writesUntilNoDelay > 0 else { return }
        writesUntilNoDelay = 1
        prepareToWrite()
    }

    /// Tells the peer that no more comes: shutdown(2). With a filter, perhaps after the next event.
    package mutating func finishWriting() throws(SystemError) {
        if let filter {
            isFinishing = true
            guard try filter.finish(FilteredSocket(raw)) else { return }
            isFinishing = false
        }
        try StreamSocket.finishWriting(raw)
    }

    /// Whether the kernel holds bytes that the peer has not acknowledged: SIOCOUTQ of tcp(7).
    package var hasUnsent: Bool { OutgoingSocket.hasUnsent(raw) }

    // MARK: - Splicing

    /// Whether splice(2) moves its bytes: not where a filter transforms them.
    package var canSplice: Bool { filter == nil && (kind == .tcp || kind == .unixStream) }

    /// Moves what there is into an empty pipe: ``Pipe/fill(from:atMost:)``.
    package func splice(into pipe: Pipe, atMost length: Int) throws(SystemError) -> Int {
        try pipe.fill(from: raw, atMost: length)
    }

    /// Moves what a pipe holds out: ``Pipe/drain(to:)``.
    package mutating func splice(from pipe: Pipe) throws(SystemError) -> Int? {
        if writesUntilNoDelay > 0 { prepareToWrite() }
        return try pipe.drain(to: raw)
    }

    // MARK: - The end

    /// Has the close of the socket reset the connection: SO_LINGER of socket(7). What was not sent yet is lost.
    package func resetOnClose() {
        // A socket that is gone needs none.
        if raw >= 0 { try? StreamSocket.resetOnClose(raw) }
    }

    /// Closes the socket.
    package mutating func close() {
        descriptor = nil
        filter = nil
        raw = -1
    }

    /// Takes the stream out, for another owner, and leaves a closed one.
    mutating func take() -> Stream {
        var stream = Stream(closed: kind)
        swap(&stream, &self)
        return stream
    }

    /// Gives the socket away, which must not have a filter: that belongs to this lane.
    consuming func takeDescriptor() -> OwnedDescriptor {
        guard filter == nil, let descriptor = descriptor.take() else {
            preconditionFailure("an open stream without a filter can be handed over")
        }
        return descriptor
    }

    /// The address of this side: getsockname(2).
    package func localAddress() throws(SystemError) -> SocketAddress { try ListeningSocket.localAddress(of: raw) }
}

// MARK: - Registration

extension Lane {
    /// Has epoll tell a pollable of the lane's table what its stream is ready for; EPOLLOUT only if a write was short, or the
    /// connection does not stand yet.
    package func register(_ stream: inout Stream, of pollable: Pollable) throws(SystemError) {
        let forWriting = stream.awaitsWritable || !stream.isConnected || stream.isFiltered
        let readiness: Readiness = forWriting ? .connection : .input
        let token = table.token(of: pollable)
        if stream.isRegistered {
            try poll.modify(stream.raw, for: readiness, token: token)
        } else {
            try poll.add(stream.raw, for: readiness, token: token)
        }
        stream.isRegistered = true
        stream.awaitsWritable = forWriting
    }

    /// Registers for EPOLLOUT after a short write. Idempotent; a stream that is not registered yet will be registered so.
    package func awaitWritable(_ stream: inout Stream, of pollable: Pollable) throws(SystemError) {
        guard !stream.awaitsWritable else { return }
        stream.awaitsWritable = true
        guard stream.isRegistered else { return }
        try poll.modify(stream.raw, for: .connection, token: table.token(of: pollable))
    }
}
