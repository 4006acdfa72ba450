// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Relaying

@Suite struct MemberSetTests {
    @Test(arguments: [[], [0], [63], [64], [0, 63, 64, 65, 4095], [5, 5, 100, 100]])
    func `holds what was inserted`(members: [Int]) {
        var set = MemberSet()
        for member in members {
            set.insert(member)
            #expect(set.contains(member))
        }
        #expect(set.isEmpty == members.isEmpty)
        #expect((0..<5000).filter(set.contains) == Set(members).sorted())
    }
}
