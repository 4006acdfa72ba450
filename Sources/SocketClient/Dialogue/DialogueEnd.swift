// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// How a ``Dialogue`` ended.
public enum DialogueEnd: Equatable, Sendable {
    /// Successfully.
    case finished
    /// Nothing arrived within the configured time.
    case silent
    /// A line of the input is invalid.
    case badInput(line: Int, TextMistake)
    /// A system call failed: the peer refused or reset the connection, for example.
    case failed(SystemError)
}
