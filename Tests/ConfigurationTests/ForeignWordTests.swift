// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

/// The words of xinetd, HAProxy, nginx, rinetd, socat, systemd and tcpserver, and what they are here.
@Suite struct ForeignWordTests {
    private static func problems(withKey line: String) -> [ConfigurationProblem] {
        Configuration.parse(
            """
            [listener.a]
            listen = "tcp://127.0.0.1:1"
            service = "forward"
            to = "tcp://10.0.0.5:443"
            \(line)
            """
        ).1
    }

    /// Left: what somebody writes in a listener. Right: the key that the help names, as it is written.
    @Test(arguments: [
        // HAProxy, whose words would otherwise be taken for slips of our own.
        ("client-timeout = \"10m\"", "idle-timeout = \"10m\""), ("timeout-client = 50000", "idle-timeout = \"10m\""),
        ("clitimeout = 50000", "idle-timeout = \"10m\""), ("timeout_connect = \"7s\"", "connect-timeout = \"7s\""),
        ("timeout-queue = \"5s\"", "queue-timeout = \"5s\""), ("maxconn = 100", "max-connections = 100"),
        ("server = \"10.0.0.5:80\"", "to = \"tcp://HOST:PORT\""),
        ("bind = \"*:80\"", "listen = \"tcp://127.0.0.1:8080\""),
        ("default_backend = \"web\"", "to = \"tcp://HOST:PORT\""), ("retries = 5", "attempts = 5"),
        ("check = true", "health = {"), ("mode = \"tcp\"", "service = \"forward\""), ("mode = \"0660\"", "?mode=0660"),
        ("mode = 432", "?mode=0660"),
        ("nbthread = 8", "[daemon]: write lanes = 8"),
        // xinetd.
        ("redirect = \"10.0.0.1 80\"", "to = \"tcp://HOST:PORT\""), ("instances = 60", "max-connections = 60"),
        ("only_from = \"10.0.0.0/8\"", "no access rules"),
        ("per_source = 10", "no limit for each source: `max-connections`"),
        ("cps = \"25 30\"", "new connections per second: `max-connections`"), ("wait = false", "leave it out"),
        ("socket_type = \"stream\"", "the scheme of `listen`"), ("log_type = \"SYSLOG\"", "[log]: write to = "),
        ("disable = true", "removed"), ("server_args = \"-x\"", "starts no programs"),
        // nginx.
        ("proxy_pass = \"10.0.0.5:80\"", "to = \"tcp://HOST:PORT\""),
        ("proxy_timeout = \"10m\"", "idle-timeout = \"10m\""),
        ("least_conn = true", "balance = \"least-connections\""), ("worker_processes = 4", "lanes = 4"),
        ("proxy_protocol = true", "send-proxy = "), ("max_fails = 3", "eject = {"), ("hash = \"x\"", "source-hash"),
        ("allow = \"10.0.0.0/8\"", "no access rules"),
        // rinetd.
        ("bindaddress = \"0.0.0.0\"", "listen = "), ("connectaddress = \"10.0.0.5\"", "to = "),
        ("logfile = \"/var/log/x\"", "[log]: write to = "),
        // systemd.
        ("ListenStream = 80", "listen = \"tcp://127.0.0.1:80\""), ("maxconn = -1", "max-connections = 2000"),
        ("port = 70000", "listen = \"tcp://127.0.0.1:8080\""),
        ("MaxConnectionsPerSource = 2", "no limit for each source"),
        ("FileDescriptorName = \"x\"", "systemd://NAME"), ("SocketMode = \"0660\"", "?mode=0660"),
        ("KeepAliveTimeSec = 60", "keepalive = {"), ("TriggerLimitBurst = 5", "new connections per second"),
        // socat and tcpserver.
        ("max-children = 9", "max-connections = 9"), ("fork = true", "any number of clients at once"),
        ("concurrency = 40", "max-connections = 40"), ("user = \"nobody\"", "User= and Group= of its unit"),
        // Our own keys in another spelling, and what only an upstream has.
        ("MaxConnections = 9", "did you mean `max-connections`?"),
        ("max_connections = 9", "did you mean `max-connections`?"),
        ("lifetime = 36000", "write lifetime = \"36s\" for 36000 ms, \"36000s\" for seconds"),
        ("lifetime = 90", "\"90s\" for seconds"),
        ("weight = 2", "to = [{ address = "), ("tls = true", "no TLS"),
    ])
    func `a keyword of another program suggests our key, not the nearest spelling`(line: String, help: String) throws {
        let problems = Self.problems(withKey: line)
        #expect(problems.count == 1)
        #expect(problems.first?.help?.contains(help) == true, "\(problems)")
    }

