// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The daemon as PID 1 of a container.
@Suite(.enabled(if: getuid() == 0, "a PID namespace takes root"))
struct OrphanTests {
    private let echo = "[listener.echo]\nlisten = \"unix://$DIR/echo\"\nservice = \"echo\"\n"

    /// The processes whose parent is a process, with their states.
    private func children(of parent: pid_t) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int($0) != nil }.compactMap { name in
            let text = (try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8)) ?? ""
            // The name of the program, which may hold anything, stands in parentheses.
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 2 && fields[1] == "\(parent)" ? "\(name) \(fields[0])" : nil
        }
    }

    @Test func `PID 1 reaps orphaned processes`() throws {
        try withUsherd(echo, .init(wrapper: ["unshare", "--pid", "--fork", "--kill-child"])) { daemon in
            let inside = try waitFor("the daemon in its namespace") {
                children(of: daemon.identifier).first?.split(separator: " ").first.flatMap { pid_t($0) }
            }
            for _ in 0..<5 {
                // nsenter(1) makes a shell whose parent is outside; the shell leaves a child to PID 1.
                let result = try run(
                    "nsenter", ["--target", "\(inside)", "--pid", "sh", "-c", "(sleep 0.2 &) ; (exec true &)"])
                #expect(result.succeeded)
            }
            try waitUntil("no child of the daemon is left: \(children(of: inside))") {
                children(of: inside).isEmpty
            }
            // It still stops as it should, though PID 1 is spared signals that it does not handle.
            kill(inside, SIGTERM)
            _ = try daemon.record("stopped")
        }
    }
}
