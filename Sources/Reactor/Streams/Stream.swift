// SPDX-License-Identifier: Apache-2.0

package import Addresses
package import LinuxSystem

/// A connected socket and its readiness, as edge-triggered events of epoll(7) report it.
///
/// Nothing else reads, writes, splices, shuts down or resets a connected socket. The owner passes every event to
/// ``note(_:)`` first. A ``StreamFilter`` may transform the bytes; without one, it costs each call a branch. The socket of
/// an upstream may be a connected datagram socket: ``DatagramBatch`` reads and writes many datagrams of it with one call.
///
/// Concurrency: belongs to the lane of its owner. It owns the socket.
public struct Stream: ~Copyable {
    private var descriptor: OwnedDescriptor?

    /// The kind of the socket.
    package let kind: SocketKind

    private var flags: Flags

    /// The filter, if there is one. Behind one reference, since every stream has this field.
    private var filter: FilterBox?

    /// The state of the socket in two bytes: an idle connection has a stream, and a relay two.
    private struct Flags {
        private var bits: UInt16

        static var none: Self { Self(bits: 0) }
        static var isReadable: Self { Self(bits: 1 << 0) }
        static var isWritable: Self { Self(bits: 1 << 1) }
        static var hasEnded: Self { Self(bits: 1 << 2) }
        static var isConnected: Self { Self(bits: 1 << 3) }
        static var isFinishing: Self { Self(bits: 1 << 4) }
        static var isRegistered: Self { Self(bits: 1 << 5) }
        static var awaitsWritable: Self { Self(bits: 1 << 6) }
        static var hasWritten: Self { Self(bits: 1 << 7) }
        static var needsNoDelay: Self { Self(bits: 1 << 8) }
        /// A short read means that the socket is empty.
        static var drainsByShortRead: Self { Self(bits: 1 << 9) }
        /// A read needs more than recv(2): a filter, or the boundaries of messages.
        static var readsSpecially: Self { Self(bits: 1 << 10) }
        /// A write needs more than send(2): a filter, TCP_NODELAY before it, or a call without flags.
        static var writesSpecially: Self { Self(bits: 1 << 11) }
        static var wasReset: Self { Self(bits: 1 << 12) }
        /// A filter has failed: it must not write what it still holds when the stream is closed.
        static var isBroken: Self { Self(bits: 1 << 13) }

        subscript(flag: Flags) -> Bool {
            get { bits & flag.bits != 0 }
            set { if newValue { bits |= flag.bits } else { bits &= ~flag.bits } }
        }
    }

    /// A filter behind one reference.
    private final class FilterBox {
        let filter: any StreamFilter
        init(_ filter: any StreamFilter) { self.filter = filter }
    }

    /// The descriptor number, to register it and to receive datagrams; -1 once closed.
    package var raw: CInt {
        switch descriptor {
        case .some(let descriptor): descriptor.raw
        case nil: -1
        }
    }

    /// Whether a read may find data: an event said so, and no read has emptied the socket since.
    package var isReadable: Bool {
        get { flags[.isReadable] }
        set { flags[.isReadable] = newValue }
    }

    /// Whether a write may succeed: no write was short since the last EPOLLOUT. A splice does not change it.
    package var isWritable: Bool { flags[.isWritable] }

    /// Whether a read has returned EOF.
    package var hasEnded: Bool { flags[.hasEnded] }

    /// Whether the connection is established; until then EPOLLOUT or an error follows.
    package var isConnected: Bool { flags[.isConnected] }

    /// Whether it is registered with epoll.
    package fileprivate(set) var isRegistered: Bool {
        get { flags[.isRegistered] }
        set { flags[.isRegistered] = newValue }
    }

    /// Whether it is registered for EPOLLOUT too, or will be once it is registered.
    package fileprivate(set) var awaitsWritable: Bool {
        get { flags[.awaitsWritable] }
        set { flags[.awaitsWritable] = newValue }
    }

