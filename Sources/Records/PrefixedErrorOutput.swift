// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Standard error for what has no log to go to: a start that failed, a log that is stuck. Nothing else in usherd prints.
///
/// The first line begins with the program's name. Control characters are escaped; newlines stay, since a
/// configuration's mistake is shown with its line.
///
/// Concurrency: stateless; each 4096 bytes of a message are one write(2), which the kernel does not mix with another.
public struct PrefixedErrorOutput: Sendable {
    private let prefix: String
    private let raw: CInt

    /// Makes an output that begins each message with `prefix` and a colon.
    public init(prefix: String = "usherd", descriptor: CInt = 2) {
        self.prefix = prefix
        raw = descriptor
    }

    /// Writes a message, and returns without it when nobody takes it: the daemon never hangs on its last words.
    ///
    /// - Parameter patience: how long to wait for a reader, in milliseconds.
    public func say(_ message: String, patience: CInt = 100) {
        let lines = message.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        say(lines.map { Escaping.text.apply(to: Array($0)) }, patience)
    }

    /// Writes a message whose parts are harmless already: in a report on a configuration, a backslash is the file's own
    /// and stays one.
    public func say(harmless message: String) {
        say(message.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }, 100)
    }

    private func say(_ lines: [[UInt8]], _ patience: CInt) {
        var bytes = Escaping.text.apply(to: Array(prefix.utf8)) + Array(": ".utf8)
        bytes += lines.joined(separator: [UInt8(ascii: "\n")])
        if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
        write(bytes, patience)
    }

    /// A pipe that poll(2) calls writable takes PIPE_BUF bytes (4096, pipe(7)) without waiting.
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
