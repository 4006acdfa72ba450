// SPDX-License-Identifier: Apache-2.0

import Glibc
public import LinuxSystem

extension ListeningSocket {
    /// Refuses connections from now on, as a socket does whose process has died. Its file stays.
    ///
    /// Closing it would not do: a program that another test starts at the same moment holds a copy of every descriptor until
    /// execve(2) closes it, and so long the socket listens.
    public func die() { shutdown(raw, CInt(SHUT_RDWR)) }
}