    /// Takes over a connected socket.
    package init(_ descriptor: consuming OwnedDescriptor, _ kind: SocketKind) {
        self.descriptor = consume descriptor
        self.kind = kind
        flags = .none
        flags[.isWritable] = true
        flags[.isConnected] = true
        // epoll(7): a short read shows that a stream socket is empty. A read of a Unix socket also stops at descriptors and
        // credentials, so that is read until EAGAIN.
        if kind == .tcp { flags[.drainsByShortRead] = true }
        if !kind.isByteStream { flags[.readsSpecially] = true }
        if kind == .rds { flags[.writesSpecially] = true }
    }

    /// A stream that is closed.
    package init(closed kind: SocketKind) {
        self.kind = kind
        flags = .none
    }

    /// Creates a socket and starts a non-blocking connect(2). ``isConnected`` says whether it is established.
    ///
    /// - Parameters:
    ///   - source: the local address; nil leaves it to the kernel.
    ///   - timers: how a TCP connection finds out that its peer has vanished.
    ///   - filters: which frames of a CAN bus are received; empty for all.
    ///   - selfConnects: detects a connection to itself; nil does not check.
    ///   - hasData: whether the first bytes are ready, so that the ACK that completes a TCP connection can travel with
    ///     them.
    /// - Throws: what ``OutgoingSocket`` throws.
    package init(
        connectingTo address: SocketAddress, _ kind: SocketKind, from source: SocketAddress?, timers: PeerTimers? = nil,
        filters: [CANFilter] = [], selfConnects: SelfConnectGuard?, hasData: Bool = false
    ) throws(SystemError) {
        let descriptor = try OutgoingSocket.make(kind, for: address, from: source, timers: timers, filters: filters)
        if hasData { try OutgoingSocket.acknowledgeWithData(descriptor.raw) }
        let isConnected = try OutgoingSocket.connect(descriptor.raw, to: address, selfConnects)
        self.init(descriptor, kind)
        flags[.isConnected] = isConnected
        if kind == .tcp {
            flags[.needsNoDelay] = true
            flags[.writesSpecially] = true
        }
    }

    /// Installs a filter for all bytes from now on.
    package mutating func install(_ filter: any StreamFilter) {
        precondition(kind.isByteStream, "a filter transforms bytes, and knows no messages")
        self.filter = FilterBox(filter)
        flags[.readsSpecially] = true
        flags[.writesSpecially] = true
        flags[.drainsByShortRead] = false
    }

    /// Whether a filter transforms its bytes.
    var isFiltered: Bool { filter != nil }

    // MARK: - Events

    /// Updates the state from an event.
    ///
    /// - Returns: what the event means to the owner: with a filter, that both a read and a write may continue.
    package mutating func note(_ readiness: Readiness) -> Readiness {
        if !readiness.isDisjoint(with: .anyInput) {
            flags[.isReadable] = true
            // Behind the data there is urgent data, EOF or an error, and no further event announces it: read until EAGAIN.
            if !readiness.isDisjoint(with: .moreThanData) { flags[.drainsByShortRead] = false }
        }
        if readiness.contains(.writable) { flags[.isWritable] = true }
        guard filter != nil else { return readiness }
        return noteFiltered(readiness)
    }

    private mutating func noteFiltered(_ readiness: Readiness) -> Readiness {
        guard !readiness.isDisjoint(with: [.readable, .writable]) else { return readiness }
        flags[.isReadable] = true
        flags[.isWritable] = true
        // If it fails, the next read returns the error.
        if flags[.isFinishing] { try? finishWriting() }
        return readiness.union([.readable, .writable])
    }

    /// Completes a connect from the event that says that the socket is writable or has an error.
    ///
    /// - Throws: why the connect failed: SO_ERROR of socket(7).
    package mutating func finishConnecting(_ readiness: Readiness) throws(SystemError) {
        if !readiness.isDisjoint(with: [.error, .hangUp]) { try throwPendingError() }
        if readiness.contains(.writable) { flags[.isConnected] = true }
    }

    // MARK: - Input

