// SPDX-License-Identifier: Apache-2.0

/// `flow`: which frames of a CAN bus are relayed as one flow, with one socket to the upstream.
enum FlowSource: String, CaseIterable, Sendable {
    /// Those of one identifier, standard and extended told apart.
    case identifier

    /// All.
    case bus
}
