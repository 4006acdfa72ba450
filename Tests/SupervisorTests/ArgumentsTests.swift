// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing

@testable import Supervisor

@Suite struct ArgumentsTests {
    @Test(
        arguments: [
            ([], Arguments.Command.run, Configuration.defaultPath),
            (["--config", "a.toml"], .run, "a.toml"),
            (["-c", "a.toml"], .run, "a.toml"),
            (["--config=a=b.toml"], .run, "a=b.toml"),
            (["--config", "a.toml", "--config=b.toml"], .run, "b.toml"),
            (["--check"], .check, Configuration.defaultPath),
            (["-t", "-c", "a.toml"], .check, "a.toml"),
            (["-c", "a.toml", "--check"], .check, "a.toml"),
            (["--version"], .version, Configuration.defaultPath),
            (["-V"], .version, Configuration.defaultPath),
            (["--help"], .help, Configuration.defaultPath),
            (["-h", "nonsense"], .help, Configuration.defaultPath),
            (["--check", "--help"], .help, Configuration.defaultPath),
        ] as [([String], Arguments.Command, String)])
    func `valid arguments are parsed`(words: [String], command: Arguments.Command, path: String) throws {
        let arguments = try Arguments(words)
        #expect(arguments.command == command)
        #expect(arguments.path == path)
    }

    @Test(
        arguments: [
            (["--config"], "--config needs the path of a file"),
            (["--config", ""], "--config needs the path of a file"),
            (["-c"], "-c needs the path of a file"),
            (["--config="], "--config needs the path of a file"),
            (["--chekc"], "--chekc is not an option"),
            (["-x"], "-x is not an option"),
            (["--check", "--"], "-- is not an option"),
            (["--user"], "--user needs a name"), (["--check", "--user="], "--user needs a name"),
            (["--strict"], "--strict is for --check"), (["--no-host"], "--no-host is for --check"),
            (["--user", "adm"], "--user is for --check"),
            (["-c", "a\u{fffd}.toml"], "the path a\u{fffd}.toml is not UTF-8: rename the file"),
            (["a.toml"], "a.toml is not an option; a configuration is named with --config FILE"),
            (["\u{1b}[2J"], "\\u{1B}[2J is not an option; a configuration is named with --config FILE"),
        ] as [([String], String)])
    func `invalid arguments are refused with a message`(words: [String], message: String) {
        #expect(throws: Arguments.Mistake(message: message)) { try Arguments(words) }
    }

    @Test func `the options of --check are parsed`() throws {
        let plain = try Arguments(["--check"])
        #expect(plain.user == nil && !plain.isStrict && !plain.skipsHost)
        let full = try Arguments(["--user", "web", "--no-host", "--strict", "-t"])
        #expect(full.user == "web" && full.isStrict && full.skipsHost)
        #expect(try Arguments(["-t", "--user=web"]).user == "web")
    }

    @Test func `--help lists every option`() {
        for word in [
            "--config", "-c", "--check", "-t", "--user", "--strict", "--no-host", "--version", "-V", "--help", "-h",
        ] {
            #expect(Arguments.usage.contains(word))
        }
        #expect(Arguments.usage.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
}
