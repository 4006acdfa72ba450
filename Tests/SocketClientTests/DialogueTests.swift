// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem
import SocketClient
import Testing

/// What a conversation sends, shows and says, and when it is over.
@Suite struct DialogueTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func dialogue(
        _ transport: DialogueSettings.Transport, _ source: DialogueSettings.Source, form: TextForm = .plain,
        count: Int? = nil, silence: Duration? = nil, waitsForFirst: Bool = false
    ) -> Dialogue {
        Dialogue(
            DialogueSettings(
                transport: transport, source: source, form: form, count: count, silence: silence,
                waitsForFirst: waitsForFirst))
    }

    // MARK: - A pipe

    @Test func `a pipe is sent unchanged, then half-closed, until EOF of the peer`() {
        var dialogue = dialogue(.stream, .pipe)
        #expect(dialogue.input(bytes("q\nhal")) == [.send(bytes("q\nhal"))])
        #expect(dialogue.received(stream: bytes("x")) == [.show(bytes("x"))])
        #expect(dialogue.endOfInput() == [.finishSending])
        #expect(!dialogue.takesInput)
        #expect(dialogue.received(stream: bytes("y\n")) == [.show(bytes("y\n"))])
        #expect(dialogue.endOfPeer() == [.end(.finished)])
        #expect(dialogue.isOver)
    }

    @Test(arguments: [DialogueSettings.Transport.messages, .datagrams])
    func `each line is a message, also an empty one`(transport: DialogueSettings.Transport) {
        var dialogue = dialogue(transport, .pipe)
        #expect(dialogue.input(bytes("a\n\nb")) == [.send(bytes("a")), .send([])])
        #expect(dialogue.endOfInput().first == .send(bytes("b")))
    }

    @Test func `after EOF of the peer the available input is sent`() {
        var dialogue = dialogue(.stream, .pipe)
        #expect(dialogue.inputPaused() == [])
        #expect(dialogue.endOfPeer() == [])
        #expect(dialogue.takesInput && dialogue.endsWithoutInput && !dialogue.expectsMessages)
        #expect(dialogue.input(bytes("rest")) == [.send(bytes("rest"))])
        #expect(dialogue.inputPaused() == [.end(.finished)])
    }

    @Test func `after EOF of the peer the end of input ends the dialogue`() {
        var dialogue = dialogue(.messages, .pipe)
        #expect(dialogue.input(bytes("rest")) == [])
        #expect(dialogue.endOfPeer() == [])
        #expect(dialogue.endOfInput() == [.send(bytes("rest")), .end(.finished)])
    }

    @Test func `an invalid line ends the input, with its number`() {
        var dialogue = dialogue(.datagrams, .pipe, form: .hex)
        let actions = dialogue.input(bytes("00\n\nxyz\n01\n"))
        #expect(actions.count == 3)
        #expect(actions.prefix(2) == [.send([0]), .send([])])
        guard case .end(.badInput(let line, let mistake)) = actions.last else {
            Issue.record("it ends with \(actions)")
            return
        }
        #expect(line == 3)
        #expect(mistake.message.contains("`x`"))
        #expect(dialogue.endOfInput() == [])
    }

    @Test func `hex for a stream is read by lines`() {
        var dialogue = dialogue(.stream, .pipe, form: .hex)
        #expect(dialogue.input(bytes("0a")) == [])
        #expect(dialogue.input(bytes("0b\n0c")) == [.send([10, 11])])
        #expect(dialogue.endOfInput() == [.send([12]), .finishSending])
    }

    // MARK: - Silence

    @Test func `the timeout begins after all is sent`() {
        var dialogue = dialogue(.datagrams, .pipe, silence: .seconds(2))
        #expect(dialogue.patience == nil)
        #expect(dialogue.endOfInput() == [])
        #expect(dialogue.patience == .seconds(2))
    }

    @Test(arguments: [(0, DialogueEnd.silent), (1, .finished), (2, .finished)])
    func `no answer and no further answer are different ends`(answers: Int, end: DialogueEnd) {
        var dialogue = dialogue(.datagrams, .pipe, silence: .seconds(2))
        _ = dialogue.endOfInput()
        for _ in 0..<answers { _ = dialogue.received(message: [], length: 0) }
        #expect(dialogue.silence() == [.end(end)])
    }

    @Test func `silence is an error for a stream and with --count`() {
        var stream = dialogue(.stream, .pipe, silence: .seconds(2))
        _ = stream.endOfInput()
        _ = stream.received(stream: [1])
        #expect(stream.silence() == [.end(.silent)])
        var counted = dialogue(.datagrams, .pipe, count: 2, silence: .seconds(2))
        _ = counted.endOfInput()
        _ = counted.received(message: [], length: 0)
        #expect(counted.silence() == [.end(.silent)])
    }

    @Test func `--listen waits for the first client without limit, then for --timeout`() {
        var dialogue = dialogue(.datagrams, .pipe, silence: .seconds(2), waitsForFirst: true)
        _ = dialogue.endOfInput()
        #expect(dialogue.patience == nil)
        _ = dialogue.received(message: [], length: 0)
        #expect(dialogue.patience == .seconds(2))
    }

    // MARK: - A person

    @Test func `typed lines have a line feed for streams and none for messages`() {
        var stream = dialogue(.stream, .terminal)
        #expect(stream.typed(bytes("hi")) == [.send(bytes("hi\n"))])
        #expect(stream.typed([]) == [.send(bytes("\n"))])
        var messages = dialogue(.messages, .terminal)
        #expect(messages.typed(bytes("hi")) == [.send(bytes("hi"))])
        #expect(messages.typed([]) == [.send([])])
        var digits = dialogue(.stream, .terminal, form: .hex)
        #expect(digits.typed(bytes("68 69")) == [.send(bytes("hi"))])
    }

    @Test func `an invalid typed line gets a message, and the session continues`() {
        var dialogue = dialogue(.datagrams, .terminal, form: .can)
        guard case .say(let words) = dialogue.typed(bytes("hello")).first else {
            Issue.record("nothing is said")
            return
        }
        #expect(words.contains("not sent") && words.contains("123#DEADBEEF"))
        #expect(dialogue.takesInput)
        #expect(dialogue.typed(bytes("001#")).count == 1)
    }

    @Test(arguments: [true, false])
    func `q and Ctrl-D give the peer one second`(isTyped: Bool) {
        var dialogue = dialogue(.stream, .terminal)
        #expect((isTyped ? dialogue.typed(bytes("q")) : dialogue.endOfInput()) == [.finishSending])
        #expect(dialogue.patience == DialogueSettings.farewell)
        #expect(dialogue.received(stream: bytes("bye")) == [.show(bytes("bye"))])
        // A server that never stops does not keep anybody.
        #expect(!dialogue.isMovedByMessages)
        #expect(dialogue.silence() == [.end(.finished)])
    }

    @Test(arguments: ["q ", " q", "Q", "quit", "qq"])
    func `other lines are sent`(line: String) {
        var dialogue = dialogue(.messages, .terminal)
        #expect(dialogue.typed(bytes(line)) == [.send(bytes(line))])
    }

    @Test func `q ends a datagram session immediately`() {
        var dialogue = dialogue(.datagrams, .terminal)
        #expect(dialogue.typed(bytes("q")) == [.end(.finished)])
        #expect(dialogue.typed(bytes("more")) == [])
    }

    @Test func `EOF of the peer prints a message`() {
        var dialogue = dialogue(.stream, .terminal)
        #expect(dialogue.endOfPeer() == [.say("EOF from the peer"), .end(.finished)])
    }

    // MARK: - One message

    @Test func `send sends its message and prints nothing`() {
        var stream = dialogue(.stream, .commandLine, silence: .seconds(2))
        #expect(stream.command(bytes("hi")) == [.send(bytes("hi"))])
        #expect(stream.endOfInput() == [.finishSending])
        #expect(stream.received(stream: bytes("noise")) == [])
        #expect(!stream.isMovedByMessages)
        #expect(stream.silence() == [.end(.finished)])
        var datagrams = dialogue(.datagrams, .commandLine)
        #expect(datagrams.command([]) == [.send([])])
        #expect(datagrams.endOfInput() == [.end(.finished)])
    }

    @Test func `receive prints one message and sends nothing`() {
        var dialogue = dialogue(.datagrams, .none, count: 1)
        #expect(!dialogue.takesInput)
        #expect(dialogue.input(bytes("x")) == [])
        #expect(dialogue.endOfInput() == [])
        #expect(dialogue.received(message: bytes("m"), length: 1) == [.show(bytes("m\n")), .end(.finished)])
        #expect(dialogue.received(message: bytes("m"), length: 1) == [])
    }

    // MARK: - What comes in

    @Test func `--count counts the lines of a stream and prints no more`() {
        var dialogue = dialogue(.stream, .pipe, count: 3)
        #expect(dialogue.received(stream: bytes("one\ntw")) == [.show(bytes("one\ntw"))])
        #expect(dialogue.received(stream: bytes("o\nthree\nfour\n")) == [.show(bytes("o\nthree\n")), .end(.finished)])
    }

    @Test func `--count counts empty messages`() {
        var dialogue = dialogue(.messages, .pipe, count: 2)
        #expect(dialogue.received(message: [], length: 0) == [.show(bytes("\n"))])
        #expect(dialogue.received(message: [], length: 0) == [.show(bytes("\n")), .end(.finished)])
    }

    @Test func `a truncated message is reported`() {
        var dialogue = dialogue(.datagrams, .pipe, form: .hex)
        let actions = dialogue.received(message: [1, 2], length: 3000)
        #expect(actions.first == .show(bytes("01 02\n")))
        guard case .say(let words) = actions.last else {
            Issue.record("nothing is said")
            return
        }
        #expect(words.contains("truncated") && words.contains("3000 bytes") && words.contains("first 2"))
    }

    // MARK: - Failures

    @Test(arguments: [DialogueSettings.Transport.stream, .messages, .datagrams])
    func `an error of the socket ends a script with its errno`(transport: DialogueSettings.Transport) {
        var dialogue = dialogue(transport, .pipe)
        let error = SystemError("recv", errno: ECONNREFUSED)
        #expect(dialogue.failure(error) == [.end(.failed(error))])
        #expect(dialogue.failure(error) == [])
    }

    @Test func `a refused datagram does not end a typed session`() {
        var dialogue = dialogue(.datagrams, .terminal)
        guard case .say(let words) = dialogue.failure(SystemError("recvmsg", errno: ECONNREFUSED)).first else {
            Issue.record("nothing is said")
            return
        }
        #expect(words.contains("ECONNREFUSED"))
        #expect(dialogue.takesInput)
    }

    @Test func `a reset after q is no error`() {
        var dialogue = dialogue(.stream, .terminal)
        _ = dialogue.typed(bytes("q"))
        #expect(dialogue.failure(SystemError("recv", errno: ECONNRESET)) == [.end(.finished)])
    }

    /// Every input after the end, in every form of the end.
    @Test func `events after the end have no effect`() {
        var dialogue = dialogue(.datagrams, .terminal)
        _ = dialogue.typed(bytes("q"))
        #expect(dialogue.isOver && !dialogue.takesInput && !dialogue.expectsMessages && !dialogue.endsWithoutInput)
        #expect(dialogue.patience == nil)
        let nothing: [[DialogueAction]] = [
            dialogue.input(bytes("a\n")), dialogue.typed(bytes("a")), dialogue.command([1]), dialogue.endOfInput(),
            dialogue.inputPaused(), dialogue.received(stream: [1]), dialogue.received(message: [], length: 0),
            dialogue.endOfPeer(), dialogue.silence(), dialogue.failure(SystemError("recv", errno: EIO)),
        ]
        #expect(Array(nothing.joined()) == [])
    }
}
