// SPDX-License-Identifier: Apache-2.0

/// Which entries of the history a call is about: those that match everything that is given.
package struct HistoryFilter: VarlinkParameters, Codable, Hashable, Sendable {
    /// The name of a listener.
    package var listener: String?
    /// The name of a service.
    package var service: String?
    /// A network, or an address, of the client.
    package var peer: String?
    /// The address of an upstream.
    package var upstream: String?
    /// The reason of a close, or the rule of a refusal.
    package var reason: String?
    /// Whether only refusals match, or, with false, only connections that were accepted.
    package var refused: Bool?

    /// Every entry.
    package init() {}

    package enum CodingKeys: CodingKey, CaseIterable { case listener, service, peer, upstream, reason, refused }
}

extension ControlParameters {
    /// Of `History`.
    package struct History: VarlinkParameters, Codable, Hashable, Sendable {
        /// Which; nil for all.
        package var filter: HistoryFilter?
        /// The most entries.
        package var limit: UInt32?

        package init(filter: HistoryFilter? = nil, limit: UInt32? = nil) {
            self.filter = filter
            self.limit = limit
        }

        package enum CodingKeys: CodingKey, CaseIterable { case filter, limit }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            filter = try container.decodeIfPresent(Known<HistoryFilter>.self, forKey: .filter)?.value
            limit = try container.decodeIfPresent(UInt32.self, forKey: .limit)
        }
    }
}

extension ControlResults {
    /// Of `History`, without the records: ``RecordsReply`` has them as they were sent.
    package struct History: Codable, Hashable, Sendable {
        /// How many entries the daemon keeps at most.
        package var capacity: Int

        package init(capacity: Int) { self.capacity = capacity }
    }
}
