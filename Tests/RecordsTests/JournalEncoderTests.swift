// SPDX-License-Identifier: Apache-2.0

import LinuxSystem
import Testing

@testable import Records

@Suite struct JournalEncoderTests {
    private static func entry(_ record: borrowing ConnectionRecord) -> [String] {
        var encoder = JournalEncoder()
        var bytes: [UInt8] = []
        encoder.encode(record, to: &bytes)
        let entries = journalEntries(bytes)
        #expect(entries.count == 1)
        return entries.first ?? []
    }

    @Test func aClosedConnection() {
        #expect(
            Self.entry(Samples.close(.error, by: .daemon, errno: 32)) == [
                "MESSAGE=echo: connection 42 from tcp://127.0.0.1:51234 ended after 1.2 s: error by daemon: "
                    + "Broken pipe (EPIPE) (in 64 B, out 1.5 KiB)",
                "MESSAGE_ID=\(CloseReason.error.messageID)",
                "PRIORITY=4",
                "SYSLOG_IDENTIFIER=usherd",
                "USHER_TIME=2026-01-02T03:04:05.678901Z",
                "USHER_LEVEL=warning",
                "USHER_EVENT=close",
                "USHER_LISTENER=echo",
                "USHER_SERVICE=echo",
                "USHER_CONNECTION=42",
                "USHER_PEER=tcp://127.0.0.1:51234",
                "USHER_LOCAL=tcp://127.0.0.1:7007",
                "USHER_BYTES_IN=64",
                "USHER_BYTES_OUT=1536",
                "USHER_DURATION_US=1234567",
                "USHER_DURATION=1.2 s",
                "USHER_REASON=error",
                "USHER_BY=daemon",
                "ERRNO=32",
                "USHER_ERRNO=EPIPE",
            ])
    }

    @Test func aClosedFlow() {
        #expect(
            Self.entry(Samples.flow).suffix(11) == [
                "USHER_PEER=udp://127.0.0.1:51234", "USHER_LOCAL=udp://127.0.0.1:7007", "USHER_BYTES_IN=64",
                "USHER_BYTES_OUT=1536", "USHER_DATAGRAMS_IN=5", "USHER_DATAGRAMS_OUT=4", "USHER_DATAGRAMS_DROPPED=1",
                "USHER_DURATION_US=1234567", "USHER_DURATION=1.2 s", "USHER_REASON=idle-timeout", "USHER_BY=daemon",
            ])
    }

    @Test(arguments: CloseReason.allCases)
    func `a close record has the MESSAGE_ID of its reason`(reason: CloseReason) {
        let entry = Self.entry(Samples.close(reason, by: .daemon))
        #expect(entry.contains("MESSAGE_ID=\(reason.messageID)"))
        #expect(entry.contains("USHER_REASON=\(reason.name)"))
        #expect(entry.contains("USHER_EVENT=close"))
    }

    @Test func `a refused record has the MESSAGE_ID of its rule, whatever its numbers`() {
        for count in [1, 2000] {
            let entry = Self.entry(Samples.connection(.refused(.listenerLimit(count))))
            #expect(entry.contains("MESSAGE_ID=\(Refusal.listenerLimit(0).messageID)"))
        }
        #expect(Self.entry(Samples.connection(.open)).contains("MESSAGE_ID=\(EventKind.open.messageID)"))
    }

    @Test func aRefusedUnixPeer() {
        let record = Samples.connection(
            .refused(.daemonLimit(10)), kind: .unixStream, peer: .unnamed, local: .unix(path: Array("/run/a b".utf8)),
            credentials: PeerCredentials(pid: 7, uid: 8, gid: 9), number: 0)
        #expect(
            Self.entry(record).suffix(8) == [
                "USHER_SERVICE=echo", "USHER_PEER=unix://", "USHER_UID=8", "USHER_GID=9", "USHER_PID=7",
                "USHER_LOCAL=unix:///run/a b", "USHER_REASON=max-connections of the daemon (10)",
                "USHER_RULE=daemon.max-connections",
            ])
    }

    @Test(arguments: Samples.everyDaemonRecord)
    func everyEventOfTheDaemon(record: DaemonRecord) {
        var encoder = JournalEncoder()
        var bytes: [UInt8] = []
        encoder.encode(record, to: &bytes)
        #expect(
            journalEntries(bytes) == [
                [
                    "MESSAGE=what \"happened\"\\x0ato the daemon",
                    "MESSAGE_ID=\(record.event.messageID)",
                    "PRIORITY=\(record.level.priority)",
                    "SYSLOG_IDENTIFIER=usherd",
                    "USHER_TIME=2026-01-02T03:04:05.678901Z",
                    "USHER_LEVEL=\(record.level.name)",
                    "USHER_EVENT=\(record.event.name)",
                    "USHER_LISTENER=echo",
                    "USHER_SERVICE=echo",
                    "USHER_LOCAL=tcp://0.0.0.0:7",
                    "ERRNO=98",
                    "USHER_ERRNO=EADDRINUSE",
                    "USHER_COUNT=7",
                    "USHER_PATH=/a\\x5cb",
                    "USHER_FROM=2026-01-02T03:04:05.678901Z",
                ]
            ])
    }

    @Test func entriesFollowOneAnother() {
        var encoder = JournalEncoder()
        var bytes: [UInt8] = []
        for number in 1...300 { encoder.encode(Samples.connection(.open, number: UInt64(number)), to: &bytes) }
        let entries = journalEntries(bytes)
        #expect(entries.count == 300)
        for (index, entry) in entries.enumerated() { #expect(entry.contains("USHER_CONNECTION=\(index + 1)")) }
    }

    @Test func noFieldHoldsAByteThatWouldHideIt() {
        let label = ListenerLabel(name: "a\nb", service: "c\u{1b}d")
        let record = Samples.connection(
            .open, listener: label, kind: .unixStream, peer: .unix(path: Samples.hostileName))
        for field in Self.entry(record) {
            #expect(!field.unicodeScalars.contains { Escaping.isInvisible($0.value) }, "\(field)")
        }
    }
}
