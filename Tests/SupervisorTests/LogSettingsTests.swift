// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import Records
import Testing

@testable import Supervisor

@Suite struct LogSettingsTests {
    private func settings(_ text: String) throws -> RecordSettings {
        try configuration("[log]\n\(text)\n[listener.a]\nlisten = \"tcp://127.0.0.1:7\"\nservice = \"echo\"\n").log
            .recordSettings
    }

    @Test(arguments: [
        ("to = [\"journal\"]", [RecordDestination.journal]), ("to = [\"stderr\"]", [.standardError]),
        ("to = \"file:/var/log/a\"", [.file(path: "/var/log/a")]),
        ("to = [\"stderr\", \"journal\", \"file:/a\"]", [.standardError, .journal, .file(path: "/a")]),
    ])
    func `records go to the configured destinations`(text: String, destinations: [RecordDestination]) throws {
        #expect(try settings(text).destinations == destinations)
    }

    @Test(arguments: zip(["text", "json"], [RecordFormat.text, .json]))
    func `records have the configured format`(text: String, format: RecordFormat) throws {
        #expect(try settings("format = \"\(text)\"").format == format)
    }

    @Test(
        arguments: zip(
            ["debug", "info", "notice", "warning", "error"], [RecordLevel.debug, .info, .notice, .warning, .error]))
    func `records begin at the configured level`(text: String, level: RecordLevel) throws {
        #expect(try settings("level = \"\(text)\"").level == level)
    }

    @Test func `the default is the journal only if JOURNAL_STREAM is the standard error`() async throws {
        await #expect(processExitsWith: .exitCode(42)) {
            unsetenv("JOURNAL_STREAM")
            let outside = LogSettings().recordSettings
            var status = stat()
            fstat(2, &status)
            setenv("JOURNAL_STREAM", "\(status.st_dev):\(status.st_ino)", 1)
            let inside = LogSettings().recordSettings
            _exit(outside.destinations == [.standardError] && inside.destinations == [.journal] ? 42 : 1)
        }
    }
}
