// SPDX-License-Identifier: Apache-2.0

import Records
import Testing

@testable import Reactor

@Suite struct AdmissionLimitsTests {
    /// Against what the lanes do: a connection is counted for the daemon, then for the listener.
    @Test func `the refusal is the one that an admission gets`() {
        for daemonLimit in 0...3 {
            for listenerLimit in [nil, 0, 1, 2] as [Int?] {
                let (daemon, listener) = (ConnectionCount(), ConnectionCount())
                var open: [Held] = []
                for _ in 0..<5 {
                    let limits = AdmissionLimits(
                        daemon: daemon.value, of: daemonLimit, listener: listener.value, of: listenerLimit)
                    do throws(Refusal) {
                        open.append(
                            Held(
                                try Admittance(
                                    daemon: daemon, limit: daemonLimit, listener: listener, limit: listenerLimit)))
                        #expect(limits.refusal == nil)
                    } catch {
                        #expect(limits.refusal == error)
                    }
                }
                #expect(daemon.value == open.count)
            }
        }
    }

    /// Keeps an admittance.
    private final class Held {
        let admittance: Admittance
        init(_ admittance: consuming Admittance) { self.admittance = admittance }
    }
}
