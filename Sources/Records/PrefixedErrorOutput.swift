// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Standard error for messages that cannot go to the log: a failed start, a stuck log. Nothing else in usherd uses it.
///
/// The first line begins with the program's name. Control characters are escaped; newlines are kept, since the report on a
/// configuration shows its lines.
///
/// Concurrency: stateless; each chunk of up to 4096 bytes is one write(2), which is atomic on a pipe.
public struct PrefixedErrorOutput: Sendable {
    private let prefix: String
    private let raw: CInt

    /// Makes an output that starts each message with `prefix` and a colon.
    public init(prefix: String = "usherd", descriptor: CInt = 2) {
        self.prefix = prefix
        raw = descriptor
    }

    /// Writes a message; gives up if standard error does not become writable, so that the daemon never blocks on it.
    ///
    /// - Parameter patience: how long to wait for a write of up to 4096 bytes to be possible, in milliseconds.
    public func say(_ message: String, patience: CInt = 100) {
        let lines = message.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        say(lines.map { Escaping.text.apply(to: Array($0)) }, patience)
    }

    /// Writes a message that is escaped already: in a report on a configuration, a backslash is the file's own and stays.
    public func say(harmless message: String) {
        say(message.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }, 100)
    }

    private func say(_ lines: [[UInt8]], _ patience: CInt) {
        var bytes = Escaping.text.apply(to: Array(prefix.utf8)) + Array(": ".utf8)
        bytes += lines.joined(separator: [UInt8(ascii: "\n")])
        if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
        write(bytes, patience)
    }

    /// A pipe that poll(2) reports as writable accepts PIPE_BUF bytes (4096, pipe(7)) without blocking.
    private func write(_ bytes: [UInt8], _ patience: CInt) {
        var offset = 0
        while offset < bytes.count {
            let end = min(offset + 4096, bytes.count)
            var ready = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
            // unsafe: one local.
            guard unsafe poll(&ready, 1, patience) == 1, ready.revents & Int16(POLLOUT) != 0 else { return }
            // unsafe: the slice is checked against the array's bounds, and the pointer lives for the call.
            let count = unsafe bytes[offset..<end].withUnsafeBytes { unsafe Glibc.write(raw, $0.baseAddress, $0.count) }
            if count <= 0 { return }
            offset += count
        }
    }
}
