// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Records

/// A chat room: its members, their names, and the bytes that each is sent after an event.
///
/// Pure: each event is a call, and the resulting steps go into an ``Outbox``. A call about a member that is not in the room
/// does nothing. Joins and leaves are announced when ``tellNews(_:)`` is called, or before the next line of a member, so one
/// line announces many.
///
/// Lines of members begin with `<NAME> `, lines of the room with `* `, so that they cannot be confused.
struct Room {
    private struct Member {
        let id: MemberID
        var name: MemberName
    }

    /// About how many bytes of names one answer has: it must fit into a member's queue.
    private static let namesInAnswer = 16 << 10

    /// About how many bytes of names one line has: its datagram should not be fragmented.
    private static let namesInLine = 1 << 10

    /// In the order of joining, so with ascending numbers.
    private var members: [Member] = []

    /// The keys of all names.
    private var keys: Set<String> = []

    private var joins: UInt64 = 0

    /// The joins and leaves that were not announced yet.
    private var news = RoomNews()

    /// How many members are in the room.
    var count: Int { members.count }

    /// Whether a member is in the room.
    func contains(_ id: MemberID) -> Bool { index(of: id) != nil }
}

// MARK: - Joining and leaving

extension Room {
    /// Adds a member and greets it.
    mutating func join(as name: MemberName, _ outbox: inout Outbox) -> MemberID {
        joins += 1
        let id = MemberID(number: joins)
        var name = name
        // Another member may have chosen this name. The loop ends, since the number of names is finite.
        var number = joins
        while keys.contains(name.key) {
            name = name.numbered(number)
            number += 1
        }
        outbox.send(to: id) { bytes in
            bytes.append("* You are ")
            bytes.append(contentsOf: name.text)
            switch members.count {
            case 0: bytes.append(". Nobody else is here yet")
            case 1: bytes.append(". 1 other is here")
            case let others:
                bytes.append(". ")
                bytes.append(decimal: UInt64(others))
                bytes.append(" others are here")
            }
            bytes.append(
                ". What you write is sent to all of them; /quit leaves, /nick NAME changes your name, /help lists the commands.\n"
            )
        }
        members.append(Member(id: id, name: name))
        keys.insert(name.key)
        news.note(.joined, id, name)
        return id
    }

    /// Removes a member that has left or has to leave.
    mutating func leave(_ id: MemberID, _ departure: Departure, _ outbox: inout Outbox) {
        guard let index = index(of: id) else { return }
        let name = members.remove(at: index).name
        keys.remove(name.key)
        guard !departure.endsRoom else { return }
        news.note(.left(departure), id, name)
    }

    /// Whether joins or leaves are to be announced.
    var hasNews: Bool { !news.isEmpty }

    /// Announces the joins and leaves.
    mutating func tellNews(_ outbox: inout Outbox) {
        guard !news.isEmpty else { return }
        // A member that is alone gets no announcement of its own join.
        if members.count > 1 || !(members.first.map { news.isOnly($0.id) } ?? true) {
            news.tell(present: members.count, &outbox)
        } else {
            news = RoomNews()
        }
    }

    /// Removes a member after EOF. It may still read.
    mutating func finish(_ id: MemberID, _ outbox: inout Outbox) {
        guard contains(id) else { return }
        leave(id, .left, &outbox)
        outbox.end(id, .clientClosed, by: .client)
    }

    /// Drops a member that does not read.
    mutating func drop(_ id: MemberID, _ outbox: inout Outbox) {
        guard contains(id) else { return }
        outbox.send(to: id) { $0.append("* You did not read what the others wrote, so your connection is closed.\n") }
        leave(id, .dropped, &outbox)
        outbox.end(id, .slowReader, by: .daemon)
    }

    /// Removes a member for a reason outside the room.
    mutating func stop(_ id: MemberID, _ reason: CloseReason, by party: CloseParty, _ outbox: inout Outbox) {
        guard contains(id) else { return }
        outbox.send(to: id) { $0.append(reason.goodbye) }
        leave(id, .ended(reason), &outbox)
        outbox.end(id, reason, by: party)
    }
}

// MARK: - What members write

