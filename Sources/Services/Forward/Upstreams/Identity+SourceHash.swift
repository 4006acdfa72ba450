// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor
import Relaying

extension Identity {
    /// What the method `source` chooses an upstream by.
    var sourceHash: UInt64 { Balancer.sourceHash(of: peer, uid: credentials?.uid) }
}
