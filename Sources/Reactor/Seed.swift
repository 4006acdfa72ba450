// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Synchronization

/// A connection on its way from accept(2) to its service: what is known of it, and its socket.
///
/// It passes through admission, perhaps to another lane, and through the PROXY header, which may name another client. Each
/// step hands on the whole value.
///
/// Concurrency: Sendable, because the lane that accepted may hand it to another one. It owns the socket: dropping it closes
/// the connection.
public struct Seed: ~Copyable, Sendable {
    /// What is known of the connection.
    public package(set) var identity: Identity

    /// The connected socket.
    let descriptor: OwnedDescriptor

    init(_ identity: Identity, _ descriptor: consuming OwnedDescriptor) {
        self.identity = identity
        self.descriptor = descriptor
    }

    /// Gives the socket away.
    consuming func takeDescriptor() -> OwnedDescriptor { descriptor }
}

/// A ``Seed`` in a message to another lane, which an array can hold.
///
/// Concurrency: the seed is behind a mutex; one lane puts it in, another takes it out.
final class SeedParcel: Sendable {
    private let seed: Mutex<Seed?>

    init(_ seed: consuming Seed) {
        self.seed = Mutex(consume seed)
    }

    /// Takes the seed out; nil if it was taken already.
    func take() -> Seed? {
        seed.withLock { $0.take() }
    }

    #if DEBUG
        /// What is inside: the identity, and the number of the descriptor. Nil if the seed was taken. Debug builds only.
        var contents: (identity: Identity, raw: CInt)? {
            seed.withLock { seed in
                switch seed {
                case .some(let seed): (seed.identity, seed.descriptor.raw)
                case nil: nil
                }
            }
        }
    #endif
}
