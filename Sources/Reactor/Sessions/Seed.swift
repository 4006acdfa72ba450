// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Synchronization

/// A connection on its way from accept(2) to its service: what is known of it, and its socket.
///
/// It passes through admission, perhaps to another lane, and through the PROXY header, which may name another client. Each
/// step hands on the whole value.
///
/// Concurrency: belongs to one lane; a ``SeedParcel`` takes it to another one. It owns the socket: dropping it closes the
/// connection.
public struct Seed: ~Copyable {
    /// What is known of the connection.
    public package(set) var identity: Identity

    /// The connected socket.
    var stream: Stream

    init(_ identity: consuming Identity, _ stream: consuming Stream) {
        self.identity = identity
        self.stream = stream
    }

    /// Gives the socket away.
    consuming func takeStream() -> Stream { stream }
}

/// A ``Seed`` on its way to another lane, in a message that an array can hold.
///
/// Concurrency: the socket is behind a mutex; one lane puts it in, another takes it out.
final class SeedParcel: Sendable {
    private let identity: Identity
    private let socket: Mutex<OwnedDescriptor?>

    init(_ seed: consuming Seed) {
        identity = seed.identity
        socket = Mutex(seed.takeStream().takeDescriptor())
    }

    /// Takes the seed out; nil if it was taken already.
    func take() -> Seed? {
        guard let socket = socket.withLock({ $0.take() }) else { return nil }
        return Seed(identity, Stream(socket, identity.kind))
    }

    #if DEBUG
        /// What is inside: the identity, and the number of the socket. Nil if the seed was taken. Debug builds only.
        var contents: (identity: Identity, raw: CInt)? {
            socket.withLock { socket in
                switch socket {
                case .some(let socket): (identity, socket.raw)
                case nil: nil
                }
            }
        }
    #endif
}
