// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ControlProtocol

@Suite struct ConnectionDetailTests {
    /// The states of the interface are those that the encoder writes, and all of them.
    @Test func `the states of TCP are those of the description`() throws {
        let own = try InterfaceText(ControlInterface.description)
        guard case .members(let members)? = own.types["Tcp"], let state = members.first(where: { $0.name == "state" })
        else {
            Issue.record("the interface has no state of Tcp")
            return
        }
        #expect(state.kind == .optional(.choice(TCPStatus.State.allCases.map(\.rawValue))))
    }
}

extension ConnectionDetail {
    /// With everything in it.
    static var complete: ConnectionDetail {
        var origin = OriginStatus(via: "tcp://192.0.2.1:1", version: 2, isLocal: false)
        origin.destination = "tcp://192.0.2.2:443"
        origin.uniqueID = "usherd/1/1/00000000deadbeef/7"
        origin.authority = "example.net"
        origin.hops = 1
        var tcp = TCPStatus()
        tcp.state = .established
        tcp.congestion = "cubic"
        tcp.pacingRate = .max
        tcp.receivedMicroseconds = 1000
        tcp.sentMicroseconds = 2000
        var side = SideStatus()
        side.local = "tcp://192.0.2.2:443"
        side.transfer = .splicing
        (side.held, side.piped) = (1, 2)
        (side.receiveQueue, side.sendQueue) = (3, 4)
        side.tcp = tcp
        var relaying = RelayingStatus(
            connectMicroseconds: 1, queueMicroseconds: 2, attempts: 3, failures: ["tcp://10.0.0.6:1: refused"])
        relaying.connected = 5
        var detail = ConnectionDetail()
        detail.origin = origin
        detail.deadlines = [DeadlineStatus(name: "idle-timeout", leftMicroseconds: 6)]
        detail.halfClosed = 7
        detail.client = side
        detail.upstream = side
        detail.relaying = relaying
        return detail
    }
}
