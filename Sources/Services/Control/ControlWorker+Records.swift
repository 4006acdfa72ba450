// SPDX-License-Identifier: Apache-2.0

import ControlProtocol
import LinuxSystem
import Reactor
import Records

/// The records of the daemon, as they are made and those that are kept.
extension ControlWorker {
    /// How many entries of the history one reply has, and how many are looked at in one step.
    private static let recordsPerReply = 64
    private static let entriesPerStep = 2048

    /// How many bytes of entries a reply of several has, and how many one without `more` may have. An entry is as long as the
    /// failures of its upstreams make it.
    private static let bytesPerReply = 64 << 10
    private static let bytesWithoutMore = 512 << 10

    /// What is left of a history to send.
    struct Recall {
        var reader: HistoryReader
        let match: HistoryMatch
        /// How many entries may still be sent.
        var left: Int
        let capacity: Int
    }

    // MARK: - Events

    /// Begins to send records, until the client has gone.
    func follow(_ parameters: ControlParameters.Events) throws(VarlinkError) {
        var events: Set<EventKind>?
        if let names = parameters.events {
            let known = EventKind.allCases.filter { names.contains("\($0.name)") }
            guard known.count == Set(names).count else { throw .invalidParameter("events") }
            events = Set(known)
        }
        guard repliesInParts else { throw .expectedMore }
        let filter = RecordFilter(
            listener: parameters.listener, events: events, level: parameters.level?.recordLevel ?? .debug)
        let form: RecordSubscription.Form = parameters.text == true ? .text : .json
        let caller = makeCaller()
        do throws(SystemError) {
            let subscription = try lane.recordWriter.subscribe(filter, form: form) {
                caller.perform { $0.recordsCame() }
            }
            activity = .following(subscription, form)
        } catch {
            // The host has no thread left.
            return close(.error, by: .daemon, errno: error.errno)
        }
        send(RecordSubscription.Part(), as: form)
    }

    /// Sends the next records.
    ///
    /// - Returns: false if there are none.
    func sendRecords(of subscription: RecordSubscription, as form: RecordSubscription.Form) -> Bool {
        guard let part = subscription.take() else { return false }
        send(part, as: form)
        return true
    }

    private func send(_ part: RecordSubscription.Part, as form: RecordSubscription.Form) {
        transmit(
            VarlinkReply.bytes(continues: true) { bytes in
                bytes += form == .json ? "{\"records\":[".utf8 : "{\"records\":[],\"lines\":[".utf8
                bytes += part.bytes
                bytes += part.missed > 0 ? "],\"missed\":\(part.missed)}".utf8 : "]}".utf8
            })
    }

    /// Ends the subscription. The lanes release what they have buffered for it.
    func endSubscription() {
        guard case .following(let subscription, _) = activity else { return }
        activity = .none
        lane.recordWriter.end(subscription)
        for handle in service.plane.dataLanes { handle.perform { $0.followLogSettings() } }
        lane.followLogSettings()
    }

    // MARK: - History

    /// Begins to send the history.
    func recall(_ parameters: ControlParameters.History) throws(VarlinkError) {
        let history = lane.recordWriter.history
        activity = .recalling(
            Recall(
                reader: history.makeReader(), match: try HistoryMatch(parameters.filter ?? HistoryFilter()),
                left: parameters.limit.map(Int.init) ?? .max, capacity: history.capacity))
    }

    /// Sends the next entries. Nothing is sent if none of those that were looked at matches, and there are others.
    func sendPart(of recall: Recall) {
        var recall = recall
        var (bytes, count, seen) = ([UInt8](), 0, 0)
        let mostRecords = repliesInParts ? Self.recordsPerReply : .max
        let mostBytes = repliesInParts ? Self.bytesPerReply : Self.bytesWithoutMore
        while count < min(mostRecords, recall.left), bytes.count <= mostBytes, !recall.reader.isAtEnd,
            !repliesInParts || seen < Self.entriesPerStep
        {
            seen += 1
            let start = bytes.count
            if count > 0 { bytes.append(UInt8(ascii: ",")) }
            if recall.reader.next(to: &bytes, where: recall.match.matches) {
                count += 1
            } else {
                bytes.removeLast(bytes.count - start)
            }
        }
        guard repliesInParts || bytes.count <= mostBytes else { return fail(.expectedMore) }
        recall.left -= count
        let continues = recall.left > 0 && !recall.reader.isAtEnd
        activity = continues ? .recalling(recall) : .none
        guard count > 0 || !continues else { return }
        reply(continues: continues) { text in
            text += "{\"records\":[".utf8
            text += bytes
            text += "],\"capacity\":\(recall.capacity)}".utf8
        }
    }

    // MARK: - Levels

    /// Answers with the lowest level that is logged.
    func replyLogLevel() {
        let levels = lane.recordWriter.levels
        reply(ControlResults.LogLevel(level: levels.inForce.levelName, configured: levels.configured.levelName))
    }

    /// Sets the lowest level that is logged.
    func setLogLevel(_ level: LevelName) {
        lane.recordWriter.setLevel(level.recordLevel)
        reply(VarlinkReply.Empty())
    }
}

extension LevelName {
    /// The level of this name.
    var recordLevel: RecordLevel {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}

extension RecordLevel {
    /// The name in the interface.
    var levelName: LevelName {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}