    @Test(arguments: [
        ("timeout client 10m", "idle-timeout = \"10m\""), ("server web1 10.0.0.5:80 check", "to = \"tcp://HOST:PORT\""),
        ("proxy_pass 10.0.0.5:80;", "to = \"tcp://HOST:PORT\""),
        ("\tredirect = 10.0.0.1 80", "to = \"tcp://HOST:PORT\""),
        ("timeout connect 5s", "connect-timeout = \"5s\""), ("option tcpka", "keepalive = {"),
        ("service echo {", "each listener is a [listener.NAME]"),
        (
            "0.0.0.0 80 10.0.0.5 8080",
            "write listen = \"tcp://0.0.0.0:80\", service = \"forward\" and to = \"tcp://10.0.0.5:8080\""
        ),
    ])
    func `a line of another program's configuration suggests our keys`(line: String, help: String) {
        let problems = Self.problems(withKey: line)
        #expect(problems.contains { $0.help?.contains(help) == true }, "\(problems)")
    }

    @Test(arguments: [
        ("[frontend.web]", "[listener.NAME]"), ("[backend.web]", "`to`"), ("[global]", "[daemon]"),
        ("[socket]", "[listener.NAME]"), ("[logging]", "[log]"), ("[demon]", "did you mean [daemon]?"),
    ])
    func `a table of another program suggests ours`(header: String, help: String) {
        let (_, problems) = Configuration.parse("\(header)\na = 1\n")
        #expect(problems.first?.help?.contains(help) == true, "\(problems)")
    }

    @Test(arguments: [
        ("[listner.a]\nlisten = \"tcp://127.0.0.1:1\"\nservice = \"ecko\"", "`ecko`"),
        ("[listner.a]\nservice = \"echo\"", "no `listen`"), ("[demon]\nlaness = 1", "`laness`"),
        ("[lgo]\nlevel = \"loud\"", "`loud`"), ("[default]\nx = 1", ""),
        ("[service.a]\nlisten = \"tcp://127.0.0.1:1\"\nservice = \"ecko\"", "`ecko`"),
    ])
    func `mistakes below a table that does not exist are shown with it`(text: String, message: String) {
        let problems = Configuration.parse(text).1
        #expect(problems.first?.message.hasPrefix("there is no table") == true, "\(problems)")
        #expect(message.isEmpty ? problems.count == 1 : problems.last?.message.contains(message) == true, "\(problems)")
    }

    @Test func `the keys of another program's table are not read as ours`() {
        let problems = Configuration.parse("[backend.web]\nserver = \"10.0.0.5:80\"\n[global]\nmaxconn = 5").1
        #expect(problems.count == 2, "\(problems)")
    }

    @Test(arguments: [
        ("balance = \"leastconn\"", "`least-connections`"), ("balance = \"ip_hash\"", "`source-hash`"),
        ("on-down = \"shutdown-sessions\"", "`close`"), ("send-proxy = \"send-proxy-v2\"", "`v2`"),
    ])
    func `a value of another program suggests ours`(line: String, help: String) {
        let problems = Self.problems(withKey: line)
        #expect(problems.first?.help == "did you mean \(help)?", "\(problems)")
    }

    @Test func `every line that a hint proposes is valid where the hint says`() {
        for entry in ForeignWords.entries where !entry.lines.isEmpty {
            let lines = entry.lines.joined(separator: "\n").replacing("HOST:PORT", with: "10.0.0.5:443")
                .replacing("OTHER:PORT", with: "10.0.0.6:443")
            let has = { (key: String) in entry.lines.contains { $0.hasPrefix(key) } }
            var text = "[listener.a]\n"
            text += has("listen ") ? "" : "listen = \"tcp://127.0.0.1:1\"\n"
            text += has("service") ? "" : "service = \"\(entry.place == .listener ? "echo" : "forward")\"\n"
            text += entry.place == .listener || has("to ") ? "" : "to = \"tcp://10.0.0.5:443\"\n"
            switch entry.place {
            case .listener, .forward: text += lines
            case .daemon: text += "to = \"tcp://10.0.0.5:443\"\n[daemon]\n" + lines
            case .log: text += "to = \"tcp://10.0.0.5:443\"\n[log]\n" + lines
            case .nowhere: Issue.record("a sentence has no lines: \(entry)")
            }
            if entry.place == .daemon || entry.place == .log {
                text = text.replacing("to = \"tcp://10.0.0.5:443\"\nto = ", with: "to = ")
            }
            let (configuration, problems) = Configuration.parse(text)
            #expect(configuration != nil, "\(text)\n\(problems)")
        }
    }

    @Test func `each keyword is in one entry`() {
        let words = ForeignWords.entries.flatMap(\.words)
        #expect(Set(words).count == words.count, "\(words.filter { word in words.count { $0 == word } > 1 })")
        for word in words { #expect(ForeignWords.normalized(word) == word) }
    }
}
