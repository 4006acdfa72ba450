// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Standard error as a stream for `print`.
struct StandardError: TextOutputStream {
    mutating func write(_ text: String) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            // unsafe: the slice is within the array, which outlives the call.
            let count = unsafe bytes[written...].withUnsafeBytes {
                unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count)
            }
            guard count > 0 else { return }
            written += count
        }
    }
}
