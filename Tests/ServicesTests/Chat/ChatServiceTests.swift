// SPDX-License-Identifier: Apache-2.0

import Addresses
import Configuration
import LinuxSystem
import Reactor
import Records
import TestSupport
import Testing

@testable import Services

/// A room on a lane, with members that have come in.
private struct ChatStage {
    let harness: LaneHarness
    let sockets: [ListeningSocket]

    init(_ kinds: [SocketKind] = [.tcp], idleTimeout: UInt64? = nil) throws {
        harness = try LaneHarness()
        sockets = try harness.listen(kinds, service: ServiceSettings.chat.factory) { $0.idleTimeout = idleTimeout }
    }

    /// A member that was welcomed and has a name, unless that is empty.
    func member(_ name: String = "", socket index: Int = 0, receiveBuffer: Int? = nil) throws -> TestPeer {
        let peer = try harness.connect(to: sockets[index], receiveBuffer: receiveBuffer)
        #expect(harness.run(until: { peer.text.contains("You are") }))
        if !name.isEmpty {
            peer.write("/nick \(name)\n")
            #expect(harness.run(until: { peer.text.contains("You are now \(name)") }))
        }
        harness.settle()
        peer.forget()
        return peer
    }
}

@Suite struct ChatServiceTests {
    @Test func `members get a welcome, lines, and notices of joins and leaves`() throws {
        let stage = try ChatStage()
        let ann = try stage.harness.connect(to: stage.sockets[0])
        #expect(stage.harness.run(until: { ann.lines.count == 1 }))
        #expect(ann.text.hasPrefix("* You are 127.0.0.1:"))
        #expect(ann.text.contains("Nobody else is here yet"))
        #expect(ann.text.contains("/quit leaves"))
        ann.write("/nick ann\r\n")
        #expect(stage.harness.run(until: { ann.lines.last == "* You are now ann." }))
        ann.forget()
        let bob = try stage.member("bob")
        #expect(ann.lines.first?.hasSuffix(" joined (2 here)") == true)
        #expect(ann.lines.last?.hasSuffix(" is now bob") == true)
        ann.forget()
        bob.write("hello\r\nagain\n")
        #expect(stage.harness.run(until: { ann.lines == ["<bob> hello", "<bob> again"] }))
        ann.write("hi")
        stage.harness.settle()
        #expect(bob.text == "", "half a line is none yet")
        ann.write(" there\n")
        #expect(stage.harness.run(until: { bob.lines == ["<ann> hi there"] }))
        bob.write("/quit\nthis is said to nobody\n")
        #expect(stage.harness.run(until: { bob.hasEnded && ann.lines.last == "* bob left (1 here)" }))
        #expect(bob.lines.last == "* Goodbye.")
        bob.close()
        #expect(stage.harness.run(until: { stage.harness.connections == 1 }))
        #expect(try stage.harness.ends() == ["finished by client"])
    }

    @Test func `all address families share one room`() throws {
        let stage = try ChatStage([.tcp, .unixStream, .unixSeqpacket])
        let tcp = try stage.member("tcp")
        let unix = try stage.harness.connect(to: stage.sockets[1])
        #expect(stage.harness.run(until: { unix.text.contains("You are unix-#") && unix.text.contains("1 other is") }))
        unix.forget()
        let packets = try stage.harness.connect(to: stage.sockets[2])
        #expect(stage.harness.run(until: { packets.text.contains("2 others are here") }))
        packets.forget()
        tcp.forget()
        unix.forget()
        packets.writeMessage("no end")
        packets.writeMessage("two\nlines\n")
        #expect(stage.harness.run(until: { tcp.lines.count == 3 && unix.lines.count == 3 }))
        #expect(tcp.lines.map { $0.drop { $0 != " " } } == [" no end", " two", " lines"])
        #expect(tcp.lines == unix.lines)
        tcp.write("one\ntwo\n")
        #expect(stage.harness.run(until: { packets.messages.count == 2 }))
        #expect(packets.messages == [Array("<tcp> one\n".utf8), Array("<tcp> two\n".utf8)])
        #expect(stage.harness.run(until: { unix.lines.last == "<tcp> two" }))
    }

