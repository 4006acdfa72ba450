// SPDX-License-Identifier: Apache-2.0

extension UInt64 {
    /// How much later this time is than another one of the same clock; 0 if it is earlier.
    @inlinable public func since(_ start: UInt64) -> UInt64 { self > start ? self - start : 0 }
}
