// SPDX-License-Identifier: Apache-2.0

/// What a listener gives to whoever comes: it makes a worker for each connection.
///
/// Concurrency: an instance belongs to one lane, for all connections of one listener on that lane; what its workers
/// share, such as a room, it holds.
public protocol Service: AnyObject {
    /// Makes the worker for a connection that was just admitted.
    func makeWorker(for arrival: consuming Arrival, on lane: Lane) -> Worker
}
