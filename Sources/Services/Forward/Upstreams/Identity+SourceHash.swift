// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor
import Relaying

extension Identity {
    /// The hash by which the method `source-hash` chooses an upstream.
    var sourceHash: UInt64 { Balancer.sourceHash(of: peer, uid: credentials?.uid) }
}
