// SPDX-License-Identifier: Apache-2.0

import Addresses
import Testing

@testable import Relaying

/// Tries every order of events on both sockets: data, end, reset, room, and wake-ups for nothing. What a peer gets is
/// compared with a pipe that delivers a string of bytes and then its end.
@Suite("Every order of events at a relay")
struct RelayModelTests {
    /// What a peer or the kernel does. What a peer does is told by a wake-up later, together with all else that has
    /// happened at its socket until then, as epoll does.
    enum Event: CaseIterable {
        case data, finish, reset, room, wakeUp
    }

    /// The relay and all that is around it.
    struct World: Hashable {
        var relay = Relay()
        var sockets = ModelSockets()
        var verdict: Ending?

        /// What was not told yet.
        var toTell = [News(), News()]

        struct News: Hashable {
            var toRead = false
            var toWrite = false
        }

        enum Ending: Hashable {
            case clean(by: RelaySide)
            case broken(by: RelaySide)
        }
    }

    /// More than either peer sends, and more than either takes at a time.
    private static let mostBytes: UInt8 = 2
    private static let mostRoom: UInt8 = 2

    @Test(
        "No byte is lost, made up or stuck, and every end is passed on as what it is", arguments: [1, 3], [true, false])
    func everyOrder(readLength: UInt8, tellsEmpty: Bool) throws {
        let model = Model(readLength: readLength, tellsEmpty: tellsEmpty)
        var seen: Set<World> = [World()]
        var open = [World()]
        var endings: Set<World.Ending> = []
        while let world = open.popLast() {
            for side in RelaySide.allCases {
                for event in Event.allCases {
                    guard let next = try model.after(event, at: side, world) else { continue }
                    if let ending = next.verdict {
                        endings.insert(ending)
                    } else if seen.insert(next).inserted {
                        open.append(next)
                    }
                }
            }
        }
        // The search went somewhere.
        #expect(seen.count > 5000)
        #expect(endings == [.clean(by: .client), .clean(by: .upstream), .broken(by: .client), .broken(by: .upstream)])
    }

    /// What the events do, and what must hold after each.
    struct Model {
        var readLength: UInt8
        var tellsEmpty: Bool

        /// - Returns: nil where the event cannot happen, or has happened often enough.
        func after(_ event: Event, at side: RelaySide, _ before: World) throws -> World? {
            var world = before
            let index = side == .client ? 0 : 1
            switch event {
            case .data:
                guard !world.sockets[side].hasFinished, !world.sockets[side].isBroken,
                    world.sockets[side].sent < RelayModelTests.mostBytes
                else { return nil }
                world.sockets[side].sent += 1
                world.toTell[index].toRead = true
            case .finish:
                guard !world.sockets[side].hasFinished, !world.sockets[side].isBroken else { return nil }
                world.sockets[side].hasFinished = true
                world.toTell[index].toRead = true
            case .reset:
                guard !world.sockets[side].isBroken else { return nil }
                world.sockets[side].isBroken = true
                world.toTell[index] = World.News(toRead: true, toWrite: true)
            case .room:
                guard world.sockets[side].room < RelayModelTests.mostRoom else { return nil }
                world.sockets[side].room += 1
                world.toTell[index].toWrite = true
            case .wakeUp:
                // Without news it is one for nothing, which says that all is well.
                let news = world.toTell[index]
                let isEmpty = news == World.News()
                world.relay.ready(
                    side, toRead: isEmpty || news.toRead, toWrite: isEmpty || news.toWrite,
                    hasError: world.sockets[side].isBroken)
                world.toTell[index] = World.News()
                try run(&world)
            }
            return world
        }

        private func run(_ world: inout World) throws {
            let transport = ModelTransport(world.sockets, readLength: readLength, tellsEmpty: tellsEmpty)
            var verdict = Relay.Verdict.again
            while verdict == .again {
                verdict = world.relay.run(on: transport)
                try #require(transport.calls < 100, "it never rests: \(world)")
            }
            world.sockets = transport.sockets
            switch verdict {
            case .again: break
            case .wait: try checkRest(world)
            case .close(let ending):
                world.verdict = ending.isBroken ? .broken(by: ending.side) : .clean(by: ending.side)
                try checkEnd(world, ending)
            }
            for side in RelaySide.allCases { try checkBytes(world, from: side) }
            try checkEncoding(world)
        }

        /// In another process it is the same relay, but for what events have said: all may be readable and writable.
        private func checkEncoding(_ world: World) throws {
            var writer = FieldWriter()
            world.relay.write(to: &writer)
            let read = try Relay(try FieldReader(writer.bytes))
            var expected = world.relay
            for side in RelaySide.allCases { expected.ready(side, toRead: true, toWrite: true) }
            try #require(read == expected, "it comes back as another one: \(world)")
        }

        /// What a peer got is the beginning of what the other sent, and an end comes behind all of it.
        private func checkBytes(_ world: World, from side: RelaySide) throws {
            let source = world.sockets[side]
            let destination = world.sockets[side.other]
            let held = world.sockets[heldFor: side.other]
            // What a broken socket would not take is lost, and nowhere else anything.
            if !destination.isBroken {
                try #require(destination.received + held == source.read, "bytes are lost or made up: \(world)")
            }
            if destination.sawEnd {
                try #require(source.hasFinished && destination.received == source.sent, "an early end: \(world)")
            }
        }

        /// The relay waits only for what must come from outside.
        private func checkRest(_ world: World) throws {
            // What it was not told it need not know.
            guard world.toTell == [World.News(), World.News()] else { return }
            for side in RelaySide.allCases {
                let source = world.sockets[side]
                let destination = world.sockets[side.other]
                guard !destination.isBroken else { continue }
                let held = world.sockets[heldFor: side.other]
                let isBehind = source.read < source.sent
                try #require(held == 0 || destination.room == 0, "held with room: \(world)")
                try #require(!isBehind || held > 0 || destination.room == 0, "not read with room: \(world)")
                if source.hasFinished, !source.isBroken, !isBehind, held == 0 {
                    try #require(destination.sawEnd, "an end that is not passed on: \(world)")
                }
                try #require(
                    !source.isBroken || isBehind || held > 0, "a broken peer, and nothing left to pass on: \(world)")
            }
            let bothBroken = world.sockets.client.isBroken && world.sockets.upstream.isBroken
            try #require(!bothBroken, "both are broken: \(world)")
        }

        /// It ends when nothing is left to do, and says of whom it comes.
        private func checkEnd(_ world: World, _ ending: Relay.Ending) throws {
            let anyBroken = world.sockets.client.isBroken || world.sockets.upstream.isBroken
            if ending.isBroken {
                try #require(world.sockets[ending.side].isBroken, "the wrong one is blamed: \(world)")
                // Who is to be reset has been given all that came before.
                let source = world.sockets[ending.side]
                let destination = world.sockets[ending.side.other]
                if !destination.isBroken {
                    try #require(destination.received == source.sent, "a reset overtakes bytes: \(world)")
                }
            } else {
                try #require(world.sockets[ending.side].hasFinished, "who has not finished ended it: \(world)")
                if !anyBroken {
                    for side in RelaySide.allCases {
                        try #require(world.sockets[side].hasFinished, "too early: \(world)")
                        try #require(world.sockets[side.other].received == world.sockets[side].sent, "short: \(world)")
                    }
                }
            }
        }
    }
}
