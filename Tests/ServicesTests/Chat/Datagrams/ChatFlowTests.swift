// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Reactor
import Records
import TestSupport
import Testing

@testable import Services

/// A room for streams and datagrams on a lane.
private struct MixedStage {
    let harness: LaneHarness
    let sockets: [ListeningSocket]

    /// The sockets of ``sockets``, in their order.
    static let kinds: [SocketKind] = [.unixStream, .udp, .unixDatagram]

    init(idleTimeout: UInt64? = nil, patience: ChatPatience = ChatPatience()) throws {
        harness = try LaneHarness()
        sockets = try harness.listen(
            Self.kinds, service: { ChatService(patience: patience) },
            plan: { ($0.idleTimeout, $0.flowIdleTimeout) = (idleTimeout, idleTimeout) })
    }

    func socket(_ kind: SocketKind) throws -> ListeningSocket {
        sockets[try #require(Self.kinds.firstIndex(of: kind))]
    }

    /// A member that comes by a stream, and has a name.
    func streamMember(_ name: String) throws -> TestPeer {
        let peer = try harness.connect(to: socket(.unixStream))
        peer.write("/nick \(name)\n")
        #expect(harness.run(until: { peer.text.contains("You are now \(name)") }))
        harness.settle()
        peer.forget()
        return peer
    }

    /// A source of datagrams that is not in the room.
    func source(_ kind: SocketKind = .udp) throws -> DatagramMember { try DatagramMember(to: socket(kind)) }

    /// Asks for the token, and returns it.
    func token(of source: DatagramMember) throws -> String {
        source.send("hello?")
        #expect(harness.run(until: { source.last.hasPrefix("* You are not in. Send /join ") }))
        return try #require(source.last.split(separator: " ").last.map { String($0.dropLast()) })
    }

    /// A member that comes by datagrams, and has a name.
    func datagramMember(_ name: String, _ kind: SocketKind = .udp) throws -> DatagramMember {
        let member = try source(kind)
        if kind == .udp { member.send("/join \(try token(of: member))") }
        member.send("/nick \(name)")
        #expect(harness.run(until: { member.last == "* You are now \(name).\n" }))
        harness.settle()
        member.forget()
        return member
    }
}

@Suite struct ChatFlowTests {
    // MARK: - Coming in

    @Test func `a UDP source without the token does not become a member`() throws {
        let stage = try MixedStage()
        let ann = try stage.streamMember("ann")
        let eve = try stage.source()
        let token = try stage.token(of: eve)
        #expect(eve.messages.count == 1)
        for guess in [
            "/join", "/join aaaaaaaa", "/join \(token)x", "/join \(token.dropLast())", "join \(token)", token,
        ] {
            eve.send(guess)
        }
        for command in ["/quit", "/who", "/help", "/nick eve", "let me in"] { eve.send(command) }
        ann.write("a secret\n")
        stage.harness.settle()
        #expect(eve.receive().count == 1, "neither what is said in the room nor another answer within the second")
        #expect(ann.lines.isEmpty, "nobody hears of who is not in")
        #expect(stage.harness.connections == 2, "nor does /quit end what has not begun")
        eve.send("/JOIN \(token.uppercased())\r\n")
        #expect(stage.harness.run(until: { eve.last.hasPrefix("* You are 127.0.0.1:") }))
        #expect(eve.last.contains("1 other is here"))
        #expect(stage.harness.run(until: { ann.lines.count == 1 }))
        #expect(ann.lines[0].hasSuffix(" joined (2 here)"))
    }

    @Test func `each source has its own token, which does not change`() throws {
        let stage = try MixedStage()
        let (eve, mallory) = (try stage.source(), try stage.source())
        let first = try stage.token(of: eve)
        let second = try stage.token(of: mallory)
        #expect(first != second)
        mallory.send("/join \(first)")
        // The next second.
        eve.forget()
        #expect(
            stage.harness.run(
                until: {
                    eve.send("and now?")
                    return !eve.receive().isEmpty
                }, idleTurns: 20_000))
        #expect(eve.messages == ["* You are not in. Send /join \(first)\n"])
        #expect(mallory.receive().allSatisfy { !$0.contains("You are 127") })
    }

