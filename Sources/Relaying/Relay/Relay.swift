// SPDX-License-Identifier: Apache-2.0

package import Addresses

/// The state machine of a relayed connection: decides what to read, write, shut down and reset.
///
/// The sockets are edge-triggered, so the relay remembers for each whether it is readable and writable: an event sets this,
/// and a call that returns EAGAIN clears it.
///
/// A failure of one peer is not turned into an orderly EOF: the other peer is reset, after it got all bytes that came before
/// (``Ending/side``).
public struct Relay: Hashable {
    /// How the relay ended.
    public struct Ending: Hashable {
        /// The peer that ended it: the first one to send EOF, or the one that failed.
        public var side: RelaySide
        /// Whether that peer failed, so that the other one is to be reset.
        public var isBroken: Bool
        /// The error of that peer's socket, errno(3); 0 for an orderly end.
        public var errno: CInt

        /// Makes an ending.
        @inlinable public init(side: RelaySide, isBroken: Bool, errno: CInt) {
            self.side = side
            self.isBroken = isBroken
            self.errno = errno
        }
    }

    /// What the caller does after a turn.
    public enum Verdict: Equatable {
        /// Wait for events.
        case wait
        /// Run again after other sessions had their turn.
        case again
        /// Both directions are over: close both sockets.
        case close(Ending)
    }

    /// The state of the direction from the client to the upstream.
    @inlinable public var toUpstream: RelayDirection { upstreamward }

    /// The state of the direction from the upstream to the client.
    @inlinable public var toClient: RelayDirection { clientward }

    @usableFromInline var upstreamward = RelayDirection.flowing
    @usableFromInline var clientward = RelayDirection.flowing
    @usableFromInline var readable = Sides(client: false, upstream: false)
    @usableFromInline var writable = Sides(client: true, upstream: true)
    @usableFromInline var erred = Sides(client: false, upstream: false)

    /// How the relay ends; nil until one peer sends EOF or fails.
    @inlinable public var ending: Ending? { end }

    @usableFromInline var end: Ending?

    /// Makes a relay between two connected peers.
    ///
    /// - Parameter isHolding: whether bytes are held for the upstream that it did not take while it was connecting.
    @inlinable public init(isHoldingForUpstream isHolding: Bool = false) {
        if isHolding {
            upstreamward = .holding
            // The last write was short, so EPOLLOUT follows.
            writable.upstream = false
        }
    }

    /// Whether both peers are open and nothing is held: the common case.
    @inlinable public var isFlowing: Bool {
        guard case .flowing = toUpstream, case .flowing = toClient else { return false }
        return ending == nil && !erred.client && !erred.upstream
    }

    /// Whether one direction is over and the other is not.
    @inlinable public var isHalfClosed: Bool { toUpstream.isOver != toClient.isOver }

    /// Whether one peer has failed and only held bytes for the other are left to write.
    ///
    /// That peer may never take them: it may itself wait for the failed peer to read.
    @inlinable public var isOnlyDraining: Bool {
        isHolding && (ending?.isBroken == true || erred.client || erred.upstream)
    }

    /// Whether bytes are held for a peer.
    @inlinable public var isHolding: Bool { toUpstream.isHolding || toClient.isHolding }

    /// Notes an event of a socket.
    ///
    /// - Parameter hasError: whether the event reports an error. A read or a write returns the error, unless the peer sent
    ///   EOF before: then reads return EOF only.
    @inlinable public mutating func ready(_ side: RelaySide, toRead: Bool, toWrite: Bool, hasError: Bool = false) {
        if hasError { erred[side] = true }
        if toRead { readable[side] = true }
        if toWrite { writable[side] = true }
    }

    /// Whether an event reported an error of this socket.
    @inlinable public func hasError(_ side: RelaySide) -> Bool { erred[side] }

