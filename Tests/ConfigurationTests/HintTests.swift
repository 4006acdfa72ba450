// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

/// What a message proposes is what its reader meant.
@Suite struct HintTests {
    private static func problems(_ text: String) -> [ConfigurationProblem] { Configuration.parse(text).1 }

    private static func listener(_ line: String) -> String {
        "[listener.a]\nlisten = \"tcp://127.0.0.1:1\"\nservice = \"forward\"\nto = \"tcp://10.0.0.5:443\"\n\(line)\n"
    }

    @Test(arguments: [
        ("listen = “tcp://127.0.0.1:1”", "write `\"tcp://127.0.0.1:1\"`"), ("listen = ‘echo’", "write `\"echo\"`"),
        ("listen = „echo“", "write `\"echo\"`"), ("listen = «echo»", "write `\"echo\"`"),
        ("“listen” = 1", "write the key as `listen`"),
    ])
    func `a hint about curly quotes has straight ones`(line: String, help: String) throws {
        let problem = try #require(Self.problems("[listener.a]\n\(line)\n").first)
        #expect(problem.help?.hasPrefix(help) == true, "\(problem)")
        let marks: Set<Character> = ["“", "”", "‘", "’", "„", "«", "»"]
        #expect(problem.help?.allSatisfy { !marks.contains($0) } == true, "\(problem)")
    }

    @Test(arguments: [
        ("to = [{ address = \"tcp://10.0.0.5:443\", weight = \"2\" }]", "write weight = 2"),
        ("attempts = \"7\"", "write attempts = 7"), ("attempts = 5.0", "write attempts = 5"),
        ("attempts = \"1000\"", "write attempts = 3"), ("attempts = \"many\"", "write attempts = 3"),
        ("allow-amplification = \"false\"", "write allow-amplification = false"),
        ("allow-amplification = 0", "write allow-amplification = false"),
        ("allow-amplification = \"yes\"", "write allow-amplification = true"),
    ])
    func `a value of the wrong type is suggested in the right one`(line: String, help: String) {
        let text = Self.listener(line).replacing(
            "to = \"tcp://10.0.0.5:443\"\nto", with: "to")
        #expect(Self.problems(text).first?.help == help)
    }

    @Test(arguments: [
        ("1.5h", "1h30m"), ("0.5s", "500ms"), ("2.5m", "2m30s"), (".5h", "30m"), ("1,5 hours", "1h30m"),
        ("1.25d", "1d6h"),
        ("0.001s", "1ms"), ("1.000s", "1s"),
    ])
    func `a duration with a fraction is suggested without one`(text: String, meant: String) {
        #expect(Self.problems(Self.listener("lifetime = \"\(text)\"")).first?.help == "write \"\(meant)\"")
    }

    @Test(arguments: ["0.0001s", "1.5x", "1.2.3h", "99999999999999999.5d", "1.99999999999999999999s", "0.0s"])
    func `a fraction that no duration equals gets an example`(text: String) {
        #expect(Self.problems(Self.listener("lifetime = \"\(text)\"")).first?.help == "write for example \"1s500ms\"")
    }

    @Test(arguments: [
        ("tcp://a:80,tcp://b:80", "[\"tcp://a:80\", \"tcp://b:80\"]"),
        ("tcp://a:80, tcp://b:80", "[\"tcp://a:80\", \"tcp://b:80\"]"),
        ("tcp://a:80 tcp://b:80", "[\"tcp://a:80\", \"tcp://b:80\"]"),
        ("tcp://a:80,b:81", "[\"tcp://a:80\", \"tcp://b:81\"]"),
        ("unix:///a;unix:///b", "[\"unix:///a\", \"unix:///b\"]"),
    ])
    func `addresses in one string are suggested as an array`(text: String, meant: String) {
        for key in ["to", "listen"] {
            let lines = Self.listener("").split(separator: "\n").map {
                $0.hasPrefix("\(key) ") ? "\(key) = \"\(text)\"" : $0
            }
            let problems = Self.problems(lines.joined(separator: "\n"))
            #expect(problems.count == 1)
            #expect(problems.first?.help == "write an array: \(key) = \(meant)", "\(problems)")
        }
    }

    @Test func `a path with a comma is one address`() {
        let text = Self.listener("").replacing("tcp://127.0.0.1:1", with: "unix:///run/usherd/a,b")
        #expect(Self.problems(text).isEmpty)
    }

    @Test(arguments: ["[listener.höhö]", "[listener.a:b]", "[listener.\"ö\"]", "[listener.\"front door\"]"])
    func `a name with invalid characters gets the list of valid ones`(header: String) {
        let problem = Self.problems("\(header)\nlisten = \"tcp://127.0.0.1:1\"\nservice = \"echo\"\n").first
        #expect(
            problem?.help?.hasPrefix(
                "a name has 1 to 64 of the letters a to z, upper or lower case, digits, `-`, `_` and `.`")
                == true, "\(problem.map(String.init(describing:)) ?? "no problem")")
    }

    @Test(arguments: [
        "max-connections = -1", "max-connections = 0", "idle-timeout = \"0\"", "idle-timeout = \"never\"",
        "lifetime = -1",
        "lifetime = \"infinity\"", "max-connections = \"unlimited\"", "idle-timeout = \"off\"",
    ])
    func `"no limit" suggests false`(line: String) {
        let key = line.prefix { $0 != " " }
        #expect(
            Self.problems(Self.listener(line)).first?.help == "write \(key) = false, which removes the limit")
    }

    @Test(arguments: ["half-close-timeout = \"never\"", "progress-interval = \"off\"", "keepalive = \"off\""])
    func `"none" suggests false`(line: String) {
        let key = line.prefix { $0 != " " }
        #expect(Self.problems(Self.listener(line)).first?.help?.hasPrefix("write \(key) = false for no") == true)
    }

    @Test func `the keys of a table are listed in lines under 80 columns, those of the service first`() throws {
        let problem = try #require(Self.problems(Self.listener("xyzzy = 1")).first)
        let lines = problem.description.split(separator: "\n")
        let help = try #require(lines.firstIndex { $0.hasPrefix("help: ") })
        #expect(lines[help].hasPrefix("help: the keys are `to`, `framing`, `balance`,"))
        #expect(lines[help...].count > 2)
        for line in lines[help...] { #expect(line.count < 80, "\(line)") }
        for line in lines[(help + 1)...] { #expect(line.hasPrefix("      `"), "\(line)") }
        #expect(problem.choices.last == "backlog")
        #expect(lines[lines.count - 1].hasSuffix("`"))
        #expect(problem.choices.contains("listen"))
    }
}
