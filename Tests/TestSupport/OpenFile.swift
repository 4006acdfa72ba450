// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A descriptor of the test's own, closed with the last reference to it.
public final class OpenFile: Sendable {
    /// The number.
    public let raw: CInt

    /// Opens a file, close-on-exec and with mode 0644 if it is made.
    public init(_ path: String, _ flags: CInt) throws {
        raw = open(path, flags | O_CLOEXEC, 0o644)
        guard raw >= 0 else { throw POSIXFailure("open \(path)") }
    }

    /// Takes over a descriptor.
    public init(adopting raw: CInt) {
        self.raw = raw
    }

    /// Writes all bytes.
    public func write(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) }
            guard count > 0 else { throw POSIXFailure("write") }
            written += count
        }
    }

    deinit { close(raw) }
}
