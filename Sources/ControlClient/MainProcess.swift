// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem

/// The main process of a unit, for its `ExecReload=`: `$MAINPID` of systemd.exec(5).
package struct MainProcess: Equatable, Sendable {
    /// Its number.
    package let pid: Int32

    /// Makes it of a number.
    package init?(_ text: String?) {
        guard let text, let pid = Int32(text), pid > 1 else { return nil }
        self.pid = pid
    }

    /// That of the environment; nil if this is no command of a unit.
    package static var ofEnvironment: MainProcess? { MainProcess(Environment.value(of: "MAINPID")) }

    /// The configuration of its command line: that of `--config`, or the default.
    package var configurationPath: String {
        let bytes = (try? RegularFile.read("/proc/\(pid)/cmdline", limit: 1 << 16)) ?? []
        let words = bytes.split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        return Self.configurationPath(in: words)
    }

    /// The configuration that the words of a command line name.
    static func configurationPath(in words: [String]) -> String {
        var path = Configuration.defaultPath
        for (index, word) in words.enumerated() {
            if word.hasPrefix("--config=") { path = String(word.dropFirst("--config=".utf8.count)) }
            if word == "--config" || word == "-c", index + 1 < words.count { path = words[index + 1] }
        }
        return path
    }

    /// Makes it read its configuration again: SIGHUP.
    package func hangUp() throws(ControlFailure) {
        let pid = pid
        do throws(SystemError) {
            _ = try systemCall("kill") { kill(pid, SIGHUP) }
        } catch {
            throw ControlFailure(
                error.errno == EPERM ? .denied : .unreachable, "cannot signal the process \(pid) of MAINPID: \(error)")
        }
    }
}
