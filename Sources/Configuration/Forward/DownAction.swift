// SPDX-License-Identifier: Apache-2.0

/// `on-down`: what happens to the open connections of an upstream that went down.
public enum DownAction: String, CaseIterable, Hashable, Sendable {
    /// They stay open.
    case keep
    /// They are closed.
    case close
}
