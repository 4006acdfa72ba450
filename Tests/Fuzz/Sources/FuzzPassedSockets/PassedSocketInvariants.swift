// SPDX-License-Identifier: Apache-2.0

import Glibc
import LinuxSystem

@testable import Supervisor

/// What holds for whatever environment says that sockets were passed, in sentences where it does not. Fuzzing checks the same.
///
/// The first line is LISTEN_FDS, the second LISTEN_PID or nothing for the right one, the third LISTEN_FDNAMES.
func passedSocketInvariantFailures(of bytes: [UInt8]) -> [String] {
    let lines = bytes.split(separator: 10, maxSplits: 2, omittingEmptySubsequences: false)
        .map { $0.filter { $0 != 0 } }
    func line(_ index: Int) -> [UInt8] { index < lines.count ? lines[index] : [] }
    set("LISTEN_FDS", to: line(0))
    set("LISTEN_PID", to: line(1).isEmpty ? Array("\(getpid())".utf8) : line(1))
    set("LISTEN_FDNAMES", to: line(2))
    let passed = ServiceManager.takePassedDescriptors()
    var failures: [String] = []
    if getenv("LISTEN_FDS") != nil, !passed.isEmpty { failures.append("the environment is kept") }
    for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] { unsetenv(name) }
    for (index, descriptor) in passed.enumerated() where descriptor.raw != CInt(3 + index) {
        failures.append("descriptor \(descriptor.raw) is number \(index)")
    }
    // The numbers are those of the process that the test is; what has these names are sockets of its own.
    return failures + adopt(passed.prefix(16).map(\.name) + [String(decoding: line(2), as: UTF8.self)])
}

private func adopt(_ names: [String]) -> [String] {
    var failures: [String] = []
    let kinds = [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET]
    let owned = names.enumerated().map { index, name in
        // Files may be passed, too.
        index % 4 == 3
            ? (name: name, raw: open("/dev/null", O_RDWR | O_CLOEXEC))
            : (name: name, raw: socket(AF_UNIX, CInt(kinds[index % 3].rawValue | SOCK_CLOEXEC.rawValue), 0))
    }
    let sockets = PassedSockets(owned)
    if let name = sockets.name(of: .tcp, at: .ipv4(.loopback, port: 7)) { failures.append("\(name) has an address") }
    if Set(sockets.untaken) != Set(names) { failures.append("other names than were passed") }
    for name in Set(names).sorted() {
        // None of them is bound, so none can be used, and each is closed.
        do throws(OpenSocket.OpenFailure) {
            _ = try sockets.take(name)
            failures.append("a socket that is bound to nothing is taken")
        } catch {}
    }
    if !sockets.untaken.isEmpty { failures.append("\(sockets.untaken) are still there") }
    for (_, raw) in owned where fcntl(raw, F_GETFD) >= 0 { failures.append("descriptor \(raw) is left") }
    return failures
}

private func set(_ name: String, to value: [UInt8]) {
    var text = value.map { CChar(bitPattern: $0) } + [0]
    setenv(name, &text, 1)
}
