// SPDX-License-Identifier: Apache-2.0

/// How long a room has to do with who comes by datagrams, in nanoseconds, whatever `idle-timeout` says: for there is no
/// end of a connection by which one could be known to be gone.
struct ChatPatience {
    /// How long a source may take to come in.
    var outside: UInt64 = 60_000_000_000

    /// How long a member may be silent.
    var silence: UInt64 = 3_600_000_000_000
}
