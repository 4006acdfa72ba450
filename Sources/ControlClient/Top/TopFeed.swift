// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import Glibc
import LinuxSystem
import Synchronization

/// Asks the daemon on a thread of its own, so that keys are handled while a reply is awaited.
///
/// It connects when it is asked, and again after a failure.
///
/// Concurrency: may be used from every thread.
final class TopFeed: Sendable {
    /// What is asked for.
    enum Order: Sendable {
        case ask(TopQuestion)
        case close(UInt64)
    }

    /// What came of it.
    enum News: Sendable {
        case sample(TopSample)
        /// A connection was closed, unless there was none.
        case closed(UInt64, count: Int)
        /// The daemon cannot be asked.
        case failed(ControlFailure)
        /// A connection was not closed.
        case closeFailed(ControlFailure)
    }

    /// How long the daemon may send nothing.
    private static let patience = Duration.seconds(5)

    private let place: ControlPlace
    private let orders = Mutex<[Order]>([])
    private let news = Mutex<[News]>([])
    private let ordered: WakeDescriptor
    private let arrived: WakeDescriptor

    /// Makes a feed and starts its thread.
    init(_ place: ControlPlace) throws(SystemError) {
        self.place = place
        ordered = try WakeDescriptor()
        arrived = try WakeDescriptor()
        try OwnThread.start("usherctl.top") { self.run() }
    }

    /// The descriptor that is readable while there is news.
    var raw: CInt { arrived.raw }

    /// Asks for something. The news come in the same order.
    func submit(_ order: Order) {
        orders.withLock { $0.append(order) }
        ordered.signal()
    }

    /// Takes the news that there are.
    func take() -> [News] {
        arrived.clear()
        return news.withLock { news in
            defer { news = [] }
            return news
        }
    }

    // MARK: - The thread

    private func run() {
        var connection: ControlConnection?
        while true {
            var entries = [Poll.Entry(raw: ordered.raw, wanted: POLLIN)]
            // It can only fail for want of memory, and then again.
            try? Poll.wait(&entries, until: nil)
            ordered.clear()
            let orders = orders.withLock { orders in
                defer { orders = [] }
                return orders
            }
            for order in orders { tell(carryOut(order, over: &connection)) }
        }
    }

    private func tell(_ item: News) {
        news.withLock { $0.append(item) }
        arrived.signal()
    }

    private func carryOut(_ order: Order, over connection: inout ControlConnection?) -> News {
        do throws(ControlFailure) {
            let open: ControlConnection
            if let connection {
                open = connection
            } else {
                open = try ControlConnection(to: place, patience: Self.patience)
                connection = open
            }
            switch order {
            case .ask(let question): return .sample(try Self.ask(question, over: open))
            case .close(let number):
                var filter = ConnectionFilter()
                filter.numbers = [number]
                return .closed(number, count: try open.close(filter, isDryRun: false))
            }
        } catch {
            // Otherwise nobody knows what would be read next.
            if error.reason != .denied { connection = nil }
            switch order {
            case .ask: return .failed(error)
            case .close: return .closeFailed(error)
            }
        }
    }

    private static func ask(
        _ question: TopQuestion, over connection: ControlConnection
    ) throws(ControlFailure) -> TopSample {
        let start = Clock.monotonic
        let status = try connection.status()
        let received = Clock.monotonic
        let list = try connection.connections(question.parameters)
        return TopSample(
            question: question, status: status, list: list, received: received, now: Clock.realtime / 1000,
            cost: Clock.span(from: start, to: Clock.monotonic))
    }
}
