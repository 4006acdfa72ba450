// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A room into which people also come by datagrams, with programs that others wrote.
@Suite struct ChatDatagramTests {
    private func room(_ settings: String = "") -> String {
        """
        [daemon]
        drain-timeout = "0s"

        [listener.room]
        listen = ["tcp://127.0.0.1:0", "udp://127.0.0.1:0", "udp://[::1]:0", "unix-dgram://$DIR/room"]
        service = "chat"
        \(settings)
        """
    }

    /// What the scripts have in common: members of each kind, that wait for what they are to be told.
    private static let members = """
        import os, re, socket, subprocess, sys, time

        directory, tcp, udp4, udp6 = sys.argv[1], *(re.fullmatch(r"\\w+://\\[?([^]]*?)\\]?:(\\d+)", a).groups() for a in sys.argv[2:])
        room = directory + "/room"

        class Member:
            "Someone who reads lines or datagrams, and knows what came that was not asked for yet."
            def __init__(self): self.told = []
            def expect(self, pattern):
                while True:
                    for index, line in enumerate(self.told):
                        if re.fullmatch(pattern, line, re.S):
                            del self.told[:index + 1]
                            return line
                    self.receive()
            def named(self, name):
                self.say("/nick " + name)
                self.expect(r"\\* You are now " + name + r"\\.")
                return self

        class Stream(Member):
            def __init__(self):
                super().__init__()
                self.socket = socket.create_connection((tcp[0], int(tcp[1])), timeout=60)
                self.file = self.socket.makefile("rw", encoding="utf-8", newline="\\n")
                self.expect(r"\\* You are .*")
            def say(self, line): self.file.write(line + "\\n"); self.file.flush()
            def receive(self):
                line = self.file.readline()
                assert line, "the connection has ended"
                self.told.append(line[:-1])

        class Datagrams(Member):
            def __init__(self, family, address, own):
                super().__init__()
                self.socket = socket.socket(family, socket.SOCK_DGRAM)
                self.socket.settimeout(60)
                if own: self.socket.bind(own)
                self.address = address
            def say(self, line): self.socket.sendto(line if isinstance(line, bytes) else line.encode(), self.address)
            def receive(self):
                datagram = self.socket.recv(65536)
                # One line, with its end.
                assert datagram.endswith(b"\\n") and datagram.count(b"\\n") == 1, datagram
                self.told.append(datagram[:-1].decode())

        def guest(family=socket.AF_INET):
            host, port = udp4 if family == socket.AF_INET else udp6
            return Datagrams(family, (host, int(port)), None)
        def join(member):
            member.say("hello?")
            member.token = member.expect(r"\\* You are not in\\. Send /join \\w{8}").split()[-1]
            member.say("/join " + member.token)
            member.expect(r"\\* You are .* others? (is|are) here.*|\\* You are .* Nobody else .*")
            return member
        def udp(family=socket.AF_INET): return join(guest(family))
        def unix(name):
            member = Datagrams(socket.AF_UNIX, room, directory + "/" + name)
            member.say("/nick " + name)
            member.expect(r"\\* You are now .*")
            return member

        class Program(Member):
            "Someone at the terminal of a program."
            def __init__(self, *command):
                super().__init__()
                self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            def say(self, line): self.process.stdin.write((line + "\\n").encode()); self.process.stdin.flush()
            def receive(self):
                line = self.process.stdout.readline()
                assert line, "the program has ended"
                self.told.append(line[:-1].decode())
            def end(self): self.process.kill(); self.process.wait()

        """

    /// Runs a script that plays the members.
    private func play(_ daemon: Usherd, _ script: String) throws {
        var addresses: [String] = []
        for index in 0..<3 {
            addresses.append(
                try waitFor("address \(index)") {
                    let records = daemon.records("listening")
                    return records.indices.contains(index) ? records[index]["local"] : nil
                })
        }
        let result = try python(Self.members + script, [daemon.directory.path] + addresses)
        #expect(result.succeeded, "\(result.text)\(result.errors)")
    }

    @Test func `members over streams and datagrams are in one room, with socat and ncat`() throws {
        try withUsherd(room()) { daemon in
            try play(
                daemon,
                """
                ada = Stream().named("ada")
                bob = udp().named("bob")
                six = udp(socket.AF_INET6).named("six")
                cyd = unix("cyd")
                ned = join(Program("ncat", "-u", *udp4)).named("ned")
                soc = join(Program("socat", "-", "UDP:%s:%s" % udp4)).named("soc")
                uni = Program("socat", "-", "UNIX-SENDTO:%s,bind=%s/uni" % (room, directory)).named("uni")
                everybody = [ada, bob, six, cyd, ned, soc, uni]
                for speaker, line in zip(everybody, ["Grüße, 世界 🚦", "no end", "six", "c\\r\\n", "n", "s", "u"]):
                    speaker.say(line)
                    for member in everybody:
                        if member is not speaker: member.expect(r"<\\w+> " + line.strip())
                bob.say("several\\nlines\\nat once")
                for line in ["several", "lines", "at once"]:
                    for member in [ada, six, cyd, ned, soc, uni]: member.expect("<bob> " + line)
                cyd.say("/who")
                assert set(cyd.expect(r"\\* 7 are here: .*").split(": ")[1].replace(" (you)", "").split(", ")) == \\
                    {"ada", "bob", "six", "cyd", "ned", "soc", "uni"}
                for member in [bob, six, cyd, ned, soc, uni]:
                    member.say("/quit")
                    member.expect(r"\\* Goodbye\\.")
                for name in ["bob", "six", "cyd", "ned", "soc", "uni"]:
                    ada.expect(r"\\* " + name + r" left \\(\\d here\\)")
                ada.say("/who")
                ada.expect(r"\\* 1 is here: ada \\(you\\)")
                for program in [ned, soc, uni]: program.end()
                """)
            let closes = try daemon.records("close", count: 7)
            #expect(closes.filter { $0["reason"] == "finished" && $0["by"] == "client" }.count == 6)
        }
    }

