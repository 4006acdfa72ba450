// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization
import Testing

/// Runs `body` on a thread of its own in a network that has nothing but a loopback interface with this MTU. The network ends
/// with the thread and its sockets. Root only.
func inPrivateNetwork(mtu: CInt, _ body: @escaping @Sendable () throws -> Void) throws {
    typealias Unshare = @convention(c) (CInt) -> CInt
    let symbol = try #require(dlsym(nil, "unshare"))
    let unshare = unsafeBitCast(symbol, to: Unshare.self)
    let newNetwork: CInt = 0x4000_0000
    let failure = Mutex<(any Error)?>(nil)
    let isDone = DispatchSemaphore(value: 0)
    Thread {
        do {
            try #require(unshare(newNetwork) == 0)
            try setUpLoopback(mtu: mtu)
            try body()
        } catch {
            failure.withLock { $0 = error }
        }
        isDone.signal()
    }.start()
    isDone.wait()
    if let error = failure.withLock({ $0 }) { throw error }
}

/// Sets the MTU of the loopback interface, and sets it up: netdevice(7).
private func setUpLoopback(mtu: CInt) throws {
    let raw = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
    try #require(raw >= 0)
    defer { close(raw) }
    // struct ifreq: a name of 16 bytes, and a union of 24.
    var request = [UInt8](repeating: 0, count: 40)
    request.replaceSubrange(0..<2, with: Array("lo".utf8))
    withUnsafeBytes(of: mtu) { request.replaceSubrange(16..<20, with: $0) }
    try #require(ioctl(raw, UInt(SIOCSIFMTU), &request) == 0)
    let flags = Int16(IFF_UP | IFF_RUNNING)
    withUnsafeBytes(of: flags) { request.replaceSubrange(16..<18, with: $0) }
    try #require(ioctl(raw, UInt(SIOCSIFFLAGS), &request) == 0)
}