    @Test func `lines before a half-close are delivered and answered`() throws {
        let stage = try ChatStage()
        let ann = try stage.member("ann")
        let bob = try stage.harness.connect(to: stage.sockets[0])
        bob.reads = false
        bob.write("/nick bob\n" + (0..<5000).map { "line \($0)\n" }.joined() + "/who\nand the last")
        bob.finishWriting()
        #expect(stage.harness.run(until: { ann.lines.last == "* bob left (1 here)" }))
        #expect(ann.lines.filter { $0.hasPrefix("<bob> line ") }.count == 5000)
        #expect(ann.lines.dropLast().last == "<bob> and the last")
        bob.reads = true
        #expect(stage.harness.run(until: { bob.hasEnded && stage.harness.connections == 1 }))
        #expect(bob.lines.last == "* 2 are here: bob (you), ann")
        #expect(try stage.harness.ends() == ["client-closed by client"])
    }

    @Test func `commands are answered as fast as the client reads`() throws {
        let stage = try ChatStage([.unixStream])
        let bob = try stage.member("bob")
        bob.reads = false
        // The answers are some 8 MB: far more than a member may have waiting, were it not for the asker's own pace.
        bob.write(String(repeating: "/help\n", count: 20_000))
        bob.finishWriting()
        stage.harness.settle()
        #expect(stage.harness.connections == 1)
        bob.reads = true
        #expect(stage.harness.run(until: { bob.hasEnded }))
        #expect(bob.received.count == 20_000 * Room.help.utf8CodeUnitCount)
        #expect(stage.harness.run(until: { stage.harness.connections == 0 }))
        #expect(try stage.harness.ends() == ["client-closed by client"])
    }

    // Plain only: a peer that does not read acknowledges no records, so it can write no more than a window of them.
    @Test(.plainOnly) func `commands of a member that resets are discarded`() throws {
        let stage = try ChatStage([.tcp, .unixStream])
        let ann = try stage.member("ann")
        for index in 0..<2 {
            let bob = try stage.member("bob\(index)", socket: index)
            ann.forget()
            bob.reads = false
            bob.write(String(repeating: "/help\n", count: 50_000))
            stage.harness.settle()
            bob.reset()
            #expect(stage.harness.run(until: { ann.lines == ["* bob\(index) lost the connection (1 here)"] }))
        }
        #expect(try stage.harness.ends() == ["reset-by-client by client", "reset-by-client by client"])
    }

