// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Synchronization

/// A connection on its way from accept(2) to its service: its identity, socket and admittance.
///
/// It passes through admission, perhaps to another lane, and through the PROXY header, which may name another client. Each
/// step passes on the whole value.
///
/// Concurrency: belongs to one lane; a ``SeedParcel`` takes it to another one. It owns the socket: dropping it closes the
/// connection and releases its admittance.
public struct Seed: ~Copyable {
    /// The number, addresses and listener of the connection.
    public package(set) var identity: Identity

    /// The connected socket.
    var stream: Stream

    /// Its share of the limits, released when it is dropped.
    var admittance: Admittance

    init(_ identity: consuming Identity, _ stream: consuming Stream, _ admittance: consuming Admittance) {
        self.identity = identity
        self.stream = stream
        self.admittance = admittance
    }

    /// Moves the admittance out. Take the stream first: dropping the rest closes it.
    consuming func takeAdmittance() -> Admittance { admittance }
}

/// A ``Seed`` on its way to another lane, in a message that an array can hold.
///
/// Concurrency: the socket is behind a mutex; one lane puts it in, another takes it out.
final class SeedParcel: Sendable {
    /// The parts that may leave the lane: the stream itself belongs to it.
    private struct Content: ~Copyable, Sendable {
        let socket: OwnedDescriptor
        let admittance: Admittance

        init(_ seed: consuming Seed) {
            socket = seed.stream.take().takeDescriptor()
            admittance = seed.takeAdmittance()
        }
    }

    private let identity: Identity
    private let content: Mutex<Content?>

    init(_ seed: consuming Seed) {
        identity = seed.identity
        content = Mutex(Content(seed))
    }

    /// Takes the seed out; nil if it was taken already.
    func take() -> Seed? {
        guard let content = content.withLock({ $0.take() }) else { return nil }
        return Seed(identity, Stream(content.socket, identity.kind), content.admittance)
    }

    #if DEBUG
        /// The identity, and the descriptor number of the socket; nil if the seed was taken. Debug builds only.
        var contents: (identity: Identity, raw: CInt)? {
            content.withLock { content in
                switch content {
                case .some(let content): (identity, content.socket.raw)
                case nil: nil
                }
            }
        }
    #endif
}
