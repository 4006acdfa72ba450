// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import LinuxSystem
import Records
import Services
import Testing

@testable import Supervisor

@Suite struct ReloadFailureTests {
    private func problems(_ text: String, path: String = "a.toml") -> [ConfigurationProblem] {
        Configuration.parse(
            files: [(path: path, bytes: Array(text.utf8))], services: ServiceDescriptor.schemas, host: NamelessHost()
        ).1
    }

    @Test func `the message has the first mistake and the number of the others`() {
        let one = problems("[listener.a]\nlisten = \"tcp://127.0.0.1:7\"\nservice = \"nonsense\"\n")
        #expect(one.count == 1)
        let first = one.first?.summary ?? ""
        #expect(first.hasPrefix("a.toml:3:11: "))
        #expect(ReloadFailure.configuration(one, path: "a.toml").message == first)
        #expect(
            ReloadFailure.configuration(one + one, path: "a.toml").message
                == "\(first); and 1 more mistake: usherd --check --config a.toml lists them")
        #expect(
            ReloadFailure.configuration(one + one + one, path: "a\n.toml").message
                == "\(first); and 2 more mistakes: usherd --check --config a\\u{A}.toml lists them")
    }

    @Test func `without a mistake the message names the file`() {
        #expect(ReloadFailure.configuration([], path: "a.toml").message == "a.toml")
    }

    @Test func `each other failure has its message`() throws {
        #expect(ReloadFailure.lanes.message.contains("restart usherd"))
        let option = ReloadFailure.option(listener: "web", SystemError("setsockopt", errno: EINVAL))
        #expect(option.message == "listener web: cannot apply socket options: setsockopt: Invalid argument (EINVAL)")
        let settings = try listener("tcp://127.0.0.1:7")
        let failure = ListenFailure(listener: "test", address: try #require(settings.listen.first), cause: .pathIsLive)
        #expect(ReloadFailure.listener(failure).message == failure.message)
    }

    @Test func `a log that cannot be opened is reported in one line`() throws {
        let settings = RecordSettings(destinations: [.file(path: "/nowhere\n/usherd.log")])
        do throws(SinkError) {
            _ = try RecordWriter(settings)
            Issue.record("a log was opened in a directory that does not exist")
        } catch {
            let message = ReloadFailure.log(error).message
            #expect(message.hasPrefix("cannot write the log to ") && message.contains("ENOENT"))
            #expect(!message.contains("\n"))
        }
    }
}
