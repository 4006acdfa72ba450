// SPDX-License-Identifier: Apache-2.0

import CSystemd
import Glibc

/// What systemd passes to the daemon: sd_listen_fds(3), sd_watchdog_enabled(3). Replies go through ``NotifySocket``.
public enum ServiceManager {
    /// The watchdog timeout, within which the manager expects `WATCHDOG=1`, in microseconds; nil if it is off.
    public static var watchdogMicroseconds: UInt64? {
        var microseconds: UInt64 = 0
        // unsafe: a local.
        return unsafe sd_watchdog_enabled(0, &microseconds) > 0 ? microseconds : nil
    }

    /// Whether standard error is connected to the journal: `$JOURNAL_STREAM` of systemd.exec(5) names the device and
    /// inode of the stream.
    public static var journalReadsStandardError: Bool {
        // unsafe: only ``takePassedDescriptors()`` changes the environment, before the daemon has a second thread.
        guard let text = unsafe getenv("JOURNAL_STREAM") else { return false }
        let parts = unsafe String(cString: text).split(separator: ":").compactMap { UInt64($0) }
        var status = stat()
        // unsafe: a local.
        guard parts.count == 2, unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
        return UInt64(status.st_dev) == parts[0] && UInt64(status.st_ino) == parts[1]
    }

    /// Takes the descriptors that the manager passed, each with its name, and unsets the variables that announce them.
    ///
    /// The caller owns the descriptors.
    public static func takePassedDescriptors() -> [(name: String, raw: CInt)] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        // unsafe: on success `names` points to `count` strings. The array and each string are freed below.
        let count = unsafe sd_listen_fds_with_names(1, &names)
        guard count > 0, let names = unsafe names else { return [] }
        var passed: [(name: String, raw: CInt)] = []
        for index in 0..<Int(count) {
            guard let name = unsafe names[index] else { continue }
            unsafe passed.append((String(cString: name), SD_LISTEN_FDS_START + CInt(index)))
            unsafe free(name)
        }
        unsafe free(names)
        return passed
    }
}
