// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
public import Records

/// A ``Session`` with a client's socket.
///
/// ``Worker`` answers the client for a service, and a relay passes its bytes on.
///
/// Concurrency: as ``Session``.
open class StreamSession: Session {
    /// The client's socket.
    package final var client: Stream

    /// Takes over a connection that was admitted.
    public init(_ seed: consuming Seed, lane: Lane) {
        client = seed.stream
        super.init(seed.identity, seed.admittance, lane: lane)
    }

    /// Registers for EPOLLOUT after a short write to the client. Idempotent.
    package final func awaitWritable() {
        guard isOpen else { return }
        do throws(SystemError) {
            try lane.awaitWritable(&client, of: self)
        } catch {
            close(.error, by: .daemon, errno: error.errno)
        }
    }

    /// Moves the connection to another session. This one ends without a record.
    final func takeSeed() -> Seed? {
        guard let admittance = admittance.take() else { return nil }
        isOpen = false
        return Seed(identity, client.take(), admittance)
    }

    public override func close(_ reason: CloseReason, by party: CloseParty, errno: CInt = 0) {
        guard isOpen else { return }
        lane.close(&client)
        super.close(reason, by: party, errno: errno)
    }

    /// Resets the connection, so that the client knows that it was not served.
    override func refuse(_ refusal: Refusal) {
        guard isOpen else { return }
        client.resetOnClose()
        client.close()
        super.refuse(refusal)
    }
}
