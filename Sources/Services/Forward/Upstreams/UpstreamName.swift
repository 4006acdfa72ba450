// SPDX-License-Identifier: Apache-2.0

/// Finds an upstream by what an operator has written. Pure.
enum UpstreamName {
    /// The indices of the addresses that are meant: equal ones are all meant.
    ///
    /// An address may lack its scheme, as in the tables of usherctl.
    ///
    /// - Parameter addresses: as in the configuration: `tcp://10.0.0.5:443`.
    /// - Returns: none if there is no such address, or different ones are the same without their scheme.
    static func find(_ text: String, in addresses: [String]) -> [Int] {
        let same = addresses.indices.filter { addresses[$0] == text }
        guard same.isEmpty else { return same }
        let found = addresses.indices.filter { addresses[$0].hasSuffix("://\(text)") && !text.isEmpty }
        return Set(found.map { addresses[$0] }).count == 1 ? found : []
    }
}
