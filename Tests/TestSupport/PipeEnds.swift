// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Makes a pipe that blocks, and that no process inherits which another test starts: pipe(7).
///
/// - Returns: its ends, which the caller closes.
public func makePipe() throws -> (reading: CInt, writing: CInt) {
    var ends: [CInt] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { throw POSIXFailure("pipe2") }
    for end in ends where fcntl(end, F_SETFL, 0) != 0 { throw POSIXFailure("fcntl") }
    return (ends[0], ends[1])
}