    /// Reads up to `length` bytes of a stream, or one message, into the lane's buffer.
    ///
    /// Afterwards ``isReadable`` says whether there may be more before the next event.
    ///
    /// - Throws: the error of recv(2); `EMSGSIZE` for a message that is longer than the buffer.
    package mutating func read(into buffer: borrowing InputBuffer, atMost length: Int) throws(SystemError) -> Transfer {
        let transfer =
            try flags[.readsSpecially]
            ? readSpecially(into: buffer, atMost: length) : buffer.receive(from: raw, atMost: length)
        if case .moved(let count) = transfer {
            if count < length, flags[.drainsByShortRead] { flags[.isReadable] = false }
        } else {
            flags[.isReadable] = false
            if transfer == .endOfStream { flags[.hasEnded] = true }
        }
        return transfer
    }

    @inline(never)
    private mutating func readSpecially(
        into buffer: borrowing InputBuffer, atMost length: Int
    ) throws(SystemError) -> Transfer {
        guard let filter = filter?.filter else { return try buffer.receiveMessage(from: raw) }
        let socket = FilteredSocket(raw)
        do throws(SystemError) {
            return try buffer.fill(atMost: length) { span throws(SystemError) in
                try filter.read(into: &span, from: socket)
            }
        } catch {
            flags[.isBroken] = true
            throw error
        }
    }

    /// Reads without consuming: MSG_PEEK of recv(2). Returns `.wouldBlock` with a filter, which would have to consume
    /// bytes.
    package func peek(into buffer: borrowing InputBuffer, atMost length: Int) throws(SystemError) -> Transfer {
        guard filter == nil else { return .wouldBlock }
        return try buffer.peek(at: raw, atMost: length)
    }

    /// Throws the pending error of the socket and clears it: SO_ERROR of socket(7).
    package func throwPendingError() throws(SystemError) { try OutgoingSocket.finish(raw) }

    // MARK: - Output

    /// Writes as many bytes as the kernel takes, or one message.
    ///
    /// - Throws: the error of send(2).
    package mutating func write(_ bytes: RawSpan) throws(SystemError) -> Transfer {
        let transfer =
            try flags[.writesSpecially] ? writeSpecially(bytes) : Transfer.send(raw, from: bytes)
        // Until the next EPOLLOUT.
        if transfer != .moved(bytes.byteCount) { flags[.isWritable] = false }
        return transfer
    }

    @inline(never)
    private mutating func writeSpecially(_ bytes: RawSpan) throws(SystemError) -> Transfer {
        // The first write of an outgoing connection is sent at once in any case. From the second one on, small writes must
        // not wait for an ACK: TCP_NODELAY of tcp(7), which accepted sockets inherit.
        if flags[.hasWritten] { setNoDelay() }
        if let filter = filter?.filter {
            do throws(SystemError) {
                let transfer = try filter.write(bytes, to: FilteredSocket(raw))
                noteFirstWrite(transfer)
                return transfer
            } catch {
                flags[.isBroken] = true
                throw error
            }
        }
        guard kind == .rds else {
            let transfer = try Transfer.send(raw, from: bytes)
            noteFirstWrite(transfer)
            return transfer
        }
        // send(2) of RDS takes no flags.
        // unsafe: the bytes are copied while the span is borrowed.
        let copy = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
        return try MessageSocket.send(kind, raw, copy) ? .moved(copy.count) : .wouldBlock
    }

    /// Writes the first `count` bytes of the last read.
    package mutating func write(_ count: Int, of buffer: borrowing InputBuffer) throws(SystemError) -> Transfer {
        try buffer.withBytes(count) { bytes throws(SystemError) in try write(bytes) }
    }

    private mutating func noteFirstWrite(_ transfer: Transfer) {
        guard case .moved = transfer else { return }
        flags[.hasWritten] = true
        // The kernel took bytes, so the connection is established, even if EPOLLOUT has not said so yet.
        flags[.isConnected] = true
    }

    /// Sets TCP_NODELAY on an outgoing TCP connection, once.
    package mutating func setNoDelay() {
        guard flags[.needsNoDelay] else { return }
        flags[.needsNoDelay] = false
        if filter == nil { flags[.writesSpecially] = false }
        // If this fails, the write fails too.
        try? OutgoingSocket.setNoDelay(raw)
    }

