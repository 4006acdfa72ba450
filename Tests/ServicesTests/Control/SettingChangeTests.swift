// SPDX-License-Identifier: Apache-2.0

import Configuration
import ControlProtocol
import TestSupport
import Testing

@testable import Services

struct SettingChangeTests {
    private func configuration(_ text: String) throws -> Configuration {
        let (configuration, problems) = Configuration.parse(
            files: [("usherd.toml", Array(text.utf8))], services: ServiceDescriptor.schemas, host: TestHost())
        try #require(configuration != nil, "\(problems)")
        return try #require(configuration)
    }

    /// `KEY: OLD -> NEW`, with the upstream in front.
    private func changes(_ old: String, _ new: String) throws -> [String] {
        let head = "[listener.a]\nlisten = \"tcp://127.0.0.1:7\"\nservice = \"forward\"\n"
        return SettingChange.changes(
            from: try configuration(head + old).settings(of: "a"), to: try configuration(head + new).settings(of: "a")
        ).map { change in
            let upstream = change.upstream.map { "\($0) " } ?? ""
            let key = (change.new ?? change.old)?.key ?? ""
            return "\(upstream)\(key): \(change.old?.value ?? "-") -> \(change.new?.value ?? "-")"
        }
    }

    @Test func `a value that is only written in another place has not changed`() throws {
        #expect(try changes("to = \"tcp://10.0.0.1:1\"", "\nattempts = 3\nto = [\"tcp://10.0.0.1:1\"]").isEmpty)
    }

    @Test func `upstreams are compared by their addresses`() throws {
        #expect(
            try changes(
                "to = [\"tcp://10.0.0.1:1\", { address = \"tcp://10.0.0.2:1\", weight = 2 }]",
                "to = [\"tcp://10.0.0.3:1\", { address = \"tcp://10.0.0.2:1\", weight = 3 }]") == [
                    "\"tcp://10.0.0.3:1\" address: - -> \"tcp://10.0.0.3:1\"", "\"tcp://10.0.0.2:1\" weight: 2 -> 3",
                    "\"tcp://10.0.0.1:1\" address: \"tcp://10.0.0.1:1\" -> -",
                ])
    }

    @Test func `health checks that begin and end show all that they use`() throws {
        let to = "to = \"tcp://10.0.0.1:1\"\n"
        let begin = try changes(to + "eject = false", to + "health = { rise = 7 }\neject = false")
        #expect(
            begin == [
                "interval: - -> \"2s\"", "timeout: - -> \"1s\"", "rise: - -> 7", "fall: - -> 3", "health: false -> -",
            ])
        #expect(try changes(to + "health = true\neject = false", to + "eject = false").contains("rise: 2 -> -"))
    }

    @Test func `of a new listener only what is written is shown`() throws {
        let one = try configuration("[listener.a]\nlisten = \"tcp://127.0.0.1:7\"\nservice = \"echo\"\nlog = false\n")
        let new = SettingChange.changes(from: [], to: one.settings(of: "a"))
        #expect(new.map { $0.new?.key } == ["listen", "service", "log"] && new.allSatisfy { $0.old == nil })
        let old = SettingChange.changes(from: one.settings(of: "a"), to: [])
        #expect(old.map { $0.old?.key } == ["listen", "service", "log"] && old.allSatisfy { $0.new == nil })
    }
}
