// SPDX-License-Identifier: Apache-2.0

public import LinuxSystem
import Synchronization

/// The part of a lane that other threads hold, to send it messages.
///
/// Concurrency: may be used from every thread. Messages go into an inbox behind a mutex, and an eventfd wakes the lane.
public final class LaneHandle: Sendable {
    /// The lane's number, from 0.
    public let number: Int

    /// How many connections the lane has.
    public let connections = ConnectionCount()

    /// How long the lane's turns take, while that is measured.
    public let turnTimes = TurnTimes()

    /// The last heartbeat that the lane answered; see ``Lane/answer(heartbeat:)``.
    private let answered = Atomic<UInt64>(0)

    let wake: WakeDescriptor
    private let inbox = Mutex<[Message]>([])

    /// A message to a lane.
    enum Message: Sendable {
        /// A connection that another lane accepted.
        case adopt(SeedParcel)
        /// A closure to run on the lane's thread.
        case perform(@Sendable (Lane) -> Void)
    }

    /// Makes the handle of lane `number`.
    public init(number: Int) throws(SystemError) {
        self.number = number
        wake = try WakeDescriptor()
    }

    /// Runs `body` on the lane's thread, after the messages sent before.
    public func perform(_ body: @escaping @Sendable (Lane) -> Void) {
        post(.perform(body))
    }

    /// Sends a heartbeat; the supervisor learns of the answer as of a change in the number of connections.
    ///
    /// The answer means that the lane has handled all earlier messages, including work that takes it several turns.
    public func sendHeartbeat(_ number: UInt64) {
        perform { $0.answer(heartbeat: number) }
    }

    /// Called on the lane to answer a heartbeat.
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
        /// Connections in the inbox of this lane. Debug builds only.
        var seeds: [SeedParcel] {
            inbox.withLock { inbox in
                inbox.compactMap { message in
                    guard case .adopt(let parcel) = message else { return nil }
                    return parcel
                }
            }
        }
    #endif

    /// Removes and returns the messages in the inbox.
    func takeMessages() -> [Message] {
        inbox.withLock { inbox in
            let messages = inbox
            inbox = []
            return messages
        }
    }
}