    @Test func `a line that is too long or not UTF-8 gets a message, and the member stays`() throws {
        let stage = try ChatStage()
        let ann = try stage.member("ann")
        let bob = try stage.member("bob")
        ann.forget()
        bob.write(String(repeating: "x", count: 1 << 20) + "\nafter long\n")
        bob.write([0x61, 0xff, 0x0a] + Array("after bad\n".utf8))
        bob.write([0xf0, 0x9f])
        stage.harness.settle()
        bob.write([0x98, 0x80, 0x0a])
        #expect(stage.harness.run(until: { ann.lines == ["<bob> after long", "<bob> after bad", "<bob> 😀"] }))
        #expect(
            bob.lines == [
                "* That line was not sent: it is longer than 4096 bytes.", "* That line was not sent: it is not UTF-8.",
            ])
        bob.write(String(repeating: "y", count: 4096) + "\r\n" + String(repeating: "z", count: 4097) + "\n")
        #expect(stage.harness.run(until: { bob.lines.count == 3 }))
        #expect(ann.lines.last == "<bob> " + String(repeating: "y", count: 4096))
    }

    @Test func `single bytes are assembled to lines`() throws {
        let stage = try ChatStage()
        let ann = try stage.member("ann")
        let bob = try stage.member("bob")
        ann.forget()
        bob.writeLength = 1
        bob.write("grüße 😀\r\n/who\r\n")
        #expect(stage.harness.run(until: { bob.lines == ["* 2 are here: bob (you), ann"] }))
        #expect(ann.lines == ["<bob> grüße 😀"])
    }

    @Test func `control characters are escaped for others`() throws {
        let stage = try ChatStage()
        let ann = try stage.member("ann")
        let bob = try stage.member("bob")
        ann.forget()
        bob.write("\u{1b}[2J\u{7}\0\r<ann> I owe you\n")
        #expect(stage.harness.run(until: { ann.lines == ["<bob> ␛[2J␇␀␍<ann> I owe you"] }))
    }

    // MARK: - Those who do not read

    @Test(arguments: [SocketKind.tcp, .unixStream, .unixSeqpacket])
    func `a member that does not read is disconnected, and delays no other`(kind: SocketKind) throws {
        let stage = try ChatStage([kind == .tcp ? .tcp : .unixStream, kind])
        let ann = try stage.member("ann")
        let bob = try stage.member("bob")
        let deaf = try stage.harness.connect(to: stage.sockets[1], receiveBuffer: 4096)
        #expect(stage.harness.run(until: { deaf.text.contains("You are") }))
        stage.harness.settle()
        deaf.reads = false
        ann.forget()
        let line = String(repeating: "l", count: 4000)
        var said = 0
        // What the kernel holds for a socket differs; it ends somewhere.
        func isDropped() -> Bool { ann.lines.contains { $0.hasPrefix("* ") } }
        while !isDropped(), said < 20_000 {
            bob.write(String(repeating: line + "\n", count: 20))
            said += 20
            #expect(stage.harness.run(until: { ann.lines.count == said + (isDropped() ? 1 : 0) }))
        }
        stage.harness.settle()
        #expect(ann.lines.filter { $0 == "<bob> \(line)" }.count == said)
        #expect(ann.lines.filter { $0.hasSuffix("was disconnected: it did not read (2 here)") }.count == 1)
        #expect(stage.harness.connections == 3, "it may still read what waits for it")
        deaf.reads = true
        #expect(stage.harness.run(until: { deaf.hasEnded }))
        #expect(deaf.lines.last == "* You did not read what the others wrote, so your connection is closed.")
        #expect(deaf.lines.dropLast().allSatisfy { !$0.hasPrefix("<") || $0 == "<bob> \(line)" }, "whole lines")
        deaf.close()
        #expect(stage.harness.run(until: { stage.harness.connections == 2 }))
        #expect(try stage.harness.ends() == ["slow-reader by daemon"])
        bob.write("we go on\n")
        #expect(stage.harness.run(until: { ann.lines.last == "<bob> we go on" }))
    }

    @Test func `the connection of a slow member is closed although it never reads`() throws {
        let stage = try ChatStage([.unixStream])
        let bob = try stage.member("bob")
        let deaf = try stage.member()
        deaf.reads = false
        let line = String(repeating: "l", count: 4000) + "\n"
        for _ in 0..<400 { bob.write(line) }
        #expect(stage.harness.run(until: { bob.lines.contains { $0.contains("was disconnected: it did not read") } }))
        // A grace of five seconds, in turns that take a millisecond or more while nothing moves.
        #expect(stage.harness.run(until: { stage.harness.connections == 1 }, idleTurns: 30_000))
        #expect(try stage.harness.ends() == ["slow-reader by daemon"])
    }

    // Plain only: as above, a mute peer could not write.
    @Test(.plainOnly) func `lines of a member that does not read are sent to others`() throws {
        let stage = try ChatStage([.unixStream])
        let ann = try stage.member("ann")
        let mute = try stage.member("mute")
        mute.reads = false
        ann.forget()
        // More than the kernel holds for it, less than the lane does.
        for _ in 0..<80 { ann.write(String(repeating: "a", count: 4000) + "\n") }
        stage.harness.settle()
        mute.write("but I can talk\n")
        #expect(stage.harness.run(until: { ann.lines == ["<mute> but I can talk"] }))
        #expect(stage.harness.connections == 2)
    }

    // Plain only: a window of records a turn is too little for the flood that this is about.
    @Test(.plainOnly) func `a flood of short lines does not block other members`() throws {
        let stage = try ChatStage([.unixStream])
        let ann = try stage.member("ann")
        let bob = try stage.member("bob")
        let flood = try stage.member("flood")
        ann.forget()
        bob.forget()
        flood.write(String(repeating: "\n", count: 50_000))
        bob.write("me too\n")
        #expect(stage.harness.run(until: { ann.lines.contains("<bob> me too") }))
        #expect(stage.harness.run(until: { ann.lines.count == 50_001 }))
        #expect(stage.harness.connections == 3, "who reads is not dropped")
    }

    /// The last members of a round get what all others have written meanwhile in one piece. A control character becomes
    /// three bytes.
    @Test func `a burst longer than the queue disconnects no member that reads`() throws {
        let stage = try ChatStage([.tcp, .unixDatagram])
        let readers = try (0..<70).map { _ in try stage.harness.connect(to: stage.sockets[0]) }
        #expect(stage.harness.run(until: { readers.allSatisfy { $0.text.contains("You are") } }))
        let writers = try (0..<2).map { _ in try DatagramPeer(nil) }
        for writer in writers { try writer.send("/who\n", to: stage.sockets[1]) }
        #expect(stage.harness.run(until: { readers.allSatisfy { $0.text.contains("(72 here)") } }))
        stage.harness.settle()
        for reader in readers { reader.forget() }
        let line = [UInt8](repeating: 0x1b, count: 4000) + [0x0a]
        for writer in writers {
            try writer.send(Array(repeatElement(line, count: 15).joined()), to: stage.sockets[1])
        }
        #expect(stage.harness.run(until: { readers.allSatisfy { $0.received.count > ChatService.longestQueue } }))
        stage.harness.settle()
        #expect(readers.count { $0.text.contains("dropped") } == 0)
        #expect(stage.harness.connections == 72)
    }

    // Plain only: it is about what the queues of sockets hold; a window of records holds less, so members are dropped.
    @Test(.plainOnly)
    func `escaped last lines of many members disconnect no member that reads`() throws {
        let harness = try LaneHarness()
        // Everything happens on the thread of the test.
        nonisolated(unsafe) let service = ChatService()
        let socket = try harness.listen(service: { service })[0]
        let readers = try (0..<70).map { _ in try harness.connect(to: socket) }
        let writers = try (0..<40).map { _ in try harness.connect(to: socket) }
        #expect(harness.run(until: { (readers + writers).allSatisfy { $0.text.contains("You are") } }))
        harness.settle()
        for reader in readers { reader.forget() }
        for writer in writers {
            writer.write([UInt8](repeating: 0x1b, count: 4000))
            writer.finishWriting()
        }
        var wasFull = false
        #expect(
            harness.run(until: {
                wasFull = wasFull || service.isFull
                return writers.allSatisfy(\.hasEnded)
            }))
        #expect(!wasFull, "most of them wait until the others were sent what was said")
        harness.settle()
        #expect(readers.count { $0.text.contains("dropped") } == 0)
        #expect(readers.allSatisfy { reader in reader.lines.count { $0.hasSuffix("␛") } == 40 })
        for writer in writers { writer.close() }
        #expect(harness.run(until: { harness.connections == 70 }))
    }

    // MARK: - Many, and those who go in the middle

    @Test func `a room of two hundred members works`() throws {
        let stage = try ChatStage()
        let members = try (0..<200).map { _ in try stage.harness.connect(to: stage.sockets[0]) }
        #expect(stage.harness.run(until: { members.allSatisfy { $0.text.contains("You are") } }))
        stage.harness.settle()
        for (number, member) in members.enumerated() {
            member.forget()
            member.write("line of \(number)\n")
        }
        #expect(stage.harness.run(until: { members.allSatisfy { $0.lines.count == 199 } }))
        for (number, member) in members.enumerated() {
            #expect(Set(member.lines.map { $0.drop { $0 != " " } }).count == 199)
            #expect(!member.text.contains("> line of \(number)\n"))
        }
        for member in members.dropFirst() { member.close() }
        #expect(stage.harness.run(until: { stage.harness.connections == 1 }))
        stage.harness.settle()
        #expect(members[0].lines.last?.hasSuffix("(1 here)") == true)
    }

    // Plain only: the order in which members break is that of their full sockets, which are never full behind a window.
    @Test(.plainOnly) func `members that reset during a broadcast do no harm`() throws {
        let stage = try ChatStage()
        let ann = try stage.member("ann")
        let bob = try stage.member("bob")
        let doomed = try (0..<40).map { try stage.member("d\($0)") }
        ann.forget()
        bob.write("to all\n")
        for (number, member) in doomed.enumerated() {
            if number.isMultiple(of: 2) { member.reset() } else { member.close() }
        }
        // The resets are there before the line is read, so sending meets them.
        #expect(stage.harness.run(until: { stage.harness.connections == 2 }))
        #expect(stage.harness.run(until: { ann.lines.last?.hasSuffix("(2 here)") == true }))
        #expect(ann.lines.contains("<bob> to all"))
        #expect(ann.lines.filter { $0.hasPrefix("* d") }.reduce(0) { $0 + Self.leavers(in: $1) } == 40)
        #expect(ann.lines.last?.hasSuffix("(2 here)") == true)
        bob.write("still here\n")
        #expect(stage.harness.run(until: { ann.lines.last == "<bob> still here" }))
        #expect(try stage.harness.ends().count == 40)
    }

    /// How many a line says that have left.
    private static func leavers(in line: String) -> Int {
        let words = line.split { " ,".contains($0) }
        let named = words.filter { $0.first == "d" && $0.dropFirst().allSatisfy(\.isNumber) && $0.count > 1 }.count
        guard let more = words.firstIndex(of: "more"), let rest = Int(words[more - 1]) else { return named }
        return named + rest
    }

    /// A room of 300, and somebody else on the lane: each turn of the lane has a bounded part of the room's work, and one for
    /// the other.
    @Test func `a line for many members is sent over several turns`() throws {
        let stage = try ChatStage()
        let echo = try stage.harness.listen(service: ServiceSettings.echo.factory)[0]
        let other = try stage.harness.connect(to: echo)
        let members = try (0..<300).map { _ in try stage.harness.connect(to: stage.sockets[0]) }
        #expect(stage.harness.run(until: { members.allSatisfy { $0.text.contains("You are") } }))
        stage.harness.settle()
        for member in members { member.forget() }
        members[0].write("hello\n")
        other.write("x")
        var told = 0
        var turns = 0
        while told < 299, turns < 1000 {
            stage.harness.run(turns: 1)
            turns += 1
            let before = told
            told = members.count { !$0.received.isEmpty }
            #expect(told - before <= 64)
        }
        #expect(told == 299 && turns >= 5)
        #expect(other.text == "x")
        for (number, member) in members.enumerated().dropFirst() {
            #expect(member.lines.count == 1 && member.lines[0].hasSuffix("> hello"), "\(number)")
        }
    }

    /// Whoever comes and goes while a line is on its way to many costs no more than a few lines.
    @Test func `joins and leaves during a broadcast share one notice`() throws {
        let stage = try ChatStage()
        let members = try (0..<200).map { _ in try stage.harness.connect(to: stage.sockets[0]) }
        #expect(stage.harness.run(until: { members.allSatisfy { $0.text.contains("You are") } }))
        stage.harness.settle()
        for member in members { member.forget() }
        let churners = try (0..<60).map { _ in try stage.harness.connect(to: stage.sockets[0]) }
        #expect(stage.harness.run(until: { churners.allSatisfy { $0.text.contains("You are") } }))
        for churner in churners { churner.reset() }
        #expect(stage.harness.run(until: { stage.harness.connections == 200 }))
        stage.harness.settle()
        for member in members {
            #expect(member.lines.count < 30, "\(member.lines.count) lines of 120 that came and went")
            #expect(member.lines.last?.hasSuffix("(200 here)") == true)
        }
    }

    @Test func `one of many concurrent requests gets a name`() throws {
        let stage = try ChatStage()
        let members = try (0..<30).map { _ in try stage.member() }
        for member in members {
            member.forget()
            member.write("/nick King\n/who\n")
        }
        #expect(stage.harness.run(until: { members.allSatisfy { $0.text.contains(" are here: ") } }))
        #expect(members.filter { $0.text.contains("* You are now King.") }.count == 1)
        #expect(members.filter { $0.text.contains("* The name King is in use.") }.count == 29)
    }

    // MARK: - Ends from outside

    @Test(arguments: [(CloseReason.stopped, CloseParty.daemon), (.drained, .daemon), (.closedByOperator, .operator)])
    func `members get a goodbye at a stop`(reason: CloseReason, party: CloseParty) throws {
        let stage = try ChatStage()
        let members = try (0..<5).map { _ in try stage.member() }
        stage.harness.lane.stop(nil, because: reason, by: party)
        #expect(stage.harness.run(until: { members.allSatisfy(\.hasEnded) }))
        for member in members { #expect(member.lines.last?.hasSuffix("Goodbye.") == true) }
        for member in members { member.close() }
        #expect(stage.harness.run(until: { stage.harness.connections == 0 }))
        #expect(try stage.harness.ends() == Array(repeating: "\(reason.name) by \(party.name)", count: 5))
    }

    @Test func `idle-timeout notifies the member and the others`() throws {
        let stage = try ChatStage(idleTimeout: 50_000_000)
        let ann = try stage.harness.connect(to: stage.sockets[0])
        #expect(stage.harness.run(until: { ann.hasEnded }))
        #expect(ann.lines.last == "* You have been idle for too long. Goodbye.")
        ann.close()
        #expect(stage.harness.run(until: { stage.harness.connections == 0 }))
        #expect(try stage.harness.ends() == ["idle-timeout by daemon"])
    }
}
