// SPDX-License-Identifier: Apache-2.0

extension UpstreamSearch {
    /// What an upstream is searched for.
    enum Purpose {
        /// A connection. It waits in the line where all members are busy.
        case connection

        /// A flow. It does not wait, since whatever sent a datagram sends it again. An upstream of datagrams is registered
        /// level-triggered, since a flow reads it in batches.
        case flow

        /// A check of one member. The member does not count the check, and no failure counts against it: what follows from a
        /// check is for ``HealthProbe`` to say. Of datagrams, an address is there once it has answered, so all addresses are
        /// asked as in any race: see ``UpstreamSearchOwner/isThere(_:)``.
        case check
    }

    /// How many nanoseconds a member has to be connected to.
    var timeout: UInt64 { purpose == .check ? group.checkTimeout : group.connectTimeout }
}
