// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Testing

@testable import ControlClient

@Suite struct LiveNamesTests {
    @Test(
        arguments: [
            (["usherctl", "pause", ""], nil, nil), (["usherctl", "pause", "--control", "/a", "x"], "/a", nil),
            (["usherctl", "--control=/a", "pause"], "/a", nil), (["usherctl", "--control", "=", "/a"], "/a", nil),
            (["usherctl", "--instance", "edge"], nil, "edge"), (["usherctl", "--control"], nil, nil),
        ] as [([String], String?, String?)])
    func `the place is taken from the words before`(words: [String], path: String?, instance: String?) {
        let place = LiveNames.place(in: words)
        #expect(place.path == path)
        #expect(place.instance == instance)
    }

    @Test func `listeners, services, upstreams and connections are listed`() throws {
        var web = ListenerStatus(name: "web", service: "forward", state: .listening)
        web.upstreams = [UpstreamStatus(address: "tcp://10.0.0.5:80")]
        var api = ListenerStatus(name: "api", service: "forward", state: .draining)
        api.upstreams = [UpstreamStatus(address: "udp://10.0.0.7:1")]
        let listeners = [web, ListenerStatus(name: "b", service: "echo", state: .listening), web, api]
        let daemon = try FakeDaemon { call in
            guard call.method.hasSuffix("Connections") else {
                return .reply(ControlResults.Status(daemon: .sample(), listeners: listeners))
            }
            let connections = [7, 12].map { number in
                ConnectionStatus(
                    number: number, listener: "b", service: "echo", peer: "", local: "", lane: 0, accepted: 0,
                    durationMicroseconds: 0, idleMicroseconds: 0, bytesIn: 0, bytesOut: 0)
            }
            return .reply(ControlResults.Connections(connections: connections, count: 2))
        }
        #expect(LiveNames.find(.listener, at: try daemon.place) == ["api", "b", "web"])
        #expect(LiveNames.find(.service, at: try daemon.place) == ["echo", "forward"])
        #expect(LiveNames.find(.upstream, at: try daemon.place) == ["tcp://10.0.0.5:80", "udp://10.0.0.7:1"])
        for (words, found) in [("web", ["tcp://10.0.0.5:80"]), ("b", ["tcp://10.0.0.5:80", "udp://10.0.0.7:1"])] {
            #expect(
                LiveNames.find(.upstream, at: try daemon.place, typed: ["usherctl", "upstream", words, ""]) == found)
        }
        #expect(LiveNames.find(.connection, at: try daemon.place) == ["7", "12"])
    }

    @Test func `without a daemon there are no names`() {
        #expect(LiveNames.find(.listener, for: ["--control", "/nonexistent/control"]) == [])
        #expect(LiveNames.find(.connection, for: ["--control", ""]) == [])
    }
}
