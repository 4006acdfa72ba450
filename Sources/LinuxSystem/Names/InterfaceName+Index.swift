// SPDX-License-Identifier: Apache-2.0

package import Addresses
import Glibc

extension InterfaceName {
    /// The name of the interface with an index: if_indextoname(3); nil if there is none.
    package init?(index: UInt32) {
        var name = [CChar](repeating: 0, count: Self.longest + 1)
        // unsafe: an array of IFNAMSIZ bytes, which is what the call fills.
        guard unsafe if_indextoname(index, &name) != nil else { return nil }
        self.init(bytes: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }

    /// The current index of the interface: if_nametoindex(3); 0 for any interface, nil if no interface has the name.
    package var index: UInt32? {
        if isAny { return 0 }
        let index = unsafe if_nametoindex(description)
        return index == 0 ? nil : index
    }
}
