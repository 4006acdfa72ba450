// SPDX-License-Identifier: Apache-2.0

import Reactor

/// Throws away whatever comes: RFC 863.
final class DiscardFlow: Flow {}
