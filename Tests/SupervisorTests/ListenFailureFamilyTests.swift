// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Testing

@testable import Supervisor

/// What is said of a family of sockets that the kernel does not have.
@Suite struct ListenFailureFamilyTests {
    private func message(_ operation: StaticOperation, _ errno: CInt, _ address: String) throws -> String {
        let settings = try listener(address)
        let cause = ListenFailure.Cause.system(SystemError(operation, errno: errno))
        return ListenFailure(listener: settings.name, address: try #require(settings.listen.first), cause: cause)
            .message
    }

    @Test(arguments: [EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT])
    func `EAFNOSUPPORT names the modules to load and the unit setting to change`(errno: CInt) throws {
        for (address, modules, family) in [
            ("can://can0", "can can-raw", "AF_CAN"), ("rds://127.0.0.1:7", "rds rds_tcp", "AF_RDS"),
            ("vsock://any:7", "vsock vsock_loopback", "AF_VSOCK"),
        ] {
            let message = try message("socket", errno, address)
            #expect(message.contains("cannot listen on \(address): socket: "))
            #expect(message.contains("`modprobe -a \(modules)`"))
            #expect(message.hasSuffix("RestrictAddressFamilies= of the unit has to name \(family)"))
        }
    }

    @Test(arguments: [
        ("vsock://local:7", EADDRNOTAVAIL, "`modprobe vsock_loopback`"),
        ("rds://192.0.2.1:7", EADDRNOTAVAIL, "`modprobe rds_tcp`"),
        ("can://lo", ENODEV, "this interface is not a CAN interface"),
        ("tcp://192.0.2.1:7", EADDRNOTAVAIL, "this host has no such address: see ip address"),
    ])
    func `a bind that fails names what is missing`(address: String, errno: CInt, words: String) throws {
        #expect(try message("bind", errno, address).contains(words))
    }
}
