// SPDX-License-Identifier: Apache-2.0

import TOML

/// Words of xinetd, inetd, HAProxy, nginx, rinetd, socat, systemd socket units and tcpserver, with usher's equivalents.
///
/// Suggesting the nearest spelling would mislead: `client-timeout` is near to `connect-timeout`, but means another timeout. Words
/// are compared without case, `-`, `_`, `.` and spaces, so that `MaxConnections`, `max_conns` and `timeout client` are found as
/// they are written. Pure.
enum ForeignWords {
    /// The equivalent of a group of words.
    struct Entry: Sendable {
        /// The words in the form of ``normalized(_:)``.
        let words: [String]
        /// usher's equivalent: a key in backquotes; or a sentence if there is none.
        let name: String
        /// The table of the key, if it is not a listener's.
        let place: Place
        /// Example lines of a file, which show the form of the value. Empty if there is no such key.
        let lines: [String]

        /// The table of ``lines``.
        enum Place: Sendable { case listener, forward, daemon, log, nowhere }

        fileprivate init(_ place: Place, _ name: String, _ lines: [String] = [], _ words: String) {
            self.words = words.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init)
            self.name = name
            self.place = place
            self.lines = lines
        }

        /// The help for the author of the word, with the author's value if it fits.
        func help(for value: TOMLValue?) -> String {
            guard !lines.isEmpty else { return name }
            let lines = value.flatMap { value in self.lines.count == 1 ? self.line(with: value) : nil } ?? self.lines
            let home =
                switch place {
                case .daemon: " in [daemon]"
                case .log: " in [log]"
                case .listener, .forward, .nowhere: ""
                }
            return "here that is \(name)\(home): write \(lines.joined(separator: " and "))"
        }

