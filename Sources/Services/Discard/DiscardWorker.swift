// SPDX-License-Identifier: Apache-2.0

import Reactor

/// Reads and discards until EOF: RFC 863. This is the default behaviour of `Worker`.
final class DiscardWorker: Worker {}
