// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What once broke the reader (Tests/Fuzz/Cases/FuzzTOML), read again.
@Suite struct FuzzCaseTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzz/Cases/FuzzTOML")

    private static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()

    @Test func `the case directory is not empty`() {
        #expect(!Self.names.isEmpty)
    }

    @Test(arguments: names)
    func `fuzz cases do not fail again`(_ name: String) throws {
        let bytes = Array(try Data(contentsOf: Self.folder.appending(path: name)))
        #expect(invariantFailures(of: bytes) == [])
    }
}
