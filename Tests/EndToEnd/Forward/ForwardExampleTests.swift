// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The examples that relay, as the daemon itself reads them.
@Suite struct ForwardExampleTests {
    private static let directory = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../../config/examples").standardizedFileURL.path

    private static func examples() throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".toml") }
        return try names.map { "\(directory)/\($0)" }.filter {
            try String(contentsOfFile: $0, encoding: .utf8).contains("service = \"forward\"")
        }
    }

    @Test func `examples that relay pass the check`() throws {
        let examples = try Self.examples()
        #expect(examples.count >= 3)
        for path in examples {
            let result = try run(BuiltProgram.usherd(), ["--check", "--no-host", "--config", path])
            #expect(result.succeeded, "\(path): \(result.text) \(result.errors)")
        }
    }
}
