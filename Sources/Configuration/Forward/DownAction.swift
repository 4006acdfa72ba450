// SPDX-License-Identifier: Apache-2.0

/// `on-down`: what becomes of the connections of an upstream that went down.
public enum DownAction: String, CaseIterable, Hashable, Sendable {
    /// They stay as long as they last.
    case keep
    /// They are closed.
    case close
}
