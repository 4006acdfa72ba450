// SPDX-License-Identifier: Apache-2.0

import Reactor

/// Sends back all bytes until EOF: RFC 862.
///
/// A client that does not read is not read from, so at most one read is queued for it.
final class EchoWorker: Worker {
    override func received(_ count: Int) {
        _ = sendReceived(count)
    }
}
