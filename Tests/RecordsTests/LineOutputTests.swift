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

    @Test func whatFstatDoesNotKnowHasAnOutputOfItsOwn() {
        let system = LinuxLogFileSystem()
        let pipe = Pipe()
        let output = system.output(to: pipe.writing)
        var other = output
        #expect(FaultInjection.failing(call: 1, with: EIO, of: "fstat") { other = system.output(to: pipe.writing) })
        #expect(other !== output)
    }

    @Test func aLineTornByOneStreamIsEndedByTheOther() {
        let pipe = Pipe()
        let copy = dup(pipe.writing)
        defer { close(copy) }
        let first = StandardStreamSink(.standardOutput, encoding: .json, raw: pipe.writing)
        let second = StandardStreamSink(.standardError, encoding: .json, raw: copy)
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: 5000) + [UInt8(ascii: "\n")]
        var outcome = SinkOutcome(written: 0)
        #expect(FaultInjection.failing(call: 2, with: EIO, of: "write") { outcome = first.write(long, count: 1) })
        #expect(outcome.lost == 1)
        #expect(second.write(Array("next\n".utf8), count: 1) == SinkOutcome(written: 1))
        let text = pipe.readAvailable()
        #expect(text.hasSuffix("x\nnext\n") && text.utf8.count == 4096 + 6)
    }

    @Test func anOutputGoesWithItsLastStream() {
        let system = LinuxLogFileSystem()
        let pipe = Pipe()
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: 5000) + [UInt8(ascii: "\n")]
        do {
            let output = system.output(to: pipe.writing)
            _ = FaultInjection.failing(call: 2, with: EIO, of: "write") {
                _ = output.write(long, count: 1, to: pipe.writing, of: system)
            }
        }
        _ = pipe.readAvailable()
        // The next stream of this pipe does not end a line that another one has torn.
        #expect(system.output(to: pipe.writing).write(lines, count: 3, to: pipe.writing, of: system).written == 3)
        #expect(pipe.readAvailable() == "first\nsecond\nthird\n")
    }

    @Test(arguments: [0, ENOMEM]) func aWriteThatNobodyNeedsIsGivenUp(number: CInt) {
        let system = LinuxLogFileSystem()
        let pipe = Pipe()
        system.abandon()
        var outcome = SinkOutcome(written: 0)
        #expect(
            FaultInjection.failing(call: 1, with: number, of: "poll") {
                var output = LineOutput()
                outcome = output.write(lines, count: 3, to: pipe.writing, of: system)
            })
        #expect(outcome.lost == 3 && outcome.error?.errno == (number == 0 ? EAGAIN : number))
    }

    @Test func aWriteThatTakesNothingIsAnError() {
        let pipe = Pipe()
        var outcome = SinkOutcome(written: 0)
        _ = FaultInjection.failing(call: 1, with: 0, of: "write") {
            var output = LineOutput()
            outcome = output.write(lines, count: 3, to: pipe.writing, of: LinuxLogFileSystem())
        }
        #expect(outcome.error?.errno == EIO)
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
