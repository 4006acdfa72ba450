// SPDX-License-Identifier: Apache-2.0

/// `flow`: which frames of a CAN bus are relayed as one flow, with one socket to the upstream.
enum FlowSource: String, CaseIterable, Sendable {
    /// The frames of one identifier; standard and extended identifiers differ.
    case identifier

    /// All frames.
    case bus
}
