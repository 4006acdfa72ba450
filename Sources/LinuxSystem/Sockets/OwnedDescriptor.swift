// SPDX-License-Identifier: Apache-2.0

import CLinux

/// A file descriptor with one owner, closed when the owner lets go of it.
///
/// It cannot be copied, so it cannot be closed twice or used after it was closed by another.
///
/// Concurrency: the number may be handed from one thread to another with its owner; the kernel takes care of the rest.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// The number, for the calls of this module. It is valid as long as this value lives.
    public let raw: CInt

    /// Takes over a descriptor that nobody else owns.
    public init(adopting raw: CInt) {
        precondition(raw >= 0, "a descriptor is never negative")
        self.raw = raw
    }

    /// Gives up the ownership without closing: the caller now has to see to it.
    public consuming func relinquish() -> CInt {
        let raw = raw
        discard self
        return raw
    }

    // close(2): on Linux the descriptor is gone even when EINTR is reported, and no other error is one to act on here.
    deinit {
        _ = clinux_close(raw)
    }
}
