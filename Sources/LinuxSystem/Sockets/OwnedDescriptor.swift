// SPDX-License-Identifier: Apache-2.0

import CLinux

/// A file descriptor with one owner; closed when the owner is destroyed.
///
/// It cannot be copied, so it cannot be closed twice or used after another owner closed it.
///
/// Concurrency: a descriptor and its owner may move between threads; the kernel synchronises the calls.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// The number, for the calls of this module. It is valid as long as this value lives.
    public let raw: CInt

    /// Takes over a descriptor that has no other owner.
    public init(adopting raw: CInt) {
        precondition(raw >= 0, "a descriptor is never negative")
        self.raw = raw
    }

    /// Gives up ownership without closing; the caller must close the descriptor.
    public consuming func relinquish() -> CInt {
        let raw = raw
        discard self
        return raw
    }

    // close(2): Linux frees the descriptor even if it returns EINTR; other errors need no action here.
    deinit {
        _ = clinux_close(raw)
    }
}
