// SPDX-License-Identifier: Apache-2.0

import Addresses
import Foundation
import LinuxSystem
import Testing

@testable import Records

/// What records say of a relayed connection, in every encoding.
@Suite struct UpstreamRecordTests {
    private var trace: UpstreamTrace {
        UpstreamTrace(
            upstream: RecordedAddress(.unixStream, .unix(path: Array("/run/\"db\"".utf8))), connectMicroseconds: 55,
            attempts: 2, failures: ["tcp://10.0.0.5:443: Connection refused (ECONNREFUSED)"])
    }

    private var record: ConnectionRecord { record(trace) }

    private func record(_ trace: consuming UpstreamTrace) -> ConnectionRecord {
        let traffic = ConnectionTraffic(bytesIn: 10, bytesOut: 20, durationMicroseconds: 30)
        return ConnectionRecord(
            time: 0, event: .close(ConnectionEnd(.upstreamClosed, by: .upstream, traffic: traffic)), connection: 7,
            listener: ListenerLabel(name: "front", service: "forward"), kind: .tcp,
            peer: .ipv4(IPv4Address(0xc000_0207), port: 4000), local: .ipv4(.loopback, port: 80),
            via: .ipv4(.loopback, port: 5000), upstream: trace)
    }

    @Test func jsonHasAllOfIt() throws {
        var bytes: [UInt8] = []
        var encoder = JSONLineEncoder()
        encoder.encode(record, to: &bytes)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(object["upstream"] as? String == "unix:///run/\"db\"")
        #expect(object["connect_us"] as? Int == 55)
        #expect(object["attempts"] as? Int == 2)
        #expect(object["failures"] as? String == "tcp://10.0.0.5:443: Connection refused (ECONNREFUSED)")
        #expect(object["via"] as? String == "tcp://127.0.0.1:5000")
        #expect(object["reason"] as? String == "upstream-closed")
        #expect((object["message"] as? String)?.contains("upstream unix:///run/\"db\"") == true)
    }

    @Test func theJournalHasAllOfIt() {
        func fields(_ record: borrowing ConnectionRecord) -> [String] {
            var bytes: [UInt8] = []
            var encoder = JournalEncoder()
            encoder.encode(record, to: &bytes)
            return journalEntries(bytes).first ?? []
        }
        let failures = "USHER_FAILURES=tcp://10.0.0.5:443: Connection refused (ECONNREFUSED)"
        for field in ["USHER_UPSTREAM=unix:///run/\"db\"", "USHER_CONNECT_US=55", "USHER_ATTEMPTS=2", failures] {
            #expect(fields(record).contains(field), "\(fields(record))")
        }
        let unreached = record(UpstreamTrace(attempts: 1))
        for name in ["USHER_UPSTREAM=", "USHER_CONNECT_US=", "USHER_QUEUE_US=", "USHER_FAILURES="] {
            #expect(!fields(unreached).contains { $0.hasPrefix(name) }, "\(fields(unreached))")
        }
        #expect(fields(unreached).contains("USHER_ATTEMPTS=1"))
    }

    @Test func textNamesTheUpstreamAndWhoBroughtIt() {
        var bytes: [UInt8] = []
        var encoder = TextEncoder(.plain)
        encoder.encode(record, to: &bytes)
        let line = String(decoding: bytes, as: UTF8.self)
        #expect(line.contains("tcp://192.0.2.7:4000"))
        #expect(line.contains("  via tcp://127.0.0.1:5000  upstream unix:///run/\"db\"  not reached: tcp://10.0.0.5"))
    }

    @Test func `queue_us is a field, and omitted without a wait`() throws {
        var trace = trace
        trace.queueMicroseconds = 1_234_567
        let waited = record(trace)
        var json: [UInt8] = []
        var encoder = JSONLineEncoder()
        encoder.encode(waited, to: &json)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
        #expect(object["queue_us"] as? Int == 1_234_567)
        #expect((object["message"] as? String)?.contains(", queued 1.2 s, not reached: ") == true)
        var journal: [UInt8] = []
        var journalEncoder = JournalEncoder()
        journalEncoder.encode(waited, to: &journal)
        #expect(journalEntries(journal).first?.contains("USHER_QUEUE_US=1234567") == true)
        var text: [UInt8] = []
        var textEncoder = TextEncoder(.plain)
        textEncoder.encode(waited, to: &text)
        #expect(String(decoding: text, as: UTF8.self).contains("  queued 1.2 s  not reached: "))

        json = []
        encoder.encode(record, to: &json)
        #expect(!String(decoding: json, as: UTF8.self).contains("queue"))
    }

    @Test func whoWasNotServedIsAWarning() {
        let traffic = ConnectionTraffic(bytesIn: 0, bytesOut: 0, durationMicroseconds: 0)
        for reason in CloseReason.allCases {
            var record = record
            record.event = .close(ConnectionEnd(reason, by: .daemon, traffic: traffic))
            let isFailure: Bool = [.connectFailed, .queueTimeout, .upstreamDown, .error].contains(reason)
            #expect(record.level == (isFailure ? .warning : .info), "\(reason)")
        }
    }
}
