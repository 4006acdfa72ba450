// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Services

@Suite struct ChargenPatternTests {
    private let lines = String(decoding: ChargenPattern.bytes, as: UTF8.self).components(of: "\r\n")

    /// From RFC 864, "Example of this pattern"; there the first line begins with a blank, too.
    @Test(arguments: [
        (0, ##" !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefg"##),
        (1, ##"!"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefgh"##),
        (23, ##"789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~"##),
        (24, ##"89:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~ "##),
        (94, ##"~ !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdef"##),
        (95, ##" !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefg"##),
    ])
    func `the pattern has the lines of RFC 864`(number: Int, line: String) {
        #expect(lines[number] == line)
    }

    @Test func `the pattern repeats from any offset`() {
        let bytes = ChargenPattern.bytes
        #expect(bytes.count % ChargenPattern.cycleLength == 0)
        #expect(bytes.count > ChargenPattern.cycleLength)
        #expect(bytes.dropFirst(ChargenPattern.cycleLength).elementsEqual(bytes.dropLast(ChargenPattern.cycleLength)))
        #expect(lines.dropLast().allSatisfy { $0.utf8.count == 72 })
        #expect(lines.last == "")
    }
}

extension String {
    fileprivate func components(of separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