extension Room {
    /// Processes a line of a member.
    mutating func write(_ line: Span<UInt8>, by id: MemberID, _ outbox: inout Outbox) {
        guard let index = index(of: id) else { return }
        switch ChatCommand(line) {
        case .say(let start):
            let name = members[index].name
            tellOthers(of: id, &outbox) { bytes in
                bytes.append("<")
                bytes.append(contentsOf: name.text)
                bytes.append("> ")
                bytes.append(sanitized: line.extracting(droppingFirst: start))
                bytes.append("\n")
            }
        case .nick(let name): rename(index, to: name, &outbox)
        // It has already joined; perhaps the answer to the first `/join` was lost.
        case .join: rename(index, to: [], &outbox)
        case .who: answerWho(index, &outbox)
        case .quit:
            outbox.send(to: id) { $0.append("* Goodbye.\n") }
            leave(id, .left, &outbox)
            outbox.end(id, .finished, by: .client)
        case .help: outbox.send(to: id) { $0.append(Self.help) }
        case .unknown(let word):
            outbox.send(to: id) { bytes in
                bytes.append("* Unknown command ")
                bytes.append(sanitized: word.span)
                bytes.append("; /help lists the commands. To send a line that begins with a slash, write two.\n")
            }
        }
    }

    /// Answers a member whose line is invalid. After its `/quit` nothing is answered, as in ``write(_:by:_:)``.
    func refuse(_ line: LineAssembler.Line, by id: MemberID, _ outbox: inout Outbox) {
        guard contains(id) else { return }
        switch line {
        case .text: break
        case .tooLong: outbox.send(to: id) { $0.append("* That line was not sent: it is longer than 4096 bytes.\n") }
        case .notUTF8: outbox.send(to: id) { $0.append("* That line was not sent: it is not UTF-8.\n") }
        }
    }

    private mutating func rename(_ index: Int, to text: [UInt8], _ outbox: inout Outbox) {
        let member = members[index]
        guard !text.isEmpty else {
            outbox.send(to: member.id) { bytes in
                bytes.append("* You are ")
                bytes.append(contentsOf: member.name.text)
                bytes.append("; /nick NAME changes that.\n")
            }
            return
        }
        do throws(MemberName.Problem) {
            let name = try MemberName(chosen: text)
            guard name.key == member.name.key || !keys.contains(name.key) else {
                outbox.send(to: member.id) { bytes in
                    bytes.append("* The name ")
                    bytes.append(contentsOf: name.text)
                    bytes.append(" is in use.\n")
                }
                return
            }
            keys.remove(member.name.key)
            keys.insert(name.key)
            members[index].name = name
            outbox.send(to: member.id) { bytes in
                bytes.append("* You are now ")
                bytes.append(contentsOf: name.text)
                bytes.append(".\n")
            }
            guard name != member.name else { return }
            tellOthers(of: member.id, &outbox) { bytes in
                bytes.append("* ")
                bytes.append(contentsOf: member.name.text)
                bytes.append(" is now ")
                bytes.append(contentsOf: name.text)
                bytes.append("\n")
            }
        } catch {
            outbox.send(to: member.id) { $0.append(error.answer) }
        }
    }

    private func answerWho(_ index: Int, _ outbox: inout Outbox) {
        let own = members[index]
        outbox.send(to: own.id) { bytes in
            bytes.append("* ")
            bytes.append(decimal: UInt64(members.count))
            bytes.append(members.count == 1 ? " is here: " : " are here: ")
            bytes.append(contentsOf: own.name.text)
            bytes.append(" (you)")
            let end = bytes.count + Self.namesInAnswer
            var endOfLine = bytes.count + Self.namesInLine
            var named = 1
            for member in members where member.id != own.id {
                guard bytes.count < end else { break }
                if bytes.count < endOfLine {
                    bytes.append(", ")
                } else {
                    bytes.append(",\n* ")
                    endOfLine = bytes.count + Self.namesInLine
                }
                bytes.append(contentsOf: member.name.text)
                named += 1
            }
            if named < members.count {
                bytes.append(" and ")
                bytes.append(decimal: UInt64(members.count - named))
                bytes.append(" more")
            }
            bytes.append("\n")
        }
    }

    private mutating func tellOthers(of id: MemberID, _ outbox: inout Outbox, _ write: (inout [UInt8]) -> Void) {
        tellNews(&outbox)
        guard members.count > (contains(id) ? 1 : 0) else { return }
        outbox.sendToOthers(of: id, write)
    }

    private func index(of id: MemberID) -> Int? {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < members.count && members[low].id == id ? low : nil
    }
}
