// SPDX-License-Identifier: Apache-2.0

package import LinuxSystem

/// Waits for time to pass.
package enum Pause {
    /// Returns after a duration.
    package static func wait(for duration: Duration) throws(SystemError) {
        var none: [Poll.Entry] = []
        guard let deadline = UInt64.deadline(in: duration) else { return }
        while Clock.monotonic < deadline { try Poll.wait(&none, until: deadline) }
    }
}
