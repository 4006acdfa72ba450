// SPDX-License-Identifier: Apache-2.0

/// Why a name could not be resolved.
public struct NameLookupFailure: Error, Hashable, Sendable {
    /// The text of the C library: `"Name or service not known"`.
    public let reason: String

    /// Makes a failure.
    public init(reason: String) {
        self.reason = reason
    }
}
