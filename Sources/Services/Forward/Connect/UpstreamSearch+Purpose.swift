// SPDX-License-Identifier: Apache-2.0

extension UpstreamSearch {
    /// What an upstream is searched for.
    enum Purpose {
        /// A connection. It waits in the queue if all members are busy.
        case connection

        /// A flow. It does not wait, since clients repeat lost datagrams. A datagram upstream is registered level-triggered,
        /// since a flow reads in batches.
        case flow

        /// A check of one member. The member does not count it as a connection, and its failures do not count as failed
        /// connections: ``HealthProbe`` evaluates the result.
        ///
        /// For datagrams an address counts as connected only after an answer, so all addresses are asked as in any race: see
        /// ``UpstreamSearchOwner/provesReachable(_:)``.
        case check
    }

    /// How many nanoseconds connecting to one member may take.
    var timeout: UInt64 { purpose == .check ? group.checkTimeout : group.connectTimeout }
}
