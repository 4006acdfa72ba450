// SPDX-License-Identifier: Apache-2.0

package import Addresses
package import LinuxSystem

/// A connected socket, and what its edge-triggered events have said: the only place that reads, writes, splices, shuts down
/// or resets a stream.
///
/// Its owner hands every event to ``note(_:)`` first. A ``StreamFilter`` may stand between it and the socket; without one,
/// that costs each call a branch. The socket of an upstream may be a datagram socket that is connected to it:
/// ``DatagramBatch`` reads and writes many datagrams of that with one call.
///
/// Concurrency: belongs to the lane of its owner. It owns the socket.
public struct Stream: ~Copyable {
    private var descriptor: OwnedDescriptor?

    /// The kind of the socket.
    package let kind: SocketKind

    private var flags: Flags

    /// What stands between it and the socket, if anything: behind one reference, since each stream has room for it.
    private var filter: FilterBox?

    /// What is known of the socket, in two bytes: an idle connection has a stream, and a relay two.
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
        /// A read is more than a recv(2): it goes through a filter, or is of a message.
        static var readsSpecially: Self { Self(bits: 1 << 10) }
        /// A write is more than a send(2): it goes through a filter, or needs TCP_NODELAY, or takes no flags.
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

    /// The number of the socket, to register it and to read datagrams with; -1 once closed.
    package var raw: CInt {
        switch descriptor {
        case .some(let descriptor): descriptor.raw
        case nil: -1
        }
    }

    /// Whether a read may find something: an event said so, and no read has emptied the socket since.
    package var isReadable: Bool {
        get { flags[.isReadable] }
        set { flags[.isReadable] = newValue }
    }

    /// Whether a write may go: no write was short since the last event that said so. A splice does not change it.
    package var isWritable: Bool { flags[.isWritable] }

    /// Whether the peer's end was read.
    package var hasEnded: Bool { flags[.hasEnded] }

    /// Whether the connection stands; until then an event tells when it does.
    package var isConnected: Bool { flags[.isConnected] }

    /// Whether epoll watches it.
    package fileprivate(set) var isRegistered: Bool {
        get { flags[.isRegistered] }
        set { flags[.isRegistered] = newValue }
    }

