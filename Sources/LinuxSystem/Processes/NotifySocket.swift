// SPDX-License-Identifier: Apache-2.0

import Addresses
import CLinux
import Glibc

/// Sends notifications to the service manager without ever blocking: `$NOTIFY_SOCKET` of sd_notify(3).
///
/// sd_notify(3) itself blocks while the queue of the socket is full, and opens a descriptor for each message. This socket is
/// opened once, so messages can be sent even when the process has no descriptor left.
///
/// Concurrency: immutable; may be used from any thread.
public final class NotifySocket: Sendable {
    /// The result of sending a message.
    public enum Outcome: Sendable {
        /// It is in the manager's queue.
        case sent
        /// The queue is full; try again later.
        case full
        /// The message could not be delivered. sd_notify(3) advises to ignore that: a missing manager is no reason to stop.
        case undelivered
    }

    private let descriptor: OwnedDescriptor
    private let address: SocketAddress

    /// Opens the socket that the environment names; nil without a service manager.
    public convenience init?() {
        // unsafe: nothing changes the environment while the daemon starts.
        guard let value = unsafe getenv("NOTIFY_SOCKET") else { return nil }
        self.init(named: unsafe String(cString: value))
    }

    /// Opens a socket for a path, or for `@NAME` in the abstract namespace; nil for anything else.
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

    /// Sends assignments such as `READY=1`, one per line, in one datagram.
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
