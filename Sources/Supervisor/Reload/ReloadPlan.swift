// SPDX-License-Identifier: Apache-2.0

import Configuration

/// The changes from one configuration to the next. Pure: made from these two only.
struct ReloadPlan: Equatable {
    /// The change of one listener.
    enum Change: Equatable {
        /// Nothing: sockets and connections are not touched.
        case unchanged
        /// The sockets stay; new connections get other settings.
        case changed
        /// It is new.
        case added
        /// It listens on other addresses than before.
        case rebound
        /// The next configuration does not have it.
        case removed
    }

    /// The plan for one listener.
    struct Step: Equatable {
        var name: String
        var change: Change
        /// Whether new connections share the service of existing ones: a room keeps its members.
        var keepsService: Bool
    }

    /// The listeners of the new configuration in its order, then those that are removed.
    var steps: [Step] = []

    /// The sockets to open.
    var toOpen: [SocketKey] = []

    /// The sockets that stay, whether their listener is the same or not.
    var toKeep: [SocketKey] = []

    /// The sockets that no listener needs any more.
    var toClose: [SocketKey] = []

    /// Compares two configurations.
    init(from old: Configuration, to new: Configuration) {
        let before = Dictionary(old.listeners.enumerated().map { ($0.element.name, $0.offset) }) { first, _ in first }
        let oldSockets = old.listeners.map { $0.wantedSockets.map(\.key) }
        let newSockets = new.listeners.map { $0.wantedSockets.map(\.key) }
        for (listener, sockets) in zip(new.listeners, newSockets) {
            guard let index = before[listener.name] else {
                steps.append(Step(name: listener.name, change: .added, keepsService: false))
                continue
            }
            let previous = old.listeners[index]
            let change: Change =
                previous == listener ? .unchanged : Set(oldSockets[index]) == Set(sockets) ? .changed : .rebound
            steps.append(
                Step(name: listener.name, change: change, keepsService: previous.service == listener.service))
        }
        let names = Set(new.listeners.map(\.name))
        for listener in old.listeners where !names.contains(listener.name) {
            steps.append(Step(name: listener.name, change: .removed, keepsService: false))
        }
        let oldKeys = oldSockets.flatMap(\.self)
        let newKeys = newSockets.flatMap(\.self)
        let oldSet = Set(oldKeys)
        let newSet = Set(newKeys)
        toOpen = newKeys.filter { !oldSet.contains($0) }
        toKeep = newKeys.filter(oldSet.contains)
        toClose = oldKeys.filter { !newSet.contains($0) }
    }

    /// Marks listeners as rebound that get awaited sockets, though their addresses are the same as before.
    mutating func rebind(_ names: Set<String>) {
        for index in steps.indices where names.contains(steps[index].name) {
            switch steps[index].change {
            case .unchanged, .changed: steps[index].change = .rebound
            case .added, .rebound, .removed: break
            }
        }
    }

    /// How many listeners have this change.
    func count(_ change: Change) -> Int { steps.count { $0.change == change } }

    /// How many listeners have each change, for the record of the reload.
    var counts: [(count: Int, change: String)] {
        let kinds: [(Change, String)] = [
            (.added, "added"), (.removed, "removed"), (.rebound, "rebound"), (.changed, "changed"),
            (.unchanged, "unchanged"),
        ]
        return kinds.map { (count($0), $1) }
    }
}
