// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import Addresses
@testable import LinuxSystem

@Suite struct PeerCredentialsTests {
    @Test(arguments: [SocketKind.unixStream, .unixSeqpacket])
    func `credentials are those of the connecting process`(kind: SocketKind) throws {
        let socket = try ListeningSocket.own(kind)
        let client = try Client(ServerAddress(socket))
        let (accepted, peer) = try socket.nextConnection()
        #expect(peer == .unnamed)
        let credentials = try PeerCredentials(of: accepted.raw)
        #expect(credentials == PeerCredentials(pid: UInt32(getpid()), uid: geteuid(), gid: getegid()))
        client.close()
    }
}
