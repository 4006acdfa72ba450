// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Records
import Testing

@testable import Services

/// A room, and what came out of its outbox, as text: `1<hello` to member 1, `-1<hello` to all but member 1, `1!finished`
/// for an end.
private struct Stage {
    var room = Room()
    var outbox = Outbox()

    mutating func join(_ name: String) throws -> MemberID {
        room.join(as: try MemberName(chosen: Array(name.utf8)), &outbox)
    }

    mutating func write(_ line: String, by id: MemberID) {
        room.write(Array(line.utf8).span, by: id, &outbox)
    }

    /// Takes what is to be done.
    mutating func takeSteps() -> [String] {
        room.tellNews(&outbox)
        let steps = outbox.steps.map { step in
            switch step {
            case .send(let id, let range): "\(id.number)<\(String(decoding: outbox.bytes[range], as: UTF8.self))"
            case .sendToOthers(let id, let range):
                "-\(id.number)<\(String(decoding: outbox.bytes[range], as: UTF8.self))"
            case .sendToAll(let range): "*<\(String(decoding: outbox.bytes[range], as: UTF8.self))"
            case .end(let id, let reason, let party): "\(id.number)!\(reason.name) \(party.name)"
            }
        }
        outbox.removeAll()
        return steps
    }
}

@Suite struct RoomTests {
    @Test(arguments: [LineAssembler.Line.tooLong, .notUTF8])
    func `what follows /quit gets no answer`(kind: LineAssembler.Line) throws {
        var stage = Stage()
        let ann = try stage.join("ann")
        stage.write("/quit", by: ann)
        _ = stage.takeSteps()
        stage.room.refuse(kind, by: ann, &stage.outbox)
        stage.write("hello", by: ann)
        #expect(stage.takeSteps() == [])
    }

    private static let hint =
        ". What you write is sent to all of them; /quit leaves, /nick NAME changes your name, /help lists the commands.\n"

    @Test func `a new member gets the number of others, and the others a notice`() throws {
        var stage = Stage()
        _ = try stage.join("ann")
        #expect(stage.takeSteps() == ["1<* You are ann. Nobody else is here yet\(Self.hint)"])
        _ = try stage.join("bob")
        #expect(stage.takeSteps() == ["2<* You are bob. 1 other is here\(Self.hint)", "-2<* bob joined (2 here)\n"])
        _ = try stage.join("cy")
        #expect(stage.takeSteps() == ["3<* You are cy. 2 others are here\(Self.hint)", "-3<* cy joined (3 here)\n"])
        #expect(stage.room.count == 3)
    }

    @Test func `each line reaches all others with the name, consecutive lines together`() throws {
        var stage = Stage()
        let ann = try stage.join("ann")
        let bob = try stage.join("bob")
        _ = stage.takeSteps()
        stage.write("hello", by: ann)
        stage.write("", by: ann)
        stage.write("//who", by: ann)
        stage.write("\u{1b}[31mred", by: ann)
        stage.write("hi", by: bob)
        #expect(stage.takeSteps() == ["-1<<ann> hello\n<ann> \n<ann> /who\n<ann> ␛[31mred\n", "-2<<bob> hi\n"])
    }

    @Test(arguments: [
        (Departure.left, "* bob left (2 here)"), (.lost, "* bob lost the connection (2 here)"),
        (.dropped, "* bob was disconnected: it did not read (2 here)"),
        (.ended(.idleTimeout), "* bob was disconnected after being idle for too long (2 here)"),
        (.ended(.closedByOperator), "* bob was disconnected by the operator (2 here)"),
    ])
    func `a notice says why a member left`(departure: Departure, line: String) throws {
        var stage = Stage()
        _ = try stage.join("ann")
        let bob = try stage.join("bob")
        _ = try stage.join("cy")
        _ = stage.takeSteps()
        stage.room.leave(bob, departure, &stage.outbox)
        #expect(stage.takeSteps() == ["-2<\(line)\n"])
        #expect(!stage.room.contains(bob))
    }

