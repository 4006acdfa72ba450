// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What a person and the other side do in a session of `usherctl connect` on a terminal, in their order.
enum TerminalStep {
    /// Keys that the person types.
    case type(String)
    /// Bytes that the other side sends.
    case peerSends(String)
    /// What the other side gets, once it is there.
    case peerGets(String)
    /// The other side finishes.
    case peerFinishes
    /// The last rows of the screen that are not empty, once they are these; the cursor is where the last one ends, if it
    /// is the prompt's.
    case shows([String])
    /// The window gets another width.
    case width(Int)
    /// usherctl ends with this status, and the terminal is as it was before.
    case ends(Int)

    private var words: [String] {
        switch self {
        case .type(let keys): ["type", keys]
        case .peerSends(let text): ["send", text]
        case .peerGets(let text): ["get", text]
        case .peerFinishes: ["finish"]
        case .shows(let rows): ["show"] + rows
        case .width(let columns): ["width", "\(columns)"]
        case .ends(let status): ["end", "\(status)"]
        }
    }

    /// Runs a session on a pseudo-terminal of 40 columns.
    ///
    /// - Parameter arguments: those of usherctl before the address, which is that of a TCP server on loopback.
    static func run(
        _ steps: [TerminalStep], _ arguments: [String] = ["connect"], terminal: String = "vt100",
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let json = String(decoding: try JSONEncoder().encode(steps.map(\.words)), as: UTF8.self)
        let result = try python(
            script, [json, terminal, try BuiltProgram.path(of: "usherctl")] + arguments)
        #expect(result.succeeded, "\(result.errors)", sourceLocation: location)
    }

    /// Python has pseudo-terminals. The screen is as much of a VT100 as libedit uses.
    private static let script = """
        import fcntl, json, os, select, signal, socket, struct, subprocess, sys, termios, time

        steps, terminal, command = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3:]
        columns = 40
        rows, row, column = [[]], 0, 0

        def down():
            global row, column
            row += 1
            if row == len(rows): rows.append([])

        def put(character):
            global column
            if column == columns: down(); column = 0
            while len(rows[row]) <= column: rows[row].append(" ")
            rows[row][column] = character
            column += 1

        def control(sequence):
            global row, column
            number, letter = sequence[:-1], sequence[-1]
            count = int(number) if number.isdigit() else 1
            if letter == "A": row = max(0, row - count)
            elif letter == "B": row = min(len(rows) - 1, row + count)
            elif letter == "C": column = min(columns - 1, column + count)
            elif letter == "D": column = max(0, column - count)
            elif letter == "K": rows[row] = rows[row][:column]
            elif letter == "J": rows[row] = rows[row][:column]; del rows[row + 1:]
            elif letter == "m": pass
            else: raise SystemExit("the test's terminal does not know CSI " + sequence)

        pending = ""
        def show(text):
            global row, column, pending
            text, pending = pending + text, ""
            while text:
                c, text = text[0], text[1:]
                if c == "\\r": column = 0
                elif c == "\\n": down()
                elif c == "\\b": column = max(0, column - 1)
                elif c == "\\x1b":
                    end = next((i for i, x in enumerate(text) if i > 0 and x.isalpha()), None)
                    if end is None: pending = c + text; return
                    control(text[1:end + 1]); text = text[end + 1:]
                elif c >= " ": put(c)

        master, slave = os.openpty()
        def resize(): fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        resize()
        before = termios.tcgetattr(slave)
        server = socket.create_server(("127.0.0.1", 0))
        server.settimeout(60)
        child = subprocess.Popen(
            command + ["tcp://127.0.0.1:%d" % server.getsockname()[1]], stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=dict(os.environ, TERM=terminal, LC_ALL="C.UTF-8", HOME="/nonexistent"))
        peer = server.accept()[0]
        peer.settimeout(60)
        undecoded = b""

        def read(wait):
            global undecoded
            if not select.select([master], [], [], wait)[0]: return
            undecoded += os.read(master, 65536)
            try: text, undecoded = undecoded.decode(), b""
            except UnicodeDecodeError: return
            show(text)

        def screen():
            return ["".join(r).rstrip() for r in rows if "".join(r).strip()]

        def until(what, condition):
            end = time.monotonic() + 40
            while not condition():
                if time.monotonic() > end:
                    child.kill()
                    raise SystemExit("waited in vain until %s; the screen:\\n%s\\ncursor at %d, %d" % (what, "\\n".join(screen()), row, column))
                read(0.05)

        until("there is a prompt", lambda: screen() and (screen()[-1] == ">" or terminal == "dumb"))
        for step in steps:
            verb, words = step[0], step[1:]
            if verb == "type": os.write(master, words[0].encode())
            elif verb == "send": peer.sendall(words[0].encode("latin1"))
            elif verb == "finish": peer.close()
            elif verb == "get":
                got = b""
                while len(got) < len(words[0].encode()):
                    part = peer.recv(1000)
                    if not part: break
                    got += part
                if got.decode() != words[0]: raise SystemExit("the other side got %r and not %r" % (got, words[0]))
            elif verb == "width":
                columns = int(words[0])
                resize()
            elif verb == "show":
                last = len(words[-1])
                until("it shows %r" % words, lambda: screen()[-len(words):] == words
                    and (words[-1][0] != ">" or "".join(rows[row]).rstrip() == words[-1] and column in (last, last + 1)))
            elif verb == "end":
                until("it ends", lambda: child.poll() is not None)
                if child.returncode != int(words[0]): raise SystemExit("it ended with %d; the screen:\\n%s" % (child.returncode, "\\n".join(screen())))
                if termios.tcgetattr(slave) != before: raise SystemExit("the terminal is not as it was")
        child.kill()
        """
}
