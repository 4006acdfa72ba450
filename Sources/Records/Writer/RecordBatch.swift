// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a lane hands to the writer in one go.
///
/// Concurrency: the lane fills it before it submits it and the writer empties it before it gives it back, so the lock is
/// never waited for; it is there to let the memory change hands without a copy.
final class RecordBatch: Sendable {
    let content = Mutex(Content())

    struct Content: Sendable {
        /// The settings under which the records were encoded.
        var generation: UInt32 = 0

        /// The records.
        var records = EncodedRecords()
    }
}
