// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
public import Records

extension Worker {
    /// Ends the connection once all output is sent and the client has finished, or the time is over.
    public final func finish(_ reason: CloseReason, by party: CloseParty) {
        // The daemon and the operator do not wait for a client that reads nothing.
        if party == .daemon || party == .operator { limitEnd() }
        let ending = ConnectionPhase.Ending(reason: reason, by: party, clientFinished: client.hasEnded)
        perform(phase.finish(ending, outputIsEmpty: output.isEmpty))
    }

    /// Closes the connection after an error of its socket.
    final func closeAfterError(_ error: SystemError) { close(after: error, of: .client, over: client.kind) }

    /// Performs an action of the phase.
    final func perform(_ action: ConnectionPhase.Action) {
        switch action {
        case .none:
            break
        case .close(let ending):
            close(ending.reason, by: ending.by)
        case .finishWriting:
            limitEnd()
            // Edge-triggered: bytes that have arrived already cause no further event.
            client.isReadable = true
            do throws(SystemError) {
                try client.finishWriting()
                lane.giveTurn(to: self)
            } catch {
                closeAfterError(error)
            }
        }
    }
}
