// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem

/// The joins and leaves since the last announcement, so that one line announces many.
///
/// Bounded, however many join and leave: a few members of each kind are named, the others counted. A member that joins and
/// leaves between two announcements is left out.
struct RoomNews {
    /// What happened to a member.
    enum Kind: Equatable {
        case joined
        case left(Departure)
    }

    /// How many members of each kind are named.
    private static let mostNames = 8

    private struct Entry {
        let kind: Kind
        /// The first of the members.
        let first: MemberID
        var named: [(id: MemberID, name: [UInt8])] = []
        var count = 0

        /// The member, if there is exactly one and it is named.
        var only: MemberID? { count == 1 ? named.first?.id : nil }
    }

    /// In the order in which the first event of each kind occurred.
    private var entries: [Entry] = []

    /// Whether there is nothing to announce.
    var isEmpty: Bool { entries.isEmpty }

    /// Whether the only news is that this member joined.
    func isOnly(_ id: MemberID) -> Bool {
        entries.count == 1 && entries[0].kind == .joined && entries[0].only == id
    }

    /// Notes a join or a leave.
    mutating func note(_ kind: Kind, _ id: MemberID, _ name: MemberName) {
        if kind != .joined, forgetJoin(of: id) { return }
        let index: Int
        if let known = entries.firstIndex(where: { $0.kind == kind }) {
            index = known
        } else {
            index = entries.count
            entries.append(Entry(kind: kind, first: id))
        }
        entries[index].count += 1
        if entries[index].named.count < Self.mostNames { entries[index].named.append((id, name.text)) }
    }

    /// Removes a join that was not announced yet. Returns whether there was one.
    private mutating func forgetJoin(of id: MemberID) -> Bool {
        // Numbers ascend, so the joins of all members from the first unannounced one on are unannounced.
        guard let index = entries.firstIndex(where: { $0.kind == .joined && $0.first <= id }) else { return false }
        entries[index].count -= 1
        entries[index].named.removeAll { $0.id == id }
        if entries[index].count == 0 { entries.remove(at: index) }
        return true
    }

    /// Adds a line for each kind of news to the outbox.
    ///
    /// - Parameter present: how many members are in the room.
    mutating func tell(present: Int, _ outbox: inout Outbox) {
        let entries = entries
        self.entries = []
        for entry in entries {
            let write = { (bytes: inout [UInt8]) in Self.append(entry, present: present, to: &bytes) }
            if let only = entry.only { outbox.sendToOthers(of: only, write) } else { outbox.sendToAll(write) }
        }
    }

    /// `* ann, bob and 3 more joined (17 here)`
    private static func append(_ entry: Entry, present: Int, to bytes: inout [UInt8]) {
        bytes.append("* ")
        let rest = entry.count - entry.named.count
        for (index, member) in entry.named.enumerated() {
            if index > 0 { bytes.append(rest == 0 && index == entry.named.count - 1 ? " and " : ", ") }
            bytes.append(contentsOf: member.name)
        }
        if rest > 0 {
            if !entry.named.isEmpty { bytes.append(" and ") }
            bytes.append(decimal: UInt64(rest))
            bytes.append(!entry.named.isEmpty ? " more" : rest == 1 ? " member" : " members")
        }
        switch entry.kind {
        case .joined: bytes.append(" joined")
        case .left(let departure): bytes.append(departure.announcement(isPlural: entry.count > 1))
        }
        bytes.append(" (")
        bytes.append(decimal: UInt64(present))
        bytes.append(" here)\n")
    }
}
