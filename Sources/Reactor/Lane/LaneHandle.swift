// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem
import Synchronization

/// What other threads hold of a lane.
///
/// Concurrency: may be used from everywhere. Messages go into an inbox behind a mutex, and an eventfd wakes the lane.
public final class LaneHandle: Sendable {
    /// The lane's number, from 0.
    public let number: Int

    /// How many connections the lane has.
    public let connections = ConnectionCount()

    /// The last heartbeat that the lane answered; see ``Lane``.
    private let answered = Atomic<UInt64>(0)

    let wake: WakeDescriptor
    private let inbox = Mutex<[Message]>([])

    /// What can be told to a lane.
    enum Message: Sendable {
        /// A connection that another lane accepted.
        case adopt(SeedParcel)
        /// Something to do on the lane's thread.
        case perform(@Sendable (Lane) -> Void)
    }

    /// Makes the handle of lane `number`.
    public init(number: Int) throws(SystemError) {
        self.number = number
        wake = try WakeDescriptor()
    }

    /// Runs `body` on the lane's thread, after what was asked before.
    public func perform(_ body: @escaping @Sendable (Lane) -> Void) {
        post(.perform(body))
    }

    /// Asks the lane for a sign of life, which is told like a change in the number of connections. The answer says that the
    /// lane has done what was asked of it before, also what takes it some turns.
    public func sendHeartbeat(_ number: UInt64) {
        perform { $0.answer(heartbeat: number) }
    }

    /// The lane answers a heartbeat.
    func noteAnswer(_ number: UInt64) { answered.store(number, ordering: .relaxed) }

    /// The last heartbeat that was answered.
    public var answeredHeartbeat: UInt64 { answered.load(ordering: .relaxed) }

    func post(_ message: Message) {
        let wasEmpty = inbox.withLock { inbox in
            inbox.append(message)
            return inbox.count == 1
        }
        if wasEmpty { wake.signal() }
    }

    #if DEBUG
        /// The connections on their way to this lane. Debug builds only.
        var seeds: [SeedParcel] {
            inbox.withLock { inbox in
                inbox.compactMap { message in
                    guard case .adopt(let parcel) = message else { return nil }
                    return parcel
                }
            }
        }
    #endif

    /// Takes what has come in.
    func takeMessages() -> [Message] {
        inbox.withLock { inbox in
            let messages = inbox
            inbox = []
            return messages
        }
    }
}
