// SPDX-License-Identifier: Apache-2.0

import Reactor

/// Discards every datagram: RFC 863.
final class DiscardFlow: Flow {}
