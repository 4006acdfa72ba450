// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

extension Client {
    /// Sends until nothing more fits, even after a while.
    ///
    /// - Returns: how many bytes went.
    func fill() throws -> Int {
        let part = TestData.bytes(65536)
        var total = 0
        var pauses = 0
        while pauses < 5 {
            let sent = try sendWhatFits(part)
            total += sent
            pauses = sent == 0 ? pauses + 1 : 0
            usleep(10_000)
        }
        return total
    }
}
