// SPDX-License-Identifier: Apache-2.0

public import Dispatch
public import LinuxSystem
public import Records
import Synchronization

/// Lanes, each on a serial queue of its own: `usherd.lane.0`, `usherd.lane.1`, …
///
/// Each queue runs one block, which makes the ``Lane`` and runs it until it ends. Submit nothing else to these queues: it
/// would not run before that.
///
/// Concurrency: immutable; may be used from every thread.
public final class LaneGroup: Sendable {
    /// The lanes, each at its number.
    public let handles: [LaneHandle]

    private let running = DispatchGroup()

    /// Starts the lanes.
    ///
    /// - Parameter name: the name of the queues and threads, up to the number.
    /// - Throws: `EAGAIN` if so many threads cannot be created, `EMFILE` and the like if a lane lacks a descriptor for its
    ///   epoll instance or its eventfd; the lanes that have started are ended again.
    public init(
        count: Int, name: String = "usherd.lane", shared: LaneShared,
        makeRecords: @escaping @Sendable () -> RecordBuffer
    ) throws(SystemError) {
        var handles: [LaneHandle] = []
        for number in 0..<count { handles.append(try LaneHandle(number: number)) }
        self.handles = handles
        // libdispatch retries for ever to create a thread that the kernel refuses. One more is for its timers and
        // descriptors.
        try OwnThread.reserve(count + 1)
        let started = DispatchSemaphore(value: 0)
        let box = FailureBox()
        for handle in handles {
            let queue = DispatchQueue(label: "\(name).\(handle.number)")
            queue.async(group: running) { [handles] in
                let lane: Lane
                do throws(SystemError) {
                    lane = try Lane(handle: handle, peers: handles, shared: shared, records: makeRecords())
                } catch {
                    box.failure.withLock { $0 = error }
                    started.signal()
                    return
                }
                started.signal()
                ThreadName.set("\(name).\(handle.number)")
                lane.run()
            }
        }
        for _ in handles { started.wait() }
        guard let failure = box.failure.withLock({ $0 }) else { return }
        end()
        _ = join(timeout: .distantFuture)
        throw failure
    }

    /// Runs `body` on every lane, after the messages sent to it before.
    public func performOnAll(_ body: @escaping @Sendable (Lane) -> Void) {
        for handle in handles { handle.perform(body) }
    }

    /// Runs `body` on every lane, and waits until all have run it.
    ///
    /// - Returns: whether all have by `timeout`. A lane that hangs is not waited for any longer.
    public func performOnAllAndWait(
        timeout: DispatchTime, _ body: @escaping @Sendable (Lane) -> Void
    ) -> Bool {
        let pending = DispatchGroup()
        for handle in handles {
            pending.enter()
            handle.perform { lane in
                body(lane)
                pending.leave()
            }
        }
        return pending.wait(timeout: timeout) == .success
    }

    /// Ends every lane after its current turn; each flushes its records to the writer.
    public func end() {
        performOnAll { $0.end() }
    }

    /// Waits until every lane has ended.
    ///
    /// - Returns: whether all have by `timeout`.
    public func join(timeout: DispatchTime) -> Bool {
        running.wait(timeout: timeout) == .success
    }

    /// Passes an error from a lane's block to the thread that started it.
    private final class FailureBox: Sendable {
        let failure = Mutex<SystemError?>(nil)
    }
}
