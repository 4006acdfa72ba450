// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ProxyProtocol

@Suite struct ProxyHeaderMistakeTests {
    @Test(arguments: ProxyHeaderMistake.allCases)
    func `says what is wrong and what to do`(_ mistake: ProxyHeaderMistake) {
        let parts = mistake.description.split(separator: "; ")
        #expect(parts.count == 2)
        #expect(parts.last?.hasSuffix(".") == false)
    }

    @Test func `has words of its own for each`() {
        #expect(Set(ProxyHeaderMistake.allCases.map(\.description)).count == ProxyHeaderMistake.allCases.count)
    }
}