    @Test(arguments: [CloseReason.stopped, .drained])
    func `a stop sends no notices about other members`(reason: CloseReason) throws {
        var stage = Stage()
        let ann = try stage.join("ann")
        _ = try stage.join("bob")
        _ = stage.takeSteps()
        stage.room.stop(ann, reason, by: .daemon, &stage.outbox)
        let steps = stage.takeSteps()
        #expect(steps.count == 2)
        #expect(steps.first?.hasSuffix("Goodbye.\n") == true)
        #expect(steps.last == "1!\(reason.name) daemon")
    }

    @Test func `/quit, EOF and an unread queue end a member`() throws {
        var stage = Stage()
        let ids = try ["ann", "bob", "cy", "dee"].map { try stage.join($0) }
        _ = stage.takeSteps()
        stage.write("/quit", by: ids[0])
        #expect(stage.takeSteps() == ["1<* Goodbye.\n", "1!finished client", "-1<* ann left (3 here)\n"])
        stage.room.finish(ids[1], &stage.outbox)
        #expect(stage.takeSteps() == ["2!client-closed client", "-2<* bob left (2 here)\n"])
        stage.room.drop(ids[2], &stage.outbox)
        #expect(
            stage.takeSteps() == [
                "3<* You did not read what the others wrote, so your connection is closed.\n", "3!slow-reader daemon",
                "-3<* cy was disconnected: it did not read (1 here)\n",
            ])
        stage.room.leave(ids[3], .lost, &stage.outbox)
        #expect(stage.takeSteps() == [], "nobody is left to hear of the last")
        #expect(stage.room.count == 0)
    }

    // MARK: - Many at once

    @Test func `several joins share one notice`() throws {
        var stage = Stage()
        _ = try stage.join("ann")
        _ = stage.takeSteps()
        _ = try stage.join("bob")
        _ = try stage.join("cy")
        #expect(stage.takeSteps().last == "*<* bob and cy joined (3 here)\n")
        for number in 1...12 { _ = try stage.join("n\(number)") }
        #expect(stage.takeSteps().last == "*<* n1, n2, n3, n4, n5, n6, n7, n8 and 4 more joined (15 here)\n")
    }

    @Test func `a member that left before its join notice is not announced`() throws {
        var stage = Stage()
        _ = try stage.join("ann")
        _ = stage.takeSteps()
        for number in 1...20 {
            let id = try stage.join("n\(number)")
            stage.room.leave(id, .lost, &stage.outbox)
        }
        #expect(!stage.room.hasNews)
        #expect(stage.takeSteps().allSatisfy { $0.contains("* You are n") })
        // Of those that are named, and of those that are counted.
        let ids = try (1...12).map { try stage.join("n\($0)") }
        for id in ids.dropFirst(2) { stage.room.leave(id, .left, &stage.outbox) }
        #expect(stage.takeSteps().last == "*<* n1 and n2 joined (3 here)\n")
        let others = try (3...12).map { try stage.join("n\($0)") }
        for id in others.dropLast(2) { stage.room.leave(id, .left, &stage.outbox) }
        #expect(stage.takeSteps().last == "*<* 2 members joined (5 here)\n")
    }

    @Test func `several leaves share one notice, with the reason`() throws {
        var stage = Stage()
        _ = try stage.join("ann")
        let ids = try (1...5).map { try stage.join("n\($0)") }
        _ = stage.takeSteps()
        stage.room.leave(ids[0], .lost, &stage.outbox)
        stage.room.leave(ids[1], .left, &stage.outbox)
        stage.room.leave(ids[2], .lost, &stage.outbox)
        stage.room.leave(ids[3], .ended(.idleTimeout), &stage.outbox)
        #expect(
            stage.takeSteps() == [
                "*<* n1 and n3 lost their connections (2 here)\n", "-3<* n2 left (2 here)\n",
                "-5<* n4 was disconnected after being idle for too long (2 here)\n",
            ])
    }

    @Test func `join, line and leave are announced in order`() throws {
        var stage = Stage()
        _ = try stage.join("ann")
        _ = stage.takeSteps()
        let bob = try stage.join("bob")
        stage.write("hi", by: bob)
        stage.room.leave(bob, .left, &stage.outbox)
        #expect(stage.takeSteps().dropFirst() == ["-2<* bob joined (2 here)\n<bob> hi\n* bob left (1 here)\n"])
    }

    @Test func `input of a removed member has no effect`() throws {
        var stage = Stage()
        _ = try stage.join("ann")
        let bob = try stage.join("bob")
        stage.room.leave(bob, .left, &stage.outbox)
        _ = stage.takeSteps()
        for never in [bob, MemberID(number: 0), MemberID(number: 99)] {
            for line in ["hello", "/nick ann2", "/who", "/quit", "/help", "/x"] { stage.write(line, by: never) }
            stage.room.leave(never, .lost, &stage.outbox)
            stage.room.finish(never, &stage.outbox)
            stage.room.drop(never, &stage.outbox)
            stage.room.stop(never, .idleTimeout, by: .daemon, &stage.outbox)
        }
        #expect(stage.takeSteps() == [])
        #expect(stage.room.count == 1)
    }

    // MARK: - Names

    @Test func `/nick renames and announces it`() throws {
        var stage = Stage()
        let ann = try stage.join("ann")
        _ = try stage.join("bob")
        _ = stage.takeSteps()
        stage.write("/nick Eve", by: ann)
        #expect(stage.takeSteps() == ["1<* You are now Eve.\n", "-1<* ann is now Eve\n"])
        stage.write("/nick EVE", by: ann)
        #expect(stage.takeSteps() == ["1<* You are now EVE.\n", "-1<* Eve is now EVE\n"], "the case of one's own name")
        stage.write("/nick EVE", by: ann)
        #expect(stage.takeSteps() == ["1<* You are now EVE.\n"], "no news for the others")
        stage.write("/nick", by: ann)
        #expect(stage.takeSteps() == ["1<* You are EVE; /nick NAME changes that.\n"])
    }

    @Test func `a name belongs to the first member that asks, until it is free again`() throws {
        var stage = Stage()
        let ann = try stage.join("ann")
        let bob = try stage.join("bob")
        _ = stage.takeSteps()
        stage.write("/nick Max", by: ann)
        stage.write("/nick MAX", by: bob)
        #expect(
            stage.takeSteps() == [
                "1<* You are now Max.\n", "-1<* ann is now Max\n", "2<* The name MAX is in use.\n",
            ])
        stage.write("/nick ann", by: bob)
        #expect(stage.takeSteps() == ["2<* You are now ann.\n", "-2<* bob is now ann\n"], "the old name is free")
        stage.room.leave(ann, .lost, &stage.outbox)
        _ = stage.takeSteps()
        stage.write("/nick max", by: bob)
        #expect(stage.takeSteps() == ["2<* You are now max.\n"])
    }

    @Test func `a new member does not get a name in use`() throws {
        var stage = Stage()
        _ = try stage.join("x")
        _ = try stage.join("X")
        _ = try stage.join("x")
        let names = stage.takeSteps().filter { $0.contains("You are") }.map { $0.prefix(20) }
        #expect(names == ["1<* You are x. Nobod", "2<* You are X#2. 1 o", "3<* You are x#3. 2 o"])
    }

    @Test(arguments: ["a b", "\u{1b}", "<", String(repeating: "a", count: 33)])
    func `an invalid name gets an error message`(name: String) throws {
        var stage = Stage()
        let ann = try stage.join("ann")
        _ = stage.takeSteps()
        stage.write("/nick \(name)", by: ann)
        let steps = stage.takeSteps()
        #expect(steps.count == 1)
        #expect(steps.first?.hasPrefix("1<* That name ") == true)
    }

    // MARK: - Answers

    @Test func `/who lists the members`() throws {
        var stage = Stage()
        let ann = try stage.join("ann")
        _ = stage.takeSteps()
        stage.write("/who", by: ann)
        #expect(stage.takeSteps() == ["1<* 1 is here: ann (you)\n"])
        let bob = try stage.join("bob")
        _ = try stage.join("cy")
        _ = stage.takeSteps()
        stage.write("/who", by: bob)
        #expect(stage.takeSteps() == ["2<* 3 are here: bob (you), ann, cy\n"])
    }

    @Test func `/who is limited in a full room`() throws {
        var stage = Stage()
        var last: MemberID?
        for number in 0..<10_000 { last = try stage.join("member-\(number)") }
        _ = stage.takeSteps()
        stage.write("/who", by: try #require(last))
        let answer = try #require(stage.takeSteps().first)
        #expect(answer.utf8.count < 17_000)
        #expect(answer.contains("* 10000 are here: member-9999 (you), member-0, "))
        #expect(answer.hasSuffix(" more\n"))
        let lines = answer.dropFirst("10000<".count).split(separator: "\n")
        #expect(lines.count > 10)
        // Each fits into a datagram that no link has to cut up.
        #expect(lines.allSatisfy { $0.hasPrefix("* ") && $0.utf8.count < 1200 })
        #expect(lines.dropLast().allSatisfy { $0.hasSuffix(",") && $0.utf8.count > 1000 })
        let named = lines.joined(separator: " ").split(separator: "member-").count - 1
        #expect(answer.hasSuffix(" and \(10_000 - named) more\n"))
    }

    @Test func `a member that joins again is told that it is in`() throws {
        var stage = Stage()
        let ann = try stage.join("ann")
        _ = try stage.join("bob")
        _ = stage.takeSteps()
        stage.write("/join k7k7k7k7", by: ann)
        #expect(stage.takeSteps() == ["1<* You are ann; /nick NAME changes that.\n"])
    }

    @Test func `an unknown command gets an escaped error message`() throws {
        var stage = Stage()
        let ann = try stage.join("ann")
        _ = stage.takeSteps()
        stage.write("/j\u{1b}oin #x", by: ann)
        let steps = stage.takeSteps()
        #expect(steps.count == 1)
        #expect(steps.first?.hasPrefix("1<* Unknown command /j␛oin; /help lists the commands") == true)
        stage.write("/help", by: ann)
        let help = try #require(stage.takeSteps().first)
        for command in ["/nick", "/who", "/quit", "/help"] { #expect(help.contains(command)) }
    }

    @Test func `a line that is too long or not UTF-8 gets an error message`() throws {
        var stage = Stage()
        let ann = try stage.join("ann")
        _ = stage.takeSteps()
        stage.room.refuse(.tooLong, by: ann, &stage.outbox)
        #expect(stage.takeSteps() == ["1<* That line was not sent: it is longer than 4096 bytes.\n"])
        stage.room.refuse(.notUTF8, by: ann, &stage.outbox)
        #expect(stage.takeSteps() == ["1<* That line was not sent: it is not UTF-8.\n"])
    }

    /// Whatever happens in whatever order: nobody is told anything who is not here, and names stay unique.
    @Test(arguments: 0..<20)
    func `random operations keep the invariants`(seed: UInt64) throws {
        var random = Linear(state: seed &* 0x9e37_79b9_7f4a_7c15 | 1)
        var stage = Stage()
        var here: Set<UInt64> = []
        var names: [UInt64: String] = [:]
        for _ in 0..<2000 {
            let id = here.randomElement(using: &random).map { MemberID(number: $0) }
            switch (random.next() >> 33) % 8 {
            case 0, 1:
                let new = try stage.join("n\((random.next() >> 33) % 10)")
                #expect(here.insert(new.number).inserted, "a number is never given twice")
            case 2: if let id { stage.room.leave(id, .lost, &stage.outbox) }
            case 3: if let id { stage.room.drop(id, &stage.outbox) }
            case 4: if let id { stage.write("/quit", by: id) }
            case 5: if let id { stage.write("/nick N\((random.next() >> 33) % 10)", by: id) }
            case 6: if let id { stage.write("hello", by: id) }
            default: if let id { stage.write("/who", by: id) }
            }
            for step in stage.outbox.steps {
                guard case .send(let id, let range) = step else { continue }
                #expect(here.contains(id.number))
                let text = String(decoding: stage.outbox.bytes[range], as: UTF8.self)
                let words = text.split(whereSeparator: { " ;.\n".contains($0) })
                if text.hasPrefix("* You are now "), words.count > 4 { names[id.number] = String(words[4]) }
            }
            stage.outbox.removeAll()
            here = here.filter { stage.room.contains(MemberID(number: $0)) }
            names = names.filter { here.contains($0.key) }
            #expect(stage.room.count == here.count)
            #expect(Set(names.values.map { $0.lowercased() }).count == names.count)
        }
    }
}

/// A generator whose numbers are the same in every run.
private struct Linear: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state
    }
}
