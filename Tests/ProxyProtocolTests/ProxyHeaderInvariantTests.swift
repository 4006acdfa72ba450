// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What the fuzzer of headers begins with and once stumbled over (Tests/Fuzz/Cases/FuzzProxyHeader), read again.
@Suite struct ProxyHeaderInvariantTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzz/Cases/FuzzProxyHeader")

    private static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()

    @Test func `the case directory is not empty`() {
        #expect(!Self.names.isEmpty)
    }

    @Test(arguments: names)
    func `fuzz cases keep the invariants`(_ name: String) throws {
        let bytes = Array(try Data(contentsOf: Self.folder.appending(path: name)))
        #expect(proxyHeaderInvariantFailures(of: bytes) == [])
    }
}
