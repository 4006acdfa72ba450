// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `usherctl top` on a pseudo-terminal, whose screen the test reads.
final class TopSession {
    private let directory: TemporaryDirectory
    private let process: ChildProcess
    private let commands: OpenFile

    /// How the program ended.
    struct End: Decodable, Equatable {
        /// The exit status, or the negative number of the signal.
        let status: Int
        /// Whether the settings of the terminal are as before, and its modes too: no alternate screen, with a cursor, with
        /// wrapping.
        let isRestored: Bool
    }

    /// Starts it, on a terminal of this size.
    init(
        _ arguments: [String], control: String, columns: Int = 120, rows: Int = 40, environment: [String: String] = [:]
    ) throws {
        directory = try TemporaryDirectory()
        guard mkfifo(directory.appending("commands"), 0o600) == 0 else { throw POSIXFailure("mkfifo") }
        let errors = try OpenFile(directory.appending("errors"), O_RDWR | O_CREAT | O_APPEND)
        var all = ChildProcess.plainEnvironment.merging(["TERM": "xterm", "LC_ALL": "C.UTF-8"]) { $1 }
        all.merge(environment) { $1 }
        process = try ChildProcess(
            "/usr/bin/python3",
            ["-c", Self.script, directory.path, "\(columns)", "\(rows)", try BuiltProgram.path(of: "usherctl"), "top"]
                + arguments + ["--control", control],
            environment: all, descriptors: [2: errors.raw])
        commands = try OpenFile(directory.appending("commands"), O_WRONLY)
    }

    /// The lines of the screen without spaces at their ends.
    var screen: [String] {
        directory.read("screen").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// What is known of the program: `running` or `stopped`, `restored` if the terminal is as before, `coloured` if there were
    /// colours.
    var state: String { directory.read("state") }

    private var diagnosis: String { "\(screen.joined(separator: "\n"))\n\(directory.read("errors"))" }

    /// Presses keys.
    func type(_ keys: String) throws { try send(["type", keys]) }

    /// Gives the window another size.
    func resize(columns: Int, rows: Int) throws { try send(["size", "\(columns)", "\(rows)"]) }

    /// Sends the program a signal.
    func send(signal: CInt) throws { try send(["signal", "\(signal)"]) }

    private func send(_ words: [String]) throws {
        var line = try JSONEncoder().encode(words)
        line.append(UInt8(ascii: "\n"))
        try commands.write(Array(line))
    }

    /// Waits until the screen is as it should be.
    func expect(
        _ what: String, at location: SourceLocation = #_sourceLocation, _ condition: ([String]) -> Bool
    ) throws {
        do {
            try waitUntil(what) { condition(screen) }
        } catch {
            Issue.record("\(error); the screen:\n\(diagnosis)", sourceLocation: location)
            throw error
        }
    }

    /// Waits until a line of the screen has a text.
    func expect(_ text: String, at location: SourceLocation = #_sourceLocation) throws {
        try expect("the screen shows \(text)", at: location) { $0.contains { $0.contains(text) } }
    }

    /// Waits for the end of the program.
    func end() throws -> End {
        try waitUntil("it ends; the screen:\n\(diagnosis)") { !directory.read("end").isEmpty }
        return try JSONDecoder().decode(End.self, from: Data(directory.read("end").utf8))
    }

    /// A terminal that knows what frames are made of, and fails on anything else.
    private static let script = """
        import fcntl, json, os, re, select, signal, struct, subprocess, sys, termios

        directory, columns, rows, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
        cells, row, column, modes = {}, 0, 0, {"1049": "l", "7": "h", "25": "h"}
        is_coloured = False
        master, slave = os.openpty()

        def resize():
            fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

        def write(name, text):
            with open(directory + "/." + name, "w") as file: file.write(text)
            os.rename(directory + "/." + name, directory + "/" + name)

        def show(text):
            global row, column, cells, is_coloured
            position = 0
            while position < len(text):
                found = re.compile(r"\\x1b\\[(\\??)([0-9;]*)([A-Za-z])").match(text, position)
                if found:
                    position = found.end()
                    private, number, letter = found.groups()
                    if private:
                        if number not in modes or letter not in "hl": sys.exit("unknown mode " + found.group(0)[1:])
                        modes[number] = letter
                    elif letter == "H": row, column = 0, 0
                    elif letter == "J" and number == "2": cells = {}
                    elif letter == "K": cells = {at: c for at, c in cells.items() if at[0] != row or at[1] < column}
                    elif letter == "m": is_coloured = is_coloured or number != ""
                    else: sys.exit("unknown sequence " + found.group(0)[1:])
                    continue
                if text[position] == "\\x1b": return text[position:]
                c = text[position]
                position += 1
                if c == "\\r": column = 0
                elif c == "\\n": row = min(row + 1, rows - 1)
                elif c >= " ":
                    if column >= columns:
                        if modes["7"] == "h": row, column = min(row + 1, rows - 1), 0
                        else: column = columns - 1
                    cells[row, column] = c
                    column += 1
                else: sys.exit("control character %r" % c)
            return ""

        resize()
        before = termios.tcgetattr(slave)
        child = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        fifo = os.open(directory + "/commands", os.O_RDWR)
        pending, typed = b"", b""
        while True:
            ready = select.select([master, fifo], [], [], 0.05)[0]
            if master in ready:
                pending += os.read(master, 1 << 20)
                try: text = pending.decode()
                except UnicodeDecodeError: text = ""
                if text: pending = show(text).encode()
                lines = ["".join(cells.get((r, c), " ") for c in range(columns)).rstrip() for r in range(rows)]
                write("screen", "\\n".join(lines))
            if fifo in ready:
                typed += os.read(fifo, 65536)
                while b"\\n" in typed:
                    line, typed = typed.split(b"\\n", 1)
                    words = json.loads(line)
                    if words[0] == "type": os.write(master, words[1].encode())
                    elif words[0] == "signal": child.send_signal(int(words[1]))
                    elif words[0] == "size":
                        columns, rows = int(words[1]), int(words[2])
                        resize()
            if not ready and child.poll() is not None: break
            is_restored = termios.tcgetattr(slave) == before and modes == {"1049": "l", "7": "h", "25": "h"}
            try: is_stopped = open("/proc/%d/stat" % child.pid).read().rsplit(")", 1)[1].split()[0] == "T"
            except OSError: is_stopped = False
            write("state", ("stopped" if is_stopped else "running") + (" restored" if is_restored else "") + (" coloured" if is_coloured else ""))
        is_restored = termios.tcgetattr(slave) == before and modes == {"1049": "l", "7": "h", "25": "h"}
        write("end", json.dumps({"status": child.returncode, "isRestored": is_restored}))
        """
}
