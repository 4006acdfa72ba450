// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import Testing

@testable import Records

@Suite struct LineOutputTests {
    private let lines = Array("first\nsecond\nthird\n".utf8)

    private static func system(_ steps: ScriptedFileSystem.Step...) -> ScriptedFileSystem {
        let system = ScriptedFileSystem()
        system.state.withLock { $0.writes = steps }
        return system
    }

    @Test func aPartialWriteIsFinished() {
        let system = Self.system(.take(3), .take(1), .take(9))
        var output = LineOutput()
        #expect(output.write(lines, count: 3, to: 0, of: system) == SinkOutcome(written: 3))
        #expect(system.content == "first\nsecond\nthird\n")
    }

    @Test(arguments: [
        // Bytes taken before the disk is full, lines written, what the file then holds after one more line.
        (0, 0, "next\n"), (3, 0, "fir\nnext\n"), (5, 0, "first\nnext\n"), (6, 1, "first\nnext\n"),
        (8, 1, "first\nse\nnext\n"), (18, 2, "first\nsecond\nthird\nnext\n"),
    ])
    func aTornLineIsEndedBeforeTheNext(taken: Int, written: Int, content: String) {
        let system = taken > 0 ? Self.system(.take(taken), .fail(ENOSPC)) : Self.system(.fail(ENOSPC))
        var output = LineOutput()
        #expect(
            output.write(lines, count: 3, to: 0, of: system)
                == SinkOutcome(written: written, lost: 3 - written, error: SystemError("write", errno: ENOSPC)))
        #expect(output.write(Array("next\n".utf8), count: 1, to: 0, of: system) == SinkOutcome(written: 1))
        #expect(system.content == content)
    }

    @Test func aTornLineStaysTornWhileNothingCanBeWritten() {
        let system = Self.system(.take(3), .fail(ENOSPC), .fail(ENOSPC), .fail(EIO))
        var output = LineOutput()
        #expect(output.write(lines, count: 3, to: 0, of: system).lost == 3)
        #expect(output.write(lines, count: 3, to: 0, of: system).lost == 3)
        #expect(output.write(lines, count: 3, to: 0, of: system).error?.errno == EIO)
        #expect(output.write(Array("next\n".utf8), count: 1, to: 0, of: system).written == 1)
        #expect(system.content == "fir\nnext\n")
    }

    @Test func whatLeadsToOnePipeIsWrittenByOne() {
        let system = LinuxLogFileSystem()
        let (pipe, other) = (Pipe(), Pipe())
        let copy = dup(pipe.writing)
        defer { close(copy) }
        let output = system.output(to: pipe.writing)
        #expect(system.output(to: copy) === output)
        #expect(system.output(to: other.writing) !== output)
    }

    @Test func anInterruptedWriteIsMadeAgain() {
        let pipe = Pipe()
        var outcome = SinkOutcome(written: 0)
        let reached = FaultInjection.failing(call: 1, with: EINTR, of: "write") {
            var output = LineOutput()
            outcome = output.write(lines, count: 3, to: pipe.writing, of: LinuxLogFileSystem())
        }
        #expect(reached)
        #expect(outcome == SinkOutcome(written: 3))
        #expect(pipe.readAvailable() == "first\nsecond\nthird\n")
    }

    @Test func anErrorOfTheKernelIsReported() {
        let pipe = Pipe()
        var outcome = SinkOutcome(written: 0)
        _ = FaultInjection.failing(call: 1, with: EIO, of: "write") {
            var output = LineOutput()
            outcome = output.write(lines, count: 3, to: pipe.writing, of: LinuxLogFileSystem())
        }
        #expect(outcome == SinkOutcome(written: 0, lost: 3, error: SystemError("write", errno: EIO)))
    }
}
