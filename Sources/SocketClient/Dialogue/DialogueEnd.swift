// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem

/// How a ``Dialogue`` ended.
public enum DialogueEnd: Equatable, Sendable {
    /// As it should.
    case finished
    /// Nothing came in for as long as the settings allow.
    case silent
    /// A line of the input is none that can be sent.
    case badInput(line: Int, TextMistake)
    /// The kernel says no: the other side refuses, or is gone.
    case failed(SystemError)
}
