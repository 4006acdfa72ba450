// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
public import Records

extension Worker {
    /// Ends the connection once everything that was sent is on its way, and the client has read it or has had the time.
    public final func finish(_ reason: CloseReason, by party: CloseParty) {
        // Who ends it from outside does not wait for a client that reads nothing.
        if party == .daemon || party == .operator { limitEnd() }
        let ending = ConnectionPhase.Ending(reason: reason, by: party, clientFinished: client.hasEnded)
        perform(phase.finish(ending, outputIsEmpty: output.isEmpty))
    }

    /// The kernel said that the connection is broken.
    final func broke(_ error: SystemError) { close(after: error, of: .client, over: client.kind) }

    /// Does what the phase says.
    final func perform(_ action: ConnectionPhase.Action) {
        switch action {
        case .none:
            break
        case .close(let ending):
            close(ending.reason, by: ending.by)
        case .finishWriting:
            limitEnd()
            // What the client has sent already brings no further event.
            client.isReadable = true
            do throws(SystemError) {
                try client.finishWriting()
                lane.giveTurn(to: self)
            } catch {
                broke(error)
            }
        }
    }
}
