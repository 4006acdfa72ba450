// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The programs under test, as `swift build` left them.
enum BuiltProgram {
    /// There is nothing to test.
    struct Missing: Error, CustomStringConvertible {
        let name: String
        var description: String {
            "\(name) is not built: run `make build`, or `swift build --product \(name)`,"
                + " or say in $USHER_BIN where it is"
        }
    }

    /// The daemon.
    static func usherd() throws -> String { try path(of: "usherd") }

    /// The path of a program: from `$USHER_BIN` if that is set, else the release build, else the debug build.
    static func path(of name: String) throws -> String {
        let directories: [String]
        if let chosen = ProcessInfo.processInfo.environment["USHER_BIN"], !chosen.isEmpty {
            directories = [chosen]
        } else {
            directories = [".build/release", ".build/debug"].map { packageDirectory + "/" + $0 }
        }
        let paths = directories.map { $0 + "/" + name }
        guard let path = paths.first(where: FileManager.default.isExecutableFile) else { throw Missing(name: name) }
        return path
    }

    /// Where Package.swift is: this is Tests/EndToEnd/Harness/BuiltProgram.swift.
    private static var packageDirectory: String {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { url.deleteLastPathComponent() }
        return url.path
    }
}
