// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Records
import Testing

@testable import Reactor

@Suite struct BrokenEndTests {
    private static let rows: [(errno: CInt, isReset: Bool, isOfHost: Bool)] = [
        (ECONNRESET, true, false), (EPIPE, true, false), (ENOTCONN, true, false), (ETIMEDOUT, false, false),
        (EHOSTUNREACH, false, false), (EPROTO, false, false), (ENOMEM, false, true), (ENOBUFS, false, true),
        (ECONNABORTED, false, true), (EMFILE, false, true),
    ]

    @Test(arguments: rows)
    func `a reset is attributed to its side, a shortage to the daemon`(
        row: (errno: CInt, isReset: Bool, isOfHost: Bool)
    ) {
        for (side, reset) in [(CloseParty.client, CloseReason.resetByClient), (.upstream, .resetByUpstream)] {
            let end = BrokenEnd(row.errno, of: side, over: .tcp)
            #expect(end.reason == (row.isReset ? reset : .error))
            #expect(end.party == (row.isOfHost ? .daemon : side))
            #expect(end.errno == (row.isReset ? 0 : row.errno))
        }
    }

    @Test func `EMSGSIZE is message-too-long`() {
        let end = BrokenEnd(EMSGSIZE, of: .client, over: .unixSeqpacket)
        #expect(end.reason == .messageTooLong && end.party == .client && end.errno == EMSGSIZE)
    }
}
