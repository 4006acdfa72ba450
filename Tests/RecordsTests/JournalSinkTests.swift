// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Addresses
@testable import LinuxSystem
@testable import Records

@Suite struct JournalSinkTests {
    @Test(.enabled(if: getuid() == 0, "only root can put a journal of its own under /run"))
    func recordsArriveAsNativeEntries() throws {
        try inPrivateMountNamespace {
            let journal = try FakeJournal()
            let sink = try JournalSink()
            var encoder = JournalEncoder()
            var bytes: [UInt8] = []
            encoder.encode(Samples.connection(.open, number: 1), to: &bytes)
            encoder.encode(Samples.close(.finished, by: .service), to: &bytes)
            #expect(sink.write(bytes, count: 2) == SinkOutcome(written: 2))
            let first = journal.receive()
            let second = journal.receive()
            #expect(first.contains("MESSAGE=echo: connection 1 from tcp://127.0.0.1:51234\n"))
            #expect(first.contains("MESSAGE_ID=e64f290fbb0b414c8465bf07eae28615\n"))
            #expect(first.contains("SYSLOG_IDENTIFIER=usherd\n"))
            #expect(first.contains("USHER_EVENT=open\n"))
            #expect(!first.contains("CODE_FILE="))
            #expect(second.contains("USHER_REASON=finished\n"))

            // The socket is there and nobody listens: journald is being started anew.
            journal.stop()
            #expect(
                sink.write(bytes, count: 2)
                    == SinkOutcome(written: 0, lost: 2, error: SystemError("sd_journal_sendv", errno: ECONNREFUSED)))
            // libsystemd would call this a success.
            unlink(FakeJournal.path)
            #expect(
                sink.write(bytes, count: 2)
                    == SinkOutcome(written: 0, lost: 2, error: SystemError("access", errno: ENOENT)))
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can hide the journal of the host"))
    func aMissingJournalIsAnErrorAtTheStart() throws {
        try inPrivateMountNamespace {
            try #require(mount("tmpfs", "/run", "tmpfs", 0, nil) == 0)
            let error = #expect(throws: SinkError.self) {
                try RecordWriter(RecordSettings(destinations: [.journal]))
            }
            #expect(error?.description.hasPrefix("cannot write the log to the journal: No such file") == true)
        }
    }

    @Test(
        .enabled(if: getuid() == 0, "only root can put a journal of its own under /run"), arguments: [ENOBUFS, EPERM])
    func anErrorOfLibsystemdLosesTheRest(errno: CInt) throws {
        try inPrivateMountNamespace {
            let journal = try FakeJournal()
            let sink = try JournalSink()
            var encoder = JournalEncoder()
            var bytes: [UInt8] = []
            for _ in 0..<3 { encoder.encode(Samples.connection(.open), to: &bytes) }
            var outcome = SinkOutcome(written: 0)
            // The first call asks for the socket, the third sends the second entry.
            #expect(FaultInjection.failing(call: 3, with: errno) { outcome = sink.write(bytes, count: 3) })
            #expect(
                outcome == SinkOutcome(written: 1, lost: 2, error: SystemError("sd_journal_sendv", errno: errno)))
            #expect(journal.receive().contains("USHER_EVENT=open\n"))
        }
    }
}

/// A socket where journald would be, on a /run that only this thread sees.
final class FakeJournal {
    static let path = "/run/systemd/journal/socket"

    private var raw: CInt

    init() throws {
        try #require(mount("tmpfs", "/run", "tmpfs", 0, nil) == 0)
        for directory in ["/run/systemd", "/run/systemd/journal"] { try #require(mkdir(directory, 0o755) == 0) }
        raw = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        try #require(raw >= 0)
        let bound = SocketAddress.unix(path: Array(Self.path.utf8)).withKernelAddress { bind(raw, $0, $1) }
        try #require(bound == 0)
    }

    deinit { stop() }

    func stop() {
        if raw >= 0 { close(raw) }
        raw = -1
    }

    /// The next entry that arrived.
    func receive() -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(raw, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}
