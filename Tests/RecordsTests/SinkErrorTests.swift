// SPDX-License-Identifier: Apache-2.0

import Addresses
import Glibc
import LinuxSystem
import Testing

@testable import Records

@Suite struct SinkErrorTests {
    @Test(arguments: [
        ("/run/fifo", ENXIO, SinkError.Place.fifo, "; no process reads this FIFO"),
        (
            "/dev/stdout", ENXIO, .socket,
            "standard output is a socket, which cannot be opened by a name: write \"stdout\""
        ),
        ("/proc/self/fd/1", ENXIO, .socket, "write \"stdout\" instead"),
        (
            "/dev/stderr", ENXIO, .socket,
            "standard error is a socket, which cannot be opened by a name: write \"stderr\""
        ),
        ("/dev/fd/2", ENXIO, .socket, "write \"stderr\" instead"),
        ("/run/socket", ENXIO, .socket, "; this is a socket, and a log file is a regular file"),
        ("/var/log/a/b", ENOENT, .other, "; create the directory /var/log/a first"),
        ("/b", ENOENT, .other, "; create the directory / first"),
        ("/var/log/a", EACCES, .other, "must be able to write there"),
    ])
    func `the message has the path and the advice`(path: String, errno: CInt, place: SinkError.Place, help: String) {
        let error = SinkError(
            destination: .file(path: path), cause: SystemError("open", errno: errno), place: place)
        #expect(error.description.hasPrefix("cannot write the log to \(path): \(SystemError.reason(of: errno)) ("))
        #expect(error.description.contains(help), "\(error)")
    }

    @Test func `a thread that cannot be created is reported`() {
        let error = SinkError(destination: .journal, cause: SystemError("pthread_create", errno: EAGAIN))
        #expect(error.description.contains("TasksMax="))
    }

    @Test func `the target of a path is examined`() throws {
        let directory = TemporaryDirectory()
        #expect(mkfifo(directory.file("fifo"), 0o600) == 0)
        let listener = try ListeningSocket(
            kind: .unixStream, address: .unix(path: Array(directory.file("socket").utf8)), dualStack: false,
            options: ListeningOptions())
        #expect(SinkError.Place(of: .file(path: directory.file("fifo"))) == .fifo)
        #expect(SinkError.Place(of: .file(path: directory.file("socket"))) == .socket)
        #expect(SinkError.Place(of: .file(path: directory.path)) == .other)
        #expect(SinkError.Place(of: .file(path: directory.file("missing"))) == .other)
        withExtendedLifetime(listener) {}
    }

    @Test(
        arguments: [
            ("pthread_create", EAGAIN, true), ("open", EMFILE, true), ("open", ENFILE, true), ("socket", ENOMEM, true),
            ("socket", ENOBUFS, true), ("open", ENOENT, false), ("open", EACCES, false), ("open", EROFS, false),
            ("connect", EAGAIN, false),
        ] as [(StaticOperation, CInt, Bool)])
    func `a shortage is not a mistake of the configuration`(
        operation: StaticOperation, number: CInt, isShortage: Bool
    ) {
        let error = SinkError(
            destination: .file(path: "/log"), cause: SystemError(operation, errno: number), place: .other)
        #expect(error.isShortage == isShortage)
    }
}
