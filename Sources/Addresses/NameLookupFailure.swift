// SPDX-License-Identifier: Apache-2.0

/// Why a name could not be turned into what it stands for.
public struct NameLookupFailure: Error, Hashable, Sendable {
    /// In the words of the C library: `"Name or service not known"`.
    public let reason: String

    /// Makes a failure.
    public init(reason: String) {
        self.reason = reason
    }
}
