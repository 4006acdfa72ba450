// SPDX-License-Identifier: Apache-2.0

extension Supervisor {
    /// The pauses between attempts to tell systemd while its queue is full, in nanoseconds.
    private static let noticePauses: ClosedRange<UInt64> = 100_000_000...5_000_000_000

    /// Tells systemd, without waiting for it; what does not go now goes later, the newest state alone.
    func tell(_ state: String) {
        manager.notify(state)
        guard manager.isBehind, noticeAlarm?.isSet == false else { return }
        noticePause = Self.noticePauses.lowerBound
        noticeAlarm?.set(after: noticePause)
    }

    /// Tries again, less and less often.
    func retryNotices() {
        guard !manager.retry() else { return }
        noticePause = min(noticePause * 2, Self.noticePauses.upperBound)
        noticeAlarm?.set(after: noticePause)
    }
}