    /// Whether epoll is, or will be, asked for EPOLLOUT too.
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
        // epoll(7). Unix sockets also stop at descriptors and credentials, so they are read until they say no.
        if kind == .tcp { flags[.drainsByShortRead] = true }
        if !kind.isByteStream { flags[.readsSpecially] = true }
        if kind == .rds { flags[.writesSpecially] = true }
    }

    /// A stream that is closed.
    package init(closed kind: SocketKind) {
        self.kind = kind
        flags = .none
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
        flags[.isConnected] = isConnected
        if kind == .tcp {
            flags[.needsNoDelay] = true
            flags[.writesSpecially] = true
        }
    }

    /// Puts a filter between it and its socket, from the next byte on.
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

    /// Notes what an event said.
    ///
    /// - Returns: what it means to the owner: with a filter, that a read and a write may both go on.
    package mutating func note(_ readiness: Readiness) -> Readiness {
        if !readiness.isDisjoint(with: .anyInput) {
            flags[.isReadable] = true
            // Urgent data, the end or an error stands behind the data.
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
        // A read says what is wrong if this fails.
        if flags[.isFinishing] { try? finishWriting() }
        return readiness.union([.readable, .writable])
    }

    /// Learns what became of a connection that was begun, from the event that says that the socket is writable or in error.
    ///
    /// - Throws: why it did not come about: SO_ERROR of socket(7).
    package mutating func finishConnecting(_ readiness: Readiness) throws(SystemError) {
        if !readiness.isDisjoint(with: [.error, .hangUp]) { try takeError() }
        if readiness.contains(.writable) { flags[.isConnected] = true }
    }

    // MARK: - Input

    /// Reads into the lane's buffer: as much of a stream as `length`, or one message. Afterwards ``isReadable`` says whether
    /// there may be more before the next event.
    ///
    /// - Throws: what recv(2) says; `EMSGSIZE` for a message that is longer than the buffer.
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
        let transfer =
            try flags[.writesSpecially] ? writeSpecially(bytes) : Transfer.send(raw, from: bytes)
        // Until an event says that it takes more.
        if transfer != .moved(bytes.byteCount) { flags[.isWritable] = false }
        return transfer
    }

    @inline(never)
    private mutating func writeSpecially(_ bytes: RawSpan) throws(SystemError) -> Transfer {
        // The first write of a connection made from here goes at once anyway. From the second one on, small ones must not wait
        // for an acknowledgement: TCP_NODELAY of tcp(7), which an accepted socket inherits.
        if flags[.hasWritten] { sendAtOnce() }
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
        // RDS takes no flags.
        // unsafe: the bytes are copied while the span is borrowed.
        let copy = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
        return try MessageSocket.send(kind, raw, copy) ? .moved(copy.count) : .wouldBlock
    }

    /// Writes the first `count` bytes of what the last read brought.
    package mutating func write(_ count: Int, of buffer: borrowing InputBuffer) throws(SystemError) -> Transfer {
        try buffer.withBytes(count) { bytes throws(SystemError) in try write(bytes) }
    }

    private mutating func noteFirstWrite(_ transfer: Transfer) {
        guard case .moved = transfer else { return }
        flags[.hasWritten] = true
        // Bytes that the kernel takes before it has told of the connection show that it stands.
        flags[.isConnected] = true
    }

    /// Has small writes go at once from now on.
    package mutating func sendAtOnce() {
        guard flags[.needsNoDelay] else { return }
        flags[.needsNoDelay] = false
        if filter == nil { flags[.writesSpecially] = false }
        // What fails here fails the write too.
        try? OutgoingSocket.sendAtOnce(raw)
    }

    /// Tells the peer that no more comes: shutdown(2). With a filter, perhaps after the next event.
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

    // MARK: - Splicing

    /// Whether splice(2) moves its bytes: not where a filter transforms them.
    package var canSplice: Bool { filter == nil && (kind == .tcp || kind == .unixStream) }

    /// Moves what there is into an empty pipe: ``Pipe/fill(from:atMost:)``.
    package func splice(into pipe: Pipe, atMost length: Int) throws(SystemError) -> Int {
        try pipe.fill(from: raw, atMost: length)
    }

    /// Moves what a pipe holds out: ``Pipe/drain(to:)``.
    package mutating func splice(from pipe: Pipe) throws(SystemError) -> Int? {
        if flags[.hasWritten] { sendAtOnce() }
        let moved = try pipe.drain(to: raw)
        if moved != nil { flags[.hasWritten] = true }
        return moved
    }

    // MARK: - The end

    /// Has the close of the socket reset the connection: SO_LINGER of socket(7). What was not sent yet is lost.
    package mutating func resetOnClose() {
        // A closed one needs none.
        guard raw >= 0 else { return }
        try? StreamSocket.resetOnClose(raw)
        flags[.wasReset] = true
    }

    /// Has a filter tell the peer that no more comes: else a peer of TLS could not tell the end from a connection that was cut.
    /// Nothing is told where the connection is reset or broken, or was never made.
    ///
    /// - Returns: false if an event has to come first: ``isFinishing`` says whether it went then.
    mutating func finishFilter() -> Bool {
        guard let filter = filter?.filter, raw >= 0, flags[.isConnected], !flags[.wasReset], !flags[.isBroken]
        else { return true }
        // A connection that is broken takes nothing any more.
        flags[.isFinishing] = (try? filter.finish(FilteredSocket(raw))) == false
        return !flags[.isFinishing]
    }

    /// Whether a filter has to tell the peer yet that no more comes.
    var isFinishing: Bool { flags[.isFinishing] }

    /// Closes the socket at once. What a filter has not told the peer is lost: see ``Lane/close(_:)``.
    package mutating func close() {
        descriptor = nil
        filter = nil
    }

    /// Takes the stream out, for another owner, and leaves a closed one.
    package mutating func take() -> Stream {
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
    /// Has epoll tell a pollable of the lane's table what its stream is ready for; EPOLLOUT only if a write was short, the
    /// connection does not stand yet, or there is a filter.
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
