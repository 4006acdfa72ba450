// SPDX-License-Identifier: Apache-2.0

import Reactor

/// Sends back all bytes until EOF: RFC 862.
///
/// While a client does not read, the worker does not read from it, so the output of at most one read is queued.
final class EchoWorker: Worker {
    override func received(_ count: Int) {
        _ = sendReceived(count)
    }
}
