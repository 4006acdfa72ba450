// SPDX-License-Identifier: Apache-2.0

package import Addresses

/// Two peers and the two directions between them: decides what is read, written and ended, and when it is all over.
///
/// Sockets are edge-triggered, so it is known here whether a read may find something and whether a write may go: an event
/// says that it may, a call that would block that it may not.
///
/// An end that one peer did not choose is not passed on as if it had: a peer that breaks off leads to a reset of the
/// other, once that has been given all that came before (``Ending/side``).
public struct Relay: Hashable {
    /// How it ends.
    public struct Ending: Hashable {
        /// Who ended it: who finished first, or who broke.
        public var side: RelaySide
        /// Whether that peer broke, so that the other is to be reset.
        public var isBroken: Bool
        /// What its socket said, as in errno(3); 0 for an orderly end.
        public var errno: CInt

        /// An ending of a side.
        @inlinable public init(side: RelaySide, isBroken: Bool, errno: CInt) {
            self.side = side
            self.isBroken = isBroken
            self.errno = errno
        }
    }

    /// What to do after a turn.
    public enum Verdict: Equatable {
        /// Wait for events.
        case wait
        /// There is more to do, but others come first.
        case again
        /// Both directions are over: close both sockets.
        case close(Ending)
    }

    /// Where the direction from the client to the upstream is.
    @inlinable public var toUpstream: RelayDirection { upstreamward }

    /// Where the direction from the upstream to the client is.
    @inlinable public var toClient: RelayDirection { clientward }

    @usableFromInline var upstreamward = RelayDirection.flowing
    @usableFromInline var clientward = RelayDirection.flowing
    @usableFromInline var readable = Sides(client: false, upstream: false)
    @usableFromInline var writable = Sides(client: true, upstream: true)
    @usableFromInline var erred = Sides(client: false, upstream: false)

    /// How the relay ends; nil while neither side has ended.
    @inlinable public var ending: Ending? { end }

    @usableFromInline var end: Ending?

    /// Makes a relay between two peers that are connected.
    ///
    /// - Parameter isHolding: whether something is held for the upstream that it did not take while it was connected.
    @inlinable public init(isHoldingForUpstream isHolding: Bool = false) {
        if isHolding {
            upstreamward = .holding
            // What it does not take at once it takes when it becomes writable.
            writable.upstream = false
        }
    }

    /// Whether both peers are there, and all that came from them has gone: how it is nearly always.
    @inlinable public var isFlowing: Bool {
        guard case .flowing = toUpstream, case .flowing = toClient else { return false }
        return ending == nil && !erred.client && !erred.upstream
    }

    /// Whether one peer has finished and the other has not.
    @inlinable public var isHalfClosed: Bool { toUpstream.isOver != toClient.isOver }

    /// Whether one peer is gone, so that what is held for the other is all that is left to do. That one may never take it:
    /// it may be waiting itself for the peer that is gone to read.
    @inlinable public var lastsOnlyToDrain: Bool {
        isHolding && (ending?.isBroken == true || erred.client || erred.upstream)
    }

    /// Whether bytes are held for a peer.
    @inlinable public var isHolding: Bool { toUpstream.isHolding || toClient.isHolding }

    /// A socket has become ready.
    ///
    /// - Parameter hasError: whether it has an error. A read or write tells of it, unless the peer had finished before: then
    ///   a read only finds the end.
    @inlinable public mutating func ready(_ side: RelaySide, toRead: Bool, toWrite: Bool, hasError: Bool = false) {
        if hasError { erred[side] = true }
        if toRead { readable[side] = true }
        if toWrite { writable[side] = true }
    }

    /// Whether a socket was said to have an error.
    @inlinable public func hasErred(_ side: RelaySide) -> Bool { erred[side] }