    @Test func `a UDP source gets no lines before it returns the token`() throws {
        try withUsherd(room()) { daemon in
            try play(
                daemon,
                """
                ada = Stream().named("ada")
                bob = udp().named("bob")
                eve, mallory = guest(), guest()
                eve.say("x")
                invitation = eve.expect(r"\\* You are not in\\. Send /join \\w{8}")
                token = invitation.split()[-1]
                # With the headers of IP and UDP, not three times what a spoofer spends.
                assert 28 + len(invitation) + 1 < 3 * (28 + 1)
                # Guesses, the token from elsewhere, and what members may do.
                for count in range(2000):
                    eve.say("/join %08d" % count)
                    # What the room has answered is read before the next: no more wait than the kernel has room for.
                    if count % 50 == 0: bob.say("/who"); bob.expect(r"\\* 2 are here: .*")
                mallory.say("/join " + token)
                for line in ["/who", "/quit", "/nick eve", "hear me", ""]: eve.say(line)
                ada.say("a secret")
                bob.expect("<ada> a secret")
                # Whatever was sent before this is done before it.
                bob.say("/who")
                bob.expect(r"\\* 2 are here: .*")
                for outsider in [eve, mallory]:
                    outsider.socket.setblocking(False)
                    heard = []
                    try:
                        while True: heard.append(outsider.socket.recv(65536))
                    except BlockingIOError: pass
                    assert all(line.startswith(b"* You are not in. Send /join ") for line in heard), heard
                    # One a second.
                    assert len(heard) < 30, len(heard)
                eve.socket.settimeout(60)
                eve.say("/join " + token)
                eve.expect(r"\\* You are 127\\.0\\.0\\.1:\\d+\\. 2 others are here.*")
                """)
        }
    }

    @Test func `a member that vanished ends while others continue`() throws {
        try withUsherd(room("idle-timeout = \"3s\"")) { daemon in
            try play(
                daemon,
                """
                ada = Stream().named("ada")
                bob = udp().named("bob")
                cyd = unix("cyd")
                dee = udp().named("dee")
                bob.socket.close()
                cyd.socket.close()
                gone = set()
                while len(gone) < 2:
                    ada.say("anybody?")
                    # An empty datagram says nothing, and keeps its sender.
                    dee.say("")
                    line = dee.expect(r".*")
                    if line.startswith("* "): gone.add(line)
                    time.sleep(0.02)
                assert gone == {"* cyd lost the connection (3 here)",
                                "* bob was disconnected after being idle for too long (2 here)"}, gone
                dee.expect(r"\\* You have been idle for too long\\. Goodbye\\.")
                dee.say("let me in again")
                dee.expect(r"\\* You are not in\\. Send /join \\w{8}")
                """)
            #expect(try daemon.records("close", count: 3).filter { $0["reason"] == "idle-timeout" }.count >= 2)
        }
    }

    @Test func `lines of up to 4096 bytes are sent on, and longer ones get a message`() throws {
        try withUsherd(room()) { daemon in
            try play(
                daemon,
                """
                ada = Stream().named("ada")
                bob = udp().named("bob")
                cyd = udp(socket.AF_INET6).named("cyd")
                for length in [1, 1000, 1199, 1200, 1472, 1473, 4095, 4096]:
                    bob.say("x" * length)
                    for member in [ada, cyd]: member.expect("<bob> " + "x" * length)
                bob.say("y" * 4097)
                bob.expect(r"\\* That line was not sent: it is longer than 4096 bytes\\.")
                bob.say("z" * 65507)
                bob.expect(r"\\* That line was not sent: it is longer than 4096 bytes\\.")
                for bad in [b"\\xff\\xfe", b"caf\\xe9\\n", b"\\xc3", b"\\xed\\xa0\\x80"]:
                    bob.say(bad)
                    bob.expect(r"\\* That line was not sent: it is not UTF-8\\.")
                bob.say("\\x1b[2J\\x07owned\\u202e")
                for member in [ada, cyd]: member.expect("<bob> ␛\\\\[2J␇owned\\ufffd")
                # Many of one length, which the kernel brings as one.
                SOL_UDP, UDP_SEGMENT = 17, 103
                bob.socket.setsockopt(SOL_UDP, UDP_SEGMENT, 10)
                bob.say("".join("line %05d" % number for number in range(100)) + "end")
                for number in range(100):
                    for member in [ada, cyd]: member.expect("<bob> line %05d" % number)
                for member in [ada, cyd]: member.expect("<bob> end")
                """)
        }
    }

    @Test func `a room of many members survives a reload`() throws {
        try withUsherd(room()) { daemon in
            try play(
                daemon,
                """
                ada = Stream().named("ada")
                members = []
                # As many as what they are told of each other has room for in the kernel while nobody reads it.
                for _ in range(120): members.append(udp())
                ada.say("to all")
                for member in members: member.expect("<ada> to all")
                members[5].say("/who")
                parts = [members[5].expect(r"\\* 121 are here: .*")]
                while parts[-1].endswith(","): parts.append(members[5].expect(r"\\* .*"))
                assert len(parts) >= 2, parts
                assert all(len(part) < 1200 for part in parts)
                assert sum(part.count("127.0.0.1:") for part in parts) == 120
                """)
            try daemon.reload()
            #expect(daemon.records("close").count <= 1, "a reload ends nobody")
        }
    }
}
