// SPDX-License-Identifier: Apache-2.0

import Records

@testable import Services

/// What holds for whatever members of a room write, and wherever reads cut it, in sentences where it does not. Fuzzing
/// checks the same.
///
/// The bytes are what one member writes. Where they are cut, others come and go.
func chatInvariantFailures(of bytes: [UInt8]) -> [String] {
    let whole = ChatPlay(bytes, cuts: [])
    var failures = whole.failures
    // Every place of a short text; of a longer one those around the ends of lines.
    let ends = bytes.indices.filter { bytes[$0] == 10 || bytes[$0] == 13 }.flatMap { [$0, $0 + 1] }
    let places = bytes.count <= 200 ? Array(bytes.indices) : Array(ends.prefix(100))
    for place in places {
        let play = ChatPlay(bytes, cuts: [place])
        failures += play.failures
        if play.said != whole.said { failures.append("cut at \(place), another thing is said") }
    }
    let bytewise = ChatPlay(bytes, cuts: Array(bytes.indices.prefix(5000)))
    if bytewise.said != whole.said { failures.append("byte by byte, another thing is said") }
    return failures + bytewise.failures
}

/// A room with a writer and two who read, without sockets.
private struct ChatPlay {
    private(set) var failures: [String] = []

    /// What the others were told of what the writer wrote.
    private(set) var said: [UInt8] = []

    private var room = Room()
    private var outbox = Outbox()
    private var here: Set<MemberID> = []

    init(_ bytes: [UInt8], cuts: [Int]) {
        let writer = join("writer")
        _ = join("reader")
        carryOut()
        said = []
        var assembler = LineAssembler()
        var start = 0
        for end in cuts + [bytes.count] where end >= start {
            let part = Array(bytes[start..<end])
            start = end
            var position = 0
            while position < part.count {
                let before = position
                assembler.next(in: part.span, at: &position) { accept($0, $1, from: writer) }
                if position <= before { failures.append("no byte of a part is taken") }
            }
            carryOut()
        }
        assembler.finish { accept($0, $1, from: writer) }
        carryOut()
        let guest = join("guest")
        room.leave(guest, .lost, &outbox)
        room.finish(writer, &outbox)
        carryOut()
        if room.contains(writer) { failures.append("who has finished is here") }
    }

    private mutating func join(_ name: String) -> MemberID {
        guard let name = try? MemberName(chosen: Array(name.utf8)) else { preconditionFailure("a good name") }
        let id = room.join(as: name, &outbox)
        here.insert(id)
        return id
    }

    private mutating func accept(_ kind: LineAssembler.Line, _ line: Span<UInt8>, from id: MemberID) {
        if kind == .text { room.write(line, by: id, &outbox) } else { room.refuse(kind, by: id, &outbox) }
    }

    private mutating func carryOut() {
        room.tellNews(&outbox)
        for step in outbox.steps {
            switch step {
            case .send(let id, let range):
                if !here.contains(id) { failures.append("somebody who is not here is told something") }
                check(outbox.bytes[range])
            case .sendToOthers(_, let range), .sendToAll(let range):
                check(outbox.bytes[range])
                said += outbox.bytes[range]
            case .end(let id, _, _):
                if here.remove(id) == nil { failures.append("somebody who is not here is let go") }
            }
        }
        outbox.removeAll()
    }

    /// Whole lines that do nothing to a terminal. A tab stays a tab.
    private mutating func check(_ text: ArraySlice<UInt8>) {
        if text.last != 10 { failures.append("a line without its end") }
        if text.contains(where: { ($0 < 0x20 && $0 != 10 && $0 != 9) || $0 == 0x7f }) {
            failures.append("a control byte")
        }
        if String(validating: text, as: UTF8.self) == nil { failures.append("no UTF-8") }
    }
}