    /// Shuts down the writing side: shutdown(2). With a filter, perhaps only after the next event.
    package mutating func finishWriting() throws(SystemError) {
        if let filter = filter?.filter {
            flags[.isFinishing] = true
            guard try filter.finish(FilteredSocket(raw)) else { return }
            flags[.isFinishing] = false
        }
        try StreamSocket.finishWriting(raw)
    }

    /// Whether the kernel holds bytes that the peer has not acknowledged: SIOCOUTQ of tcp(7).
    package var hasUnsent: Bool { OutgoingSocket.hasUnsent(raw) }

    /// The kernel's view of the socket: some system calls.
    package var kernelState: SocketState { SocketState(of: raw, kind) }

    /// The round-trip time of a TCP connection as the kernel measures it, in microseconds: one system call. Nil for other kinds.
    package var roundTripTime: UInt32? { kind == .tcp ? TCPState.roundTripTime(of: raw) : nil }

    // MARK: - Splicing

    /// Whether splice(2) can move its bytes: TCP and Unix streams without a filter.
    package var canSplice: Bool { filter == nil && (kind == .tcp || kind == .unixStream) }

    /// Splices bytes from the socket into an empty pipe: ``Pipe/fill(from:atMost:)``.
    package func splice(into pipe: Pipe, atMost length: Int) throws(SystemError) -> Int {
        try pipe.fill(from: raw, atMost: length)
    }

    /// Splices the content of a pipe into the socket: ``Pipe/drain(to:)``.
    package mutating func splice(from pipe: Pipe) throws(SystemError) -> Int? {
        if flags[.hasWritten] { setNoDelay() }
        let moved = try pipe.drain(to: raw)
        if moved != nil { flags[.hasWritten] = true }
        return moved
    }

    // MARK: - Closing

    /// Makes close(2) reset the connection: SO_LINGER of socket(7). Unsent bytes are lost.
    package mutating func resetOnClose() {
        guard raw >= 0 else { return }
        try? StreamSocket.resetOnClose(raw)
        flags[.wasReset] = true
    }

    /// Has a filter send its end marker, without which a TLS peer cannot tell EOF from a cut connection.
    ///
    /// Nothing is sent if the connection is reset or broken, or was never established.
    ///
    /// - Returns: false if it can be sent only after an event: until then ``isFinishing`` is true.
    mutating func finishFilter() -> Bool {
        guard let filter = filter?.filter, raw >= 0, flags[.isConnected], !flags[.wasReset], !flags[.isBroken]
        else { return true }
        // An error means that the connection is broken: there is nothing to wait for.
        flags[.isFinishing] = (try? filter.finish(FilteredSocket(raw))) == false
        return !flags[.isFinishing]
    }

    /// Whether a filter still has to send its end marker.
    var isFinishing: Bool { flags[.isFinishing] }

    /// Closes the socket at once, even if a filter has not sent its end marker: see ``Lane/close(_:)``.
    package mutating func close() {
        descriptor = nil
        filter = nil
    }

    /// Moves the stream out, for another owner, and leaves a closed one.
    package mutating func take() -> Stream {
        var stream = Stream(closed: kind)
        swap(&stream, &self)
        return stream
    }

    /// Moves the descriptor out. There must be no filter, since that belongs to this lane.
    consuming func takeDescriptor() -> OwnedDescriptor {
        guard filter == nil, let descriptor = descriptor.take() else {
            preconditionFailure("an open stream without a filter can be handed over")
        }
        return descriptor
    }

    /// The local address: getsockname(2).
    package func localAddress() throws(SystemError) -> SocketAddress { try ListeningSocket.localAddress(of: raw) }
}

// MARK: - Registration

extension Lane {
    /// Registers the stream of a pollable in the lane's table with epoll.
    ///
    /// For EPOLLOUT only if a write was short, the connection is not established yet, or there is a filter.
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

    /// Registers for EPOLLOUT after a short write. Idempotent. A stream that is not registered yet gets EPOLLOUT with its
    /// registration.
    package func awaitWritable(_ stream: inout Stream, of pollable: Pollable) throws(SystemError) {
        guard !stream.awaitsWritable else { return }
        stream.awaitsWritable = true
        guard stream.isRegistered else { return }
        try poll.modify(stream.raw, for: .connection, token: table.token(of: pollable))
    }
}
