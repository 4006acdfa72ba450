// SPDX-License-Identifier: Apache-2.0

/// The timeouts in nanoseconds of sources that use datagrams, in place of `idle-timeout`.
///
/// Datagrams have no EOF that would show that a source has left.
struct ChatPatience {
    /// How long a source may take to join.
    var outside: UInt64 = 60_000_000_000

    /// How long a member may send nothing.
    var silence: UInt64 = 3_600_000_000_000
}
