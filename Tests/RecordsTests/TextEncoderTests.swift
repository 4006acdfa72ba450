// SPDX-License-Identifier: Apache-2.0

import Addresses
import LinuxSystem
import Testing

@testable import Records

@Suite struct TextEncoderTests {
    private let plain = TextEncoder(.plain)
    private let terminal = TextEncoder(.terminal(.utc, colour: false))
    private let coloured = TextEncoder(.terminal(.utc, colour: true))

    @Test func connectionsAreAlignedInColumns() {
        #expect(
            terminal.line(Samples.connection(.open))
                == "03:04:05.678  open      echo        #42     tcp://127.0.0.1:51234\n")
        #expect(
            terminal.line(Samples.close(.clientClosed, by: .client))
                == "03:04:05.678  close     echo        #42     tcp://127.0.0.1:51234     "
                + "1.2 s  in 64 B  out 1.5 KiB  client-closed by client\n")
        #expect(
            terminal.line(Samples.connection(.live(Samples.traffic)))
                == "03:04:05.678  live      echo        #42     tcp://127.0.0.1:51234     "
                + "1.2 s  in 64 B  out 1.5 KiB\n")
        #expect(
            terminal.line(Samples.connection(.refused(.listenerLimit(2000)), number: 0))
                == "03:04:05.678  refused   echo                tcp://127.0.0.1:51234     "
                + "max-connections of the listener (2000)\n")
    }

    @Test func `exact lines have bytes and durations to the digit`() {
        var exact = plain
        exact.isExact = true
        #expect(
            exact.line(Samples.close(.clientClosed, by: .client))
                == "2026-01-02T03:04:05.678Z  close     echo        #42     tcp://127.0.0.1:51234     "
                + "1234567 us  in 64 B  out 1536 B  client-closed by client\n")
    }

    @Test func aFlowSaysWhatItLost() {
        #expect(
            terminal.line(Samples.flow)
                == "03:04:05.678  close     echo        #42     udp://127.0.0.1:51234     "
                + "1.2 s  in 64 B  out 1.5 KiB  dropped 1  idle-timeout by daemon\n")
        var whole = Samples.flow
        whole.event = .live(
            ConnectionTraffic(
                bytesIn: 64, bytesOut: 1536, datagrams: DatagramTraffic(received: 5, sent: 5),
                durationMicroseconds: 1_234_567))
        #expect(!terminal.line(whole).contains("dropped"))
    }

    @Test func aFileHasTheFullDateInUTC() {
        #expect(
            plain.line(Samples.connection(.open))
                == "2026-01-02T03:04:05.678Z  open      echo        #42     tcp://127.0.0.1:51234\n")
    }

    @Test func anErrorIsNamed() {
        #expect(
            terminal.line(Samples.close(.error, by: .daemon, errno: 32)).hasSuffix(
                "error by daemon: Broken pipe (EPIPE)\n"))
    }

    @Test func aUnixPeerIsShownByItsUserAndProcess() {
        let record = Samples.connection(
            .open, kind: .unixStream, peer: .unnamed, local: .unix(path: Array("/run/x".utf8)),
            credentials: PeerCredentials(pid: 77, uid: 1000, gid: 100))
        #expect(terminal.line(record) == "03:04:05.678  open      echo        #42     unix:// uid 1000 pid 77\n")
    }

    @Test func everyKindOfAddressIsShownInTheGrammar() {
        let addresses: [(SocketKind, SocketAddress, String)] = [
            (.tcp, .ipv6(IPv6Address(high: 0xfe80_0000_0000_0000, low: 1), port: 7, scope: 2), "tcp://[fe80::1%2]:7"),
            (.unixStream, .unix(path: Array("/run/a b".utf8)), "unix:///run/a\\x20b"),
            (.unixStream, .abstract(name: [0, 0x41]), "unix://@\\x00A"),
            (.unixSeqpacket, .unix(path: Array("/x".utf8)), "unix-seqpacket:///x"),
            (.vsock, .vsock(cid: 2, port: 1024), "vsock://2:1024"),
            (.udp, .ipv4(.loopback, port: 7), "udp://127.0.0.1:7"), (.unixDatagram, .unnamed, "unix-dgram://"),
            (.unixDatagram, .unix(path: Array("/x".utf8)), "unix-dgram:///x"),
        ]
        for (kind, address, text) in addresses {
            #expect(terminal.line(Samples.connection(.open, kind: kind, peer: address)).hasSuffix("  \(text)\n"))
        }
    }

    @Test func theDaemonSpeaksInSentences() {
        #expect(
            terminal.line(DaemonRecord(time: Samples.time, .started, "usherd is ready"))
                == "03:04:05.678  started   usherd is ready\n")
        #expect(
            terminal.line(
                DaemonRecord(time: Samples.time, .acceptResumed, "accepting again", listener: Samples.echo))
                == "03:04:05.678  accept-resumed  echo        accepting again\n")
    }

    @Test func onlyATerminalThatWantsItIsColoured() {
        #expect(!terminal.line(Samples.close(.error, by: .daemon)).contains("\u{1b}"))
        #expect(!plain.line(DaemonRecord(time: 0, .failed, "x")).contains("\u{1b}"))
        #expect(
            coloured.line(DaemonRecord(time: Samples.time, .failed, "x"))
                == "\u{1b}[2m03:04:05.678\u{1b}[0m  \u{1b}[1;31mfailed    \u{1b}[0mx\n")
        #expect(
            coloured.line(Samples.connection(.open))
                == "\u{1b}[2m03:04:05.678\u{1b}[0m  open      echo        #42     tcp://127.0.0.1:51234\n")
    }

    @Test func aPeerCanNeitherSplitNorColourNorFakeALine() {
        let hostile = ListenerLabel(name: "a\nb  #1\u{1b}[0m", service: "x\ny")
        let record = Samples.connection(
            .open, listener: hostile, kind: .unixStream, peer: .unix(path: Samples.hostileName))
        let line = plain.line(record)
        #expect(line.filter(\.isNewline) == "\n")
        #expect(!line.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0 == "\u{1b}" || $0 == "\u{202e}" })
        // Six columns and no more: blanks in names are escaped.
        #expect(line.split(whereSeparator: { $0 == " " || $0 == "\n" }).count == 5)
        let message = plain.line(DaemonRecord(time: 0, .warning, "two\nlines \u{1b}[31m"))
        #expect(message == "1970-01-01T00:00:00.000Z  warning   two\\x0alines \\x1b[31m\n")
    }

    @Test(arguments: [
        (0, "0 us"), (999, "999 us"), (1000, "1.0 ms"), (5149, "5.1 ms"), (9999, "9.9 ms"),
        (10_000, "10 ms"), (999_999, "999 ms"), (1_000_000, "1.0 s"), (59_999_999, "59.9 s"),
        (60_000_000, "1 min 0 s"), (3_599_999_999, "59 min 59 s"), (3_600_000_000, "1 h 0 min"),
        (90_061_000_000, "25 h 1 min"),
    ])
    func durationsAreSaidInThreeDigitsOrSo(microseconds: UInt64, text: String) {
        let bytes = [UInt8](capacity: 64) { $0.append(durationMicroseconds: microseconds) }
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test(arguments: [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1_048_575, "1023.9 KiB"),
        (1_048_576, "1.0 MiB"), (5_368_709_120, "5.0 GiB"), (1 << 40, "1.0 TiB"), (UInt64.max, "16777215.9 TiB"),
    ])
    func bytesAreSaidInTheUnitThatFits(count: UInt64, text: String) {
        let bytes = [UInt8](capacity: 64) { $0.append(byteCount: count) }
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }
}