    @Test func `lines after the token in its datagram are sent, earlier ones are not`() throws {
        let stage = try MixedStage()
        let ann = try stage.streamMember("ann")
        let bob = try stage.source()
        let token = try stage.token(of: bob)
        bob.send("too early\n/join \(token)\n/nick bob\nin time\nand more")
        #expect(stage.harness.run(until: { ann.lines.count == 4 }))
        #expect(ann.lines.suffix(2) == ["<bob> in time", "<bob> and more"])
        bob.forget()
        bob.send("/join \(token)")
        #expect(stage.harness.run(until: { bob.last == "* You are bob; /nick NAME changes that.\n" }))
    }

    @Test func `a bound Unix socket becomes a member without a token`() throws {
        let stage = try MixedStage()
        let ann = try stage.streamMember("ann")
        let bob = try stage.source(.unixDatagram)
        bob.send("here I am")
        #expect(stage.harness.run(until: { ann.lines.count == 2 }))
        #expect(ann.lines[0].hasPrefix("* @usher-member-"))
        #expect(ann.lines[1].hasSuffix("> here I am"))
        #expect(bob.last.hasPrefix("* You are @usher-member-"))
    }

    @Test func `a source that cannot be answered does not become a member`() throws {
        let stage = try MixedStage()
        let ann = try stage.streamMember("ann")
        let nameless = try DatagramMember(to: stage.socket(.unixDatagram), isNamed: false)
        for _ in 0..<3 { nameless.send("hello") }
        #expect(
            stage.harness.run(until: { (try? stage.harness.capturedRecords().contains { $0.event == "lost" }) == true })
        )
        #expect(ann.lines.isEmpty)
    }

    // MARK: - Talking

    @Test func `is one room over streams and datagrams`() throws {
        let stage = try MixedStage()
        let ann = try stage.streamMember("ann")
        let bob = try stage.datagramMember("bob")
        let cyd = try stage.datagramMember("cyd", .unixDatagram)
        bob.forget()
        ann.forget()
        ann.write("one\ntwo\n")
        for member in [bob, cyd] {
            #expect(
                stage.harness.run(until: { member.receive() == ["<ann> one\n", "<ann> two\n"] }), "a line, a datagram")
            member.forget()
        }
        bob.send("no end")
        bob.send("three\r\nfour\n\nfive")
        let said = ["no end", "three", "four", "", "five"].map { "<bob> \($0)" }
        #expect(stage.harness.run(until: { ann.lines == said && cyd.receive() == said.map { $0 + "\n" } }))
        cyd.send("/who")
        #expect(stage.harness.run(until: { cyd.last == "* 3 are here: cyd (you), ann, bob\n" }))
        #expect(bob.receive().isEmpty, "nobody is told what he said himself")
    }

    @Test func `a partial line is not continued by the next datagram`() throws {
        let stage = try MixedStage()
        let ann = try stage.streamMember("ann")
        let bob = try stage.datagramMember("bob")
        ann.forget()
        bob.send(Array("caf".utf8) + [0xc3])
        bob.send([0xa9])
        bob.send("x")
        #expect(stage.harness.run(until: { ann.lines == ["<bob> x"] }))
        #expect(bob.receive() == Array(repeating: "* That line was not sent: it is not UTF-8.\n", count: 2))
    }

    @Test func `a line that is too long gets a message, and the longest line is sent`() throws {
        let stage = try MixedStage()
        let ann = try stage.streamMember("ann")
        let bob = try stage.datagramMember("bob")
        let cyd = try stage.datagramMember("cyd")
        ann.forget()
        bob.forget()
        bob.send(String(repeating: "a", count: 4097) + "\nshort\n" + String(repeating: "b", count: 60_000))
        #expect(stage.harness.run(until: { ann.lines == ["<bob> short"] }))
        #expect(
            bob.receive() == Array(repeating: "* That line was not sent: it is longer than 4096 bytes.\n", count: 2))
        cyd.forget()
        bob.send(String(repeating: "\u{1}", count: 4096))
        let picture = "<bob> " + String(repeating: "␁", count: 4096)
        #expect(stage.harness.run(until: { cyd.last == picture + "\n" && ann.lines.last == picture }))
        #expect(cyd.messages.count == 1, "a line is a datagram however long it is")
    }

    @Test func `/quit ends the flow, and later lines are not sent`() throws {
        let stage = try MixedStage()
        let ann = try stage.streamMember("ann")
        let bob = try stage.datagramMember("bob")
        ann.forget()
        bob.send("bye\n/quit\nnot said")
        #expect(stage.harness.run(until: { ann.lines == ["<bob> bye", "* bob left (1 here)"] }))
        #expect(bob.last == "* Goodbye.\n")
        #expect(stage.harness.connections == 1)
        #expect(try stage.harness.ends() == ["finished by client"])
        bob.send("again")
        #expect(stage.harness.run(until: { bob.last.hasPrefix("* You are not in.") }))
    }

    // MARK: - Those who vanish

    @Test func `a silent member ends while others send`() throws {
        let stage = try MixedStage(idleTimeout: 300_000_000)
        let ann = try stage.streamMember("ann")
        let bob = try stage.datagramMember("bob")
        let cyd = try stage.datagramMember("cyd")
        var heard: [String] = []
        #expect(
            stage.harness.run(
                until: {
                    ann.write("anybody?\n")
                    // An empty datagram says nothing, and is a sign of life.
                    cyd.send("")
                    heard += cyd.receive()
                    cyd.forget()
                    return bob.receive().last?.hasPrefix("* You have been idle for too long.") == true
                }, idleTurns: 20_000))
        #expect(
            stage.harness.run(until: {
                heard += cyd.receive()
                return heard.contains("* bob was disconnected after being idle for too long (2 here)\n")
            }))
        #expect(
            Set(heard).isSubset(of: [
                "<ann> anybody?\n", "* bob was disconnected after being idle for too long (2 here)\n",
            ]))
        #expect(stage.harness.connections == 2)
        #expect(try stage.harness.ends() == ["idle-timeout by daemon"])
    }

    @Test func `a source that does not return the token is forgotten`() throws {
        let stage = try MixedStage(idleTimeout: 50_000_000)
        let eve = try stage.source()
        _ = try stage.token(of: eve)
        #expect(stage.harness.run(until: { stage.harness.connections == 0 }))
        #expect(try stage.harness.ends() == ["idle-timeout by daemon"])
        #expect(eve.receive().count == 1, "without another word")
    }

    @Test func `sources and members end without an idle-timeout too`() throws {
        let stage = try MixedStage(patience: ChatPatience(outside: 1_000_000_000, silence: 200_000_000))
        let ann = try stage.streamMember("ann")
        let bob = try stage.datagramMember("bob")
        let eve = try stage.source()
        _ = try stage.token(of: eve)
        #expect(
            stage.harness.run(
                until: {
                    // Knocking does not help, nor does being talked to.
                    eve.send("again")
                    ann.write("anybody?\n")
                    return stage.harness.connections == 1 || (try? stage.harness.ends().count) == 2
                }, idleTurns: 20_000))
        #expect(try stage.harness.ends().prefix(2) == ["idle-timeout by daemon", "idle-timeout by daemon"])
        #expect(bob.last == "* You have been idle for too long. Goodbye.\n")
        #expect(eve.receive().allSatisfy { $0.hasPrefix("* You are not in.") })
    }

    @Test func `a closed Unix socket ends its member`() throws {
        let stage = try MixedStage()
        let ann = try stage.streamMember("ann")
        let bob = try stage.datagramMember("bob", .unixDatagram)
        ann.forget()
        bob.close()
        ann.write("still there?\n")
        #expect(stage.harness.run(until: { ann.lines == ["* bob lost the connection (1 here)"] }))
        #expect(try stage.harness.ends() == ["client-closed by client"])
    }

    @Test(arguments: [(CloseReason.stopped, CloseParty.daemon), (.drained, .operator)])
    func `members get a goodbye at a stop`(reason: CloseReason, party: CloseParty) throws {
        let stage = try MixedStage()
        let members = [try stage.datagramMember("bob"), try stage.datagramMember("cyd", .unixDatagram)]
        let eve = try stage.source()
        _ = try stage.token(of: eve)
        if reason == .stopped {
            stage.harness.lane.stop(nil, because: reason, by: party)
        } else {
            stage.harness.lane.stopAccepting(1)
        }
        #expect(stage.harness.connections == 0)
        for member in members { #expect(stage.harness.run(until: { member.last.hasSuffix("Goodbye.\n") })) }
        #expect(eve.receive().count == 1, "who never was in is told nothing")
        #expect(try stage.harness.ends().dropLast() == Array(repeating: "\(reason.name) by \(party.name)", count: 2))
    }

    // MARK: - Floods

    @Test func `input of a member is limited, with a message to it`() throws {
        let stage = try MixedStage()
        let ann = try stage.streamMember("ann")
        let bob = try stage.datagramMember("bob")
        ann.forget()
        // Empty lines cost the others most for what they cost the sender.
        #expect(
            stage.harness.run(
                until: {
                    bob.send(String(repeating: "\n", count: 60_000))
                    // One word a second is all that is said beside the talk, and coming in has brought one.
                    return !bob.receive().isEmpty
                }, idleTurns: 20_000))
        stage.harness.settle()
        #expect((1000..<20_000).contains(ann.lines.count))
        #expect(ann.lines.allSatisfy { $0 == "<bob> " })
        #expect(bob.receive().allSatisfy { $0.hasPrefix("* You write too fast.") })
        #expect(stage.harness.connections == 2, "who reads is not dropped")
    }

    @Test func `output to a member is limited, and no member is disconnected`() throws {
        let stage = try MixedStage()
        let ann = try stage.streamMember("ann")
        let bob = try stage.datagramMember("bob")
        let line = String(repeating: "l", count: 1000)
        bob.forget()
        ann.write(String(repeating: line + "\n", count: 1000))
        #expect(
            !stage.harness.run(
                until: {
                    bob.receive()
                    return false
                }, idleTurns: 200))
        #expect((200..<1000).contains(bob.messages.count), "256 KiB, and 64 KiB a second after that")
        #expect(bob.messages.allSatisfy { $0 == "<ann> \(line)\n" }, "whole lines")
        #expect(stage.harness.connections == 2)
        let bytes = bob.messages.reduce(0) { $0 + $1.utf8.count }
        bob.send("/quit")
        #expect(stage.harness.run(until: { stage.harness.connections == 1 }))
        let close = try #require(try stage.harness.capturedRecords().last { $0.event == "close" })
        #expect(try #require(close.number("datagrams_dropped")) >= 1000 - bob.messages.count)
        #expect(try #require(close.number("bytes_out")) > bytes)
    }

    @Test func `a room of a hundred datagram members works`() throws {
        let stage = try MixedStage()
        let ann = try stage.streamMember("ann")
        var members: [DatagramMember] = []
        for number in 0..<100 {
            members.append(try stage.datagramMember("m\(number)", number % 2 == 0 ? .udp : .unixDatagram))
            // The kernel keeps no more than ten datagrams for a Unix socket.
            for member in members { member.forget() }
        }
        ann.forget()
        ann.write("to all\n")
        members[7].send("from seven")
        #expect(
            stage.harness.run(until: {
                members.enumerated().allSatisfy { $1.receive().count == ($0 == 7 ? 1 : 2) }
            }))
        #expect(members.allSatisfy { $0.messages.contains("<ann> to all\n") })
        #expect(ann.lines == ["<m7> from seven"])
    }
}
