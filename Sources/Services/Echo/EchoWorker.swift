// SPDX-License-Identifier: Apache-2.0

import Reactor

/// Sends back whatever comes, until the client has finished and has had all of it: RFC 862.
///
/// A client that does not read is not read either, so what is held for it is at most one read.
final class EchoWorker: Worker {
    override func received(_ count: Int) {
        _ = sendReceived(count)
    }
}