    /// Does what can be done.
    @inlinable public mutating func run(on transport: some RelayTransport) -> Verdict {
        var isPending = mayMove(from: .upstream) && pump(from: .upstream, on: transport)
        if mayMove(from: .client), pump(from: .client, on: transport) { isPending = true }
        if isFlowing { return isPending ? .again : .wait }
        for side in RelaySide.allCases where erred[side] { findError(of: side, on: transport) }
        // What went one way may have broken the peer of the other.
        if let ending, toUpstream.isOver, toClient.isOver { return .close(ending) }
        // Who has refused something is read to its end, of which no event tells.
        for side in RelaySide.allCases where hasRefused(side) && readable[side] && self[from: side] == .flowing {
            isPending = true
        }
        return isPending ? .again : .wait
    }

    /// Whether there may be something to move in one direction.
    @inlinable func mayMove(from source: RelaySide) -> Bool { readable[source] || self[from: source] != .flowing }

    /// Moves what can be moved in one direction.
    ///
    /// - Returns: whether there may be more.
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
                // What nearly every read comes to, so it is seen first: all that there was has gone.
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

    /// Notes what a read came to.
    @inlinable mutating func take(_ step: RelayStep, from source: RelaySide, on transport: some RelayTransport) {
        switch step {
        case .moved(let isEmpty, let isHeld):
            // Who has refused something is read until it says that there is no more.
            if isEmpty, !hasRefused(source) { readable[source] = false }
            if isHeld {
                self[from: source].held()
                writable[source.other] = false
            }
        case .blocked:
            readable[source] = false
            // A socket that is truly broken says so when it is read. This one has refused a write and lives on, and bytes
            // are lost.
            if hasRefused(source) {
                act(self[from: source].sourceEnded(.broken), on: source.other, transport)
            }
        case .end:
            if hasRefused(source) {
                // Nothing more comes from a peer that takes nothing: it is gone.
                act(self[from: source].sourceEnded(.broken), on: source.other, transport)
            } else {
                if ending == nil { end = Ending(side: source, isBroken: false, errno: 0) }
                act(self[from: source].sourceEnded(.finished), on: source.other, transport)
            }
        case .broken(let side, let errno):
            broke(side, errno: errno, isGone: side == source, transport)
        }
    }

    /// A socket broke. What was still to come from it may be read, unless reading is what failed.
    @inlinable mutating func broke(
        _ side: RelaySide, errno: CInt, isGone: Bool, _ transport: some RelayTransport
    ) {
        if ending?.isBroken != true { end = Ending(side: side, isBroken: true, errno: errno) }
        self[from: side.other].destinationBroke()
        if isGone {
            act(self[from: side].sourceEnded(.broken), on: side.other, transport)
        } else {
            // Its last bytes and its end bring no further event.
            readable[side] = true
        }
    }

    /// Asks a peer that has finished, and from which nothing is read any more, whether it has broken off since.
    @inlinable mutating func findError(of side: RelaySide, on transport: some RelayTransport) {
        guard self[from: side] == .over(.finished), !self[from: side.other].isOver else { return }
        erred[side] = false
        let errno = transport.error(of: side)
        if errno != 0 { broke(side, errno: errno, isGone: true, transport) }
    }

    /// Whether a write to a peer has failed, or to tell it the end.
    @inlinable func hasRefused(_ side: RelaySide) -> Bool {
        guard let ending, ending.isBroken, ending.side == side else { return false }
        return self[from: side.other].isOver
    }

    @inlinable mutating func act(
        _ action: RelayDirection.Action, on destination: RelaySide, _ transport: some RelayTransport
    ) {
        // Where the other direction is over too, the sockets are closed next, which says the same.
        guard action == .finishDestination, !(toUpstream.isOver && toClient.isOver) else { return }
        let errno = transport.finish(destination)
        if errno != 0 { broke(destination, errno: errno, isGone: false, transport) }
    }

    // MARK: - Sides

    /// The direction from a peer.
    @inlinable subscript(from side: RelaySide) -> RelayDirection {
        get { side == .client ? toUpstream : toClient }
        set { if side == .client { upstreamward = newValue } else { clientward = newValue } }
    }

    /// Something that is known of each peer.
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
    // The numbers of the fields are part of the format: none may get another meaning.
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

    /// Reads what ``write(to:)`` wrote. What events have said is not part of it: both sockets are taken to be readable and
    /// writable, since a wake-up for nothing does no harm.
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
