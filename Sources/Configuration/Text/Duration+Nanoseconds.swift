// SPDX-License-Identifier: Apache-2.0

extension Duration {
    /// The whole nanoseconds, limited to 64 bits: 584 years.
    package var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, productOverflows) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumOverflows) = product.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return productOverflows || sumOverflows ? .max : sum
    }

    /// The whole milliseconds, the kernel's unit for `user-timeout`.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
