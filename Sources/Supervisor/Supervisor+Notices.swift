// SPDX-License-Identifier: Apache-2.0

extension Supervisor {
    /// The pauses before a retry while systemd's receive queue is full, in nanoseconds.
    private static let noticePauses: ClosedRange<UInt64> = 100_000_000...5_000_000_000

    /// Sends a state to systemd without blocking; if it cannot be sent now, the newest state is sent later.
    func notifySystemd(_ state: String) {
        manager.notify(state)
        guard manager.hasPending, noticeAlarm?.isSet == false else { return }
        noticePause = Self.noticePauses.lowerBound
        noticeAlarm?.set(after: noticePause)
    }

    /// Retries, with pauses that double.
    func retryNotices() {
        guard !manager.retry() else { return }
        noticePause = min(noticePause * 2, Self.noticePauses.upperBound)
        noticeAlarm?.set(after: noticePause)
    }
}