    /// Moves bytes in both directions as far as possible.
    @inlinable public mutating func run(on transport: some RelayTransport) -> Verdict {
        var isPending = mayMove(from: .upstream) && pump(from: .upstream, on: transport)
        if mayMove(from: .client), pump(from: .client, on: transport) { isPending = true }
        if isFlowing { return isPending ? .again : .wait }
        if erred.client { findError(of: .client, on: transport) }
        if erred.upstream { findError(of: .upstream, on: transport) }
        // Moving bytes one way may have failed the peer of the other direction, so this is checked after both.
        if let ending, toUpstream.isOver, toClient.isOver { return .close(ending) }
        // After a failed write the peer is read to EOF. No further event reports what is left in its buffer.
        if isReadToItsEnd(.client) || isReadToItsEnd(.upstream) { isPending = true }
        return isPending ? .again : .wait
    }

    /// Whether there may be bytes to move from this source.
    @inlinable func mayMove(from source: RelaySide) -> Bool { readable[source] || !self[from: source].isFlowing }

    /// Whether a peer to which a write failed may still be read.
    @inlinable func isReadToItsEnd(_ side: RelaySide) -> Bool {
        hasRefused(side) && readable[side] && self[from: side].isFlowing
    }

    /// Moves bytes in one direction.
    ///
    /// - Returns: whether there may be more to move.
    @inlinable mutating func pump(from source: RelaySide, on transport: some RelayTransport) -> Bool {
        let destination = source.other
        var reads = 0
        while true {
            switch self[from: source] {
            case .flowing:
                guard readable[source] else { return false }
                guard reads < transport.readsPerTurn else { return true }
                reads += 1
                let step = transport.pass(from: source)
                // The common case first: all that was read was written.
                if ending == nil, case .moved(isEmpty: true, isHeld: false) = step {
                    readable[source] = false
                    return false
                }
                take(step, from: source, on: transport)
            case .holding, .draining:
                guard writable[destination] else { return false }
                switch transport.flush(to: destination) {
                case .moved(_, isHeld: false):
                    act(self[from: source].drained(), on: destination, transport)
                case .moved, .blocked:
                    writable[destination] = false
                case .broken(let side, let errno):
                    broke(side, errno: errno, isGone: false, transport)
                case .end:
                    return false
                }
            case .over, .cut:
                return false
            }
        }
    }

    /// Processes the result of a read.
    @inlinable mutating func take(_ step: RelayStep, from source: RelaySide, on transport: some RelayTransport) {
        switch step {
        case .moved(let isEmpty, let isHeld):
            // After a failed write, read until EAGAIN or EOF, since no event follows.
            if isEmpty, !hasRefused(source) { readable[source] = false }
            if isHeld {
                self[from: source].held()
                writable[source.other] = false
            }
        case .blocked:
            readable[source] = false
            // A read from a broken socket returns its error or EOF. EAGAIN here means that a write failed on a socket that
            // is still open: bytes were lost, so this counts as broken.
            if hasRefused(source) {
                act(self[from: source].sourceEnded(.broken), on: source.other, transport)
            }
        case .end:
            if hasRefused(source) {
                // EOF from a peer that takes no more bytes: it has closed.
                act(self[from: source].sourceEnded(.broken), on: source.other, transport)
            } else {
                if ending == nil { end = Ending(side: source, isBroken: false, errno: 0) }
                act(self[from: source].sourceEnded(.finished), on: source.other, transport)
            }
        case .broken(let side, let errno):
            broke(side, errno: errno, isGone: side == source, transport)
        }
    }

    /// Processes the failure of a socket. Bytes that it received before may still be read, unless the read is what failed.
    @inlinable mutating func broke(
        _ side: RelaySide, errno: CInt, isGone: Bool, _ transport: some RelayTransport
    ) {
        if ending?.isBroken != true { end = Ending(side: side, isBroken: true, errno: errno) }
        self[from: side.other].destinationBroke()
        if isGone {
            act(self[from: side].sourceEnded(.broken), on: side.other, transport)
        } else {
            // The remaining bytes and EOF cause no further event.
            readable[side] = true
        }
    }

    /// Reads the pending error of a peer that sent EOF: it may have reset the connection since.
    ///
    /// Reads would not return the error, since nothing is read from the peer any more.
    @inlinable mutating func findError(of side: RelaySide, on transport: some RelayTransport) {
        guard self[from: side] == .over(.finished), !self[from: side.other].isOver else { return }
        erred[side] = false
        let errno = transport.error(of: side)
        if errno != 0 { broke(side, errno: errno, isGone: true, transport) }
    }