        /// The only example line with the author's value; nil if the value is of another type.
        private func line(with value: TOMLValue) -> [String]? {
            guard let sign = lines[0].firstIndex(of: "=") else { return nil }
            let key = lines[0][..<sign].dropLast()
            let example = lines[0][sign...].dropFirst(2)
            switch value.content {
            case .integer(let number) where number > 0 && example.utf8.allSatisfy { (48...57).contains($0) }:
                return ["\(key) = \(number)"]
            case .integer(let number) where example.hasPrefix("\"tcp://") && (1...65535).contains(number):
                return ["listen = \"tcp://127.0.0.1:\(number)\""]
            case .string(let text):
                let unquoted = example.dropFirst().dropLast()
                guard (try? DurationText.parse(String(unquoted))) != nil, (try? DurationText.parse(text)) != nil
                else { return nil }
                return ["\(key) = \"\(text)\""]
            default: return nil
            }
        }
    }

    /// A word in lower case without separators.
    static func normalized(_ word: String) -> String {
        String(decoding: word.lowercased().utf8.filter { !"-_. ".utf8.contains($0) }, as: UTF8.self)
    }

    /// The help for a key, with its value if it fits; nil if no other program has the key.
    static func key(_ word: String, value: TOMLValue? = nil) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        // `mode` means relaying in HAProxy, and the permissions of a socket file elsewhere.
        let meant = normalized(word) == "mode" && value.map(isPermissions) == true ? "socketmode" : normalized(word)
        return index[meant].map { entries[$0].help(for: value) }
    }

    /// Whether a value looks like permissions of chmod(1), such as 0660.
    private static func isPermissions(_ value: TOMLValue) -> Bool {
        switch value.content {
        case .integer: true
        case .string(let text):
            !text.isEmpty && text.utf8.allSatisfy { (48...55).contains($0) || $0 == UInt8(ascii: "o") }
        default: false
        }
    }

    /// Whether an upstream's key is another program's word for its address.
    static func isAddressOfUpstream(_ word: String) -> Bool {
        [
            "to", "server", "host", "hostname", "ip", "addr", "url", "uri", "target", "port", "endpoint", "connect",
            "name",
            "path", "socket", "dest", "listen",
        ].contains(normalized(word))
    }

    /// The help for a line that is not TOML, if it begins with a directive of another program:
    /// `timeout client 10m`, `server web1 10.0.0.5:80 check`, `0.0.0.0 80 10.0.0.5 80`.
    static func line(_ text: String) -> String? {
        let words = text.split(whereSeparator: { " \t=;{".contains($0) }).prefix(4).map(String.init)
        if let relay = relay(words) { return relay }
        guard let first = words.first, first.utf8.first != UInt8(ascii: "[") else { return nil }
        // `service echo {` in xinetd, `upstream web {` in nginx.
        if text.utf8.last(where: { $0 != UInt8(ascii: " ") }) == UInt8(ascii: "{"), let table = table(first) {
            return table
        }
        if words.count > 1, let help = key("\(first) \(words[1])") { return help }
        return key(first)
    }

    /// The help for a line of rinetd.conf(5): address and port to listen on, address and port to connect to.
    private static func relay(_ words: [String]) -> String? {
        guard words.count == 4, UInt16(words[1]) != nil, UInt16(words[3]) != nil,
            words[0].contains("."), !words[2].isEmpty
        else { return nil }
        return "write listen = \"tcp://\(words[0]):\(words[1])\", service = \"forward\" and"
            + " to = \"tcp://\(words[2]):\(words[3])\" below a [listener.NAME]"
    }

    /// The help for a table of another program.
    static func table(_ word: String) -> String? {
        switch normalized(word) {
        case "global", "main", "settings", "general": "the process as a whole has [daemon]"
        case "frontend", "backend", "service", "services", "server", "upstream", "stream", "http", "socket", "install",
            "unit", "proxy", "forward", "redirect", "relay", "listeners", "tcp", "udp":
            "each listener is a [listener.NAME]: `listen` says where it accepts, `service` what clients get, and `to` the"
                + " upstreams of a relay"
        case "default": "what all listeners inherit has [defaults]"
        case "logging", "syslog": "the log has [log]"
        default: nil
        }
    }

    /// usher's word for a value of another program; nil if there is none.
    static func value(_ word: String, among choices: [String]) -> String? {
        let meant: String? =
            switch normalized(word) {
            case "leastconn", "lc", "wlc", "leastconnection": "least-connections"
            case "rr", "wrr", "staticrr", "roundrobin": "round-robin"
            case "iphash", "hash", "source", "sourceip", "consistent", "sh", "ringhash", "maglev": "source-hash"
            case "firstalive", "failover", "order", "sequential": "first"
            case "warn": "warning"
            case "err", "crit", "critical", "alert", "emerg", "fatal", "panic": "error"
            case "verbose", "trace": "debug"
            case "plain", "human", "logfmt": "text"
            case "proxy", "redirect", "relay", "tcp", "tunnel", "forwarding", "portforward", "streamproxy", "proxypass":
                "forward"
            case "shutdownsessions", "shutdown", "drop", "kill": "close"
            case "newline", "line", "lf", "ndjson": "lines"
            case "proxyprotocol", "sendproxyv2", "2": "v2"
            case "1": "v1"
            default: nil
            }
        return meant.flatMap { choices.contains($0) ? $0 : nil }
    }

    /// Whether a text is a word for "no limit", for which usher has `false`.
    static func meansOff(_ text: String) -> Bool {
        let words = [
            "off", "none", "no", "never", "false", "disable", "disabled", "unlimited", "infinite", "infinity",
            "forever",
            "inf", "0", "0s", "-1",
        ]
        return words.contains(text.lowercased())
    }

    private static let index: [String: Int] = {
        var index: [String: Int] = [:]
        for (number, entry) in entries.enumerated() {
            for word in entry.words { index[word] = number }
        }
        return index
    }()

    private static let log = "`log`"
    private static let noRules =
        "this version has no access rules: listen on an address that only those clients reach, or let a firewall decide"
    private static let noPrograms = "this version starts no programs: a relay is service = \"forward\" with `to`"
    private static let unitDecides = "usherd never changes its user: User= and Group= of its unit set it"

    /// Grouped by the equivalents.
    static let entries: [Entry] = [
        // Where a listener listens.
        Entry(
            .listener, "`listen`", ["listen = \"tcp://127.0.0.1:8080\""],
            """
            bind port bindaddress bindport listenstream listendatagram listensequentialpacket tcplisten udplisten unixlisten
            address interface bindtodevice listenaddress listenport host tcp4listen tcp6listen
            """),
        Entry(
            .listener, "the scheme of `listen`", ["listen = \"udp://127.0.0.1:5000\""],
            "sockettype protocol socketprotocol"),
        Entry(
            .listener, "a socket that systemd passes", ["listen = \"systemd://NAME\""],
            "filedescriptorname listenfds fdname socketactivation"),
        Entry(
            .listener, "`mode`, an option of the address", ["listen = \"unix:///run/usherd/db?mode=0660\""],
            "socketmode umask perm permissions chmod directorymode unixbind"),
        Entry(
            .listener, "`user` or `group`, an option of the address",
            ["listen = \"unix:///run/usherd/db?mode=0660&group=adm\""], "group socketuser socketgroup owner"),
        Entry(.listener, "`backlog`", ["backlog = 4096"], "somaxconn listenbacklog"),
        // Limits.
        Entry(
            .listener, "`max-connections`", ["max-connections = 2000"],
            """
            instances maxconn maxconns maxclients maxchildren fullconn workerconnections concurrency connectionlimit
            connectionsmax maxsessions limitconn c limit
            """),
        Entry(
            .nowhere,
            "this version has no limit for each source: `max-connections` limits all clients of a listener together",
            [],
            "persource maxconnectionspersource persourcelimit limitconnzone maxconnperip connectionspersource"),
        Entry(
            .nowhere,
            "this version does not limit new connections per second: `max-connections` limits how many are open, and"
                + " `backlog` how many wait", [],
            """
            cps rate ratelimit maxconnrate ratelimitsessions triggerlimitburst triggerlimitintervalsec polllimitburst
            polllimitintervalsec maxload limitreq limitrate
            """),
        Entry(
            .nowhere, noRules, [],
            """
            onlyfrom noaccess accesstimes allow deny acl hostsallow hostsdeny tcprules tcpwrap tcpwrappers x whitelist
            blacklist allowfrom denyfrom ipaddressallow ipaddressdeny access range
            """),
        // Times.
        Entry(
            .listener, "`idle-timeout`", ["idle-timeout = \"10m\""],
            """
            timeout clienttimeout timeoutclient clitimeout servertimeout timeoutserver srvtimeout timeouttunnel tunneltimeout
            proxytimeout inactivitytimeout idle timeoutidle maxidle keepalivetimeout readtimeout writetimeout
            proxyreadtimeout proxysendtimeout sendtimeout timeouthttpkeepalive exitidletime t inactivity udptimeout
            """),
        Entry(
            .listener, "`lifetime`", ["lifetime = \"12h\""],
            "runtimemaxsec maxlifetime maxage sessiontimeout maxduration connectionlifetime"),
        Entry(
            .forward, "`connect-timeout`", ["connect-timeout = \"5s\""],
            "timeoutconnect contimeout proxyconnecttimeout connecttimeoutms dialtimeout"),
        Entry(.forward, "`queue-timeout`", ["queue-timeout = \"5s\""], "timeoutqueue maxwait waittimeout"),
        Entry(.forward, "`queue-limit`", ["queue-limit = 1024"], "maxqueue queuesize maxpending queue"),
        Entry(
            .forward, "`half-close-timeout`", ["half-close-timeout = \"1m\""],
            "timeoutclientfin timeoutserverfin clientfintimeout serverfintimeout halfclosed proxyhalfclose tcpfintimeout"
        ),
        Entry(
            .listener, "`keepalive`", ["keepalive = { idle = \"60s\", interval = \"10s\", count = 6 }"],
            """
            sokeepalive tcpkeepalive tcpka optiontcpka clitcpka srvtcpka optionclitcpka optionsrvtcpka keepalivetimesec
            keepaliveintervalsec keepaliveprobes keepidle keepintvl keepcnt tcpkeepidle tcpkeepintvl tcpkeepcnt
            proxysocketkeepalive
            """),
        // Upstreams.
        Entry(
            .forward, "`to`", ["service = \"forward\"", "to = \"tcp://HOST:PORT\""],
            """
            redirect server servers proxypass upstream upstreams target targets destination dest backend backends
            defaultbackend usebackend connectaddress connectport remote forwardto connectto serverline tcp tcp4 tcp6
            tcpconnect unixconnect dial members
            """),
        Entry(
            .forward, "service = \"forward\" with `to`", ["service = \"forward\"", "to = \"tcp://HOST:PORT\""],
            "mode modetcp type forward relay proxy stream frontend"),
        Entry(
            .forward, "`balance`", ["balance = \"least-connections\""],
            "leastconn leastconnections roundrobin lbpolicy scheduler algorithm lbmethod loadbalancing policy"
        ),
        Entry(.forward, "`balance`", ["balance = \"source-hash\""], "iphash hash sticky stickiness sourcehash"),
        Entry(
            .forward, "`attempts`", ["attempts = 3"],
            "retries retry redispatch optionredispatch proxynextupstream proxynextupstreamtries tries maxretries"),
        Entry(
            .forward, "`weight`, of an upstream", ["to = [{ address = \"tcp://HOST:PORT\", weight = 2 }]"], "weight"),
        Entry(
            .forward, "`backup`, of an upstream",
            ["to = [\"tcp://HOST:PORT\", { address = \"tcp://OTHER:PORT\", backup = true }]"], "backup failover standby"
        ),
        Entry(
            .forward, "`health`", ["health = { interval = \"2s\", timeout = \"1s\", fall = 3, rise = 2 }"],
            """
            check checks healthcheck healthchecks inter fastinter downinter rise fall interval timeoutcheck tcpcheck
            optiontcpcheck httpcheck optionhttpchk checkinterval
            """),
        Entry(
            .forward, "`eject`", ["eject = { failures = 3, window = \"10s\" }"],
            "maxfails failtimeout observe errorlimit outlierdetection maxejectiontime"),
        Entry(.forward, "`on-down`", ["on-down = \"close\""], "onmarkeddown shutdownsessions"),
        Entry(.forward, "`source`", ["source = \"10.0.0.2\""], "proxybind bindsource sourceip outgoingaddress"),
        Entry(
            .forward, "`send-proxy`", ["send-proxy = \"v2\""],
            "sendproxyv2 proxyprotocol proxyprotocolout sendproxyprotocol usesrc transparent"),
        Entry(
            .listener, "`accept-proxy`", ["accept-proxy = [\"10.0.0.0/8\"]"],
            "setrealipfrom acceptproxyprotocol proxyprotocolin realipfrom"),
        Entry(
            .forward, "`resolve-interval`", ["resolve-interval = \"30s\""],
            "resolver resolvers resolvertimeout holdvalid dnsinterval valid"),
        // The process.
        Entry(
            .daemon, "`lanes`", ["lanes = 4"],
            "threads nbthread nbproc workerprocesses workers numthreads cputhreads processes"),
        Entry(
            .daemon, "`drain-timeout`", ["drain-timeout = \"30s\""],
            "hardstopafter gracetimeout grace shutdowntimeout workershutdowntimeout stoptimeout timeoutstopsec draintime"
        ),
        Entry(.daemon, "`control`", ["control = \"/run/usherd/control\""], "stats statssocket admin adminsocket"),
        Entry(
            .nowhere, unitDecides, [],
            "user uid gid chroot setuid setgid u g su suid daemonize pidfile pid runas"),
        // The log.
        Entry(
            .log, "`to`", ["to = [\"journal\", \"file:/var/log/usherd/usherd.log\"]"],
            "logfile logtype accesslog errorlog logto syslog standardoutput standarderror output file"),
        Entry(.log, "`level`", ["level = \"notice\""], "loglevel verbosity verbose debug severity"),
        Entry(.log, "`format`", ["format = \"json\""], "logformat errorlogformat logcommon json"),
        // Settings that need no key.
        Entry(
            .nowhere, "leave it out: a listener that is not wanted is removed, or is commented out (#)", [],
            "disable disabled enable enabled"),
        Entry(
            .nowhere,
            "leave it out: usherd serves any number of clients at once, sets TCP_NODELAY and SO_REUSEADDR, and keeps listening",
            [],
            """
            wait nowait fork accept reuseaddr reuseport nodelay tcpnodelay tcpsmartconnect splice optionsplice epoll
            multiaccept usethreads flags id keepinherited
            """),
        Entry(
            .nowhere, noPrograms, [],
            "exec execstart program command serverargs args script cgi env passenv nice rlimitcpu rlimitas system"),
        Entry(
            .nowhere, "files are read from conf.d beside usherd.toml: put a file NAME.toml there", [],
            "include includedir includes import confd"),
        Entry(
            .nowhere, "this version has no TLS: bytes are relayed as they are, so the upstream keeps its certificate",
            [],
            "ssl tls cert certificate crt key sslcertificate sslcertificatekey cafile ciphers sni servername alpn https"
        ),
        Entry(
            .nowhere, "usherd relays bytes and reads no HTTP: write service = \"forward\" and `to`", [],
            "location root path route rewrite header headers proxysetheader httprequest vhost domain"),
    ]
}
