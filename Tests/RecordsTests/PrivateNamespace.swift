// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization
import Testing

/// Runs `body` on a thread of its own that has its own view of the mounted file systems, so that a test can mount what it
/// needs and nobody else sees it. The view ends with the thread. Root only.
func inPrivateMountNamespace(_ body: @escaping @Sendable () throws -> Void) throws {
    typealias Unshare = @convention(c) (CInt) -> CInt
    let symbol = try #require(dlsym(nil, "unshare"))
    let unshare = unsafeBitCast(symbol, to: Unshare.self)
    let newMountNamespace: CInt = 0x0002_0000
    let recursivePrivate: UInt = 1 << 18 | 1 << 14
    let failure = Mutex<(any Error)?>(nil)
    let isDone = DispatchSemaphore(value: 0)
    Thread {
        do {
            try #require(unshare(newMountNamespace) == 0)
            try #require(mount("none", "/", nil, recursivePrivate, nil) == 0)
            try body()
        } catch {
            failure.withLock { $0 = error }
        }
        isDone.signal()
    }.start()
    isDone.wait()
    if let error = failure.withLock({ $0 }) { throw error }
}