    /// Whether a write to this peer, or shutdown(2) on it, has failed.
    @inlinable func hasRefused(_ side: RelaySide) -> Bool {
        guard let ending, ending.isBroken, ending.side == side else { return false }
        return self[from: side.other].isOver
    }

    @inlinable mutating func act(
        _ action: RelayDirection.Action, on destination: RelaySide, _ transport: some RelayTransport
    ) {
        // If both directions are over, close(2) follows and sends the FIN.
        guard action == .finishDestination, !(toUpstream.isOver && toClient.isOver) else { return }
        let errno = transport.finish(destination)
        if errno != 0 { broke(destination, errno: errno, isGone: false, transport) }
    }

    // MARK: - Sides

    /// The direction from this peer.
    @inlinable subscript(from side: RelaySide) -> RelayDirection {
        get { side == .client ? toUpstream : toClient }
        set { if side == .client { upstreamward = newValue } else { clientward = newValue } }
    }

    /// A flag for each peer.
    @usableFromInline struct Sides: Hashable {
        @usableFromInline var client: Bool
        @usableFromInline var upstream: Bool

        @inlinable init(client: Bool, upstream: Bool) {
            self.client = client
            self.upstream = upstream
        }

        @inlinable subscript(side: RelaySide) -> Bool {
            get { side == .client ? client : upstream }
            set { if side == .client { client = newValue } else { upstream = newValue } }
        }
    }
}

// MARK: - For another process

extension Relay {
    // Field numbers are part of the format: never reuse one.
    private enum Field {
        static let toUpstream: UInt8 = 1
        static let toClient: UInt8 = 2
        static let clientErred: UInt8 = 3
        static let upstreamErred: UInt8 = 4
        static let endingSide: UInt8 = 5
        static let endingIsBroken: UInt8 = 6
        static let endingErrno: UInt8 = 7
    }

    /// Writes the state for a successor process.
    package func write(to writer: inout FieldWriter) {
        writer.write(Field.toUpstream, Self.number(of: toUpstream))
        writer.write(Field.toClient, Self.number(of: toClient))
        writer.write(Field.clientErred, erred.client ? 1 : 0)
        writer.write(Field.upstreamErred, erred.upstream ? 1 : 0)
        guard let ending else { return }
        writer.write(Field.endingSide, ending.side == .client ? 0 : 1)
        writer.write(Field.endingIsBroken, ending.isBroken ? 1 : 0)
        writer.write(Field.endingErrno, UInt64(bitPattern: Int64(ending.errno)))
    }

    /// Reads the state that ``write(to:)`` wrote. Readiness is not part of it: both sockets are assumed readable and
    /// writable, since a spurious attempt returns EAGAIN and does no harm.
    package init(_ reader: FieldReader) throws(FieldMistake) {
        upstreamward = try Self.direction(reader, Field.toUpstream)
        clientward = try Self.direction(reader, Field.toClient)
        readable = Sides(client: true, upstream: true)
        writable = Sides(client: true, upstream: true)
        erred = Sides(
            client: try Self.flag(reader, Field.clientErred), upstream: try Self.flag(reader, Field.upstreamErred))
        guard try reader.numberIfPresent(Field.endingSide) != nil else { return }
        let errno = Int64(bitPattern: try reader.number(Field.endingErrno))
        guard let errno = CInt(exactly: errno) else { throw .invalid(Field.endingErrno) }
        end = Ending(
            side: try Self.flag(reader, Field.endingSide) ? .upstream : .client,
            isBroken: try Self.flag(reader, Field.endingIsBroken), errno: errno)
    }

    private static func number(of direction: RelayDirection) -> UInt64 {
        UInt64(RelayDirection.all.firstIndex(of: direction) ?? 0)
    }

    private static func direction(_ reader: FieldReader, _ field: UInt8) throws(FieldMistake) -> RelayDirection {
        let number = try reader.number(field, as: Int.self)
        guard RelayDirection.all.indices.contains(number) else { throw .invalid(field) }
        return RelayDirection.all[number]
    }

    private static func flag(_ reader: FieldReader, _ field: UInt8) throws(FieldMistake) -> Bool {
        switch try reader.number(field, as: Int.self) {
        case 0: false
        case 1: true
        default: throw .invalid(field)
        }
    }
}
