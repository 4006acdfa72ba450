// SPDX-License-Identifier: Apache-2.0

import Reactor

/// Throws away whatever comes, until the client has finished: RFC 863. This is what a worker does that is told nothing.
final class DiscardWorker: Worker {}
