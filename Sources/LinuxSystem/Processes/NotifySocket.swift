// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux
import Glibc

/// The way to the service manager: `$NOTIFY_SOCKET` of sd_notify(3), without ever waiting for it.
///
/// sd_notify(3) itself waits as long as nobody reads the socket and its queue is full, and opens a descriptor for each
/// message. This one is opened once, so that messages also go out while the process has no descriptor left.
///
/// Concurrency: immutable; may be used from any thread.
public final class NotifySocket: Sendable {
    /// What became of a message.
    public enum Outcome: Sendable {
        /// It is in the manager's queue.
        case sent
        /// The queue is full: try again later.
        case full
        /// Nobody listens there. The manual advises to go on: a manager that does not listen is no reason to stop.
        case undelivered
    }

    private let descriptor: OwnedDescriptor
    private let address: SocketAddress

    /// Opens the way that the environment names; nil without a service manager.
    public convenience init?() {
        // unsafe: nothing changes the environment while the daemon starts.
        guard let value = unsafe getenv("NOTIFY_SOCKET") else { return nil }
        self.init(named: unsafe String(cString: value))
    }

    /// Opens the way to a path, or to `@NAME` in the abstract namespace; nil for anything else.
    package init?(named text: String) {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, 2...SocketAddress.longestUnixPath ~= bytes.count else { return nil }
        switch first {
        case UInt8(ascii: "/"): address = .unix(path: bytes)
        case UInt8(ascii: "@"): address = .abstract(name: Array(bytes.dropFirst()))
        default: return nil
        }
        guard let descriptor = try? SocketKind.unixDatagram.makeSocket(for: address) else { return nil }
        self.descriptor = descriptor
    }

    /// Sends assignments such as `READY=1`, one a line, in one datagram.
    public func send(_ state: String) -> Outcome {
        let bytes = Array(state.utf8)
        let raw = descriptor.raw
        let flags = CInt(MSG_DONTWAIT)
        do throws(SystemError) {
            // unsafe: both pointers are valid for the call.
            let count = try unsafe bytes.withUnsafeBufferPointer { (bytes) throws(SystemError) in
                try systemCallIfReady("sendto") {
                    unsafe address.withKernelAddress { pointer, length in
                        unsafe sendto(raw, bytes.baseAddress, bytes.count, flags, pointer, length)
                    }
                }
            }
            return count == nil ? .full : .sent
        } catch {
            return error.errno == ENOBUFS || error.errno == ENOMEM ? .full : .undelivered
        }
    }
}
