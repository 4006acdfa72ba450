// SPDX-License-Identifier: Apache-2.0

/// The interface `io.usher.control` and the interface that every Varlink service has.
package enum ControlInterface {
    /// The name of the interface.
    package static let name = "io.usher.control"

    /// The name of the interface that describes a service: https://varlink.org/Service.
    package static let serviceName = "org.varlink.service"

    /// The file name under which the description of ``name`` is installed.
    package static let fileName = "io.usher.control.varlink"

    /// The description of an interface; nil for one that is not served.
    package static func description(of interface: String) -> String? {
        switch interface {
        case name: description
        case serviceName: serviceDescription
        default: nil
        }
    }

    /// The description of ``name``. `packaging/io.usher.control.varlink` is the same text; a test compares them.
    package static let description = """
        # Shows and steers a running usherd(8). See usherctl(1).
        #
        # Times are in microseconds since 1970-01-01 UTC, durations in microseconds. Addresses are written as in usherd.toml(5).
        # A value that is not known, or does not apply, is left out.
        interface io.usher.control

        # How many of something there are, by its name.
        type Count (name: string, count: int)

        # Datagrams of flows. Dropped ones were received, and sent nowhere.
        type Datagrams (received: int, sent: int, dropped: int)

        # The spread of durations in microseconds: half of them are not longer than p50.
        type Spread (count: int, p50: int, p90: int, p99: int)

        # The outcome of the last reload; reason says why it failed.
        type ReloadOutcome (time: int, reason: ?string)

        # An event loop of the daemon. A turn is what it does between two waits.
        type Lane (number: int, connections: int, turns: Spread)

        # How important a record is, the least first.
        type Level (debug, info, notice, warning, error)

        # Of the daemon, log_level is the lowest level that is logged, if an operator has set another one than the configuration.
        type Daemon (
          version: string,
          pid: int,
          started: int,
          configuration: string,
          loaded: int,
          reload: ?ReloadOutcome,
          state: (serving, draining, stopping),
          connections: int,
          peak: int,
          limit: int,
          lanes: []Lane,
          log_level: ?Level
        )

        # Total counts connections since the daemon was started, and peak is the most at a time.
        # Waiting for an interface or an address, waits_for says for which. Bytes are those of clients.
        type Listener (
          name: string,
          service: string,
          state: (listening, waiting, paused, draining),
          waits_for: []string,
          addresses: []string,
          connections: int,
          peak: int,
          limit: ?int,
          total: int,
          failed: int,
          refused: []Count,
          bytes_in: int,
          bytes_out: int,
          datagrams: ?Datagrams,
          durations: ?Spread,
          queue: ?Queue,
          upstreams: []Upstream
        )

        # The connections of a listener that wait until an upstream has room.
        type Queue (length: int, limit: int)

        # An upstream of a listener. Total counts connections to it, failed the attempts that failed.
        # Override is what an operator has set; if that includes the weight, configured_weight is that of the configuration.
        type Upstream (
          address: string,
          state: (up, down),
          override: ?(draining, disabled),
          weight: int,
          configured_weight: ?int,
          backup: bool,
          connections: int,
          peak: int,
          limit: ?int,
          total: int,
          failed: int,
          bytes_in: int,
          bytes_out: int,
          connect_times: ?Spread,
          last_failure: ?Failure,
          outage: ?Outage
        )

        # An attempt towards an upstream that failed; errno is the name of the error, such as ECONNREFUSED.
        type Failure (time: int, attempt: (connection, check), errno: ?string, reason: string)

        # Why an upstream is down: so many attempts failed in a row, the last one for this reason. Retry_us is the time until a
        # connection may try it.
        type Outage (since: int, attempt: (connection, check), failures: int, reason: string, retry_us: ?int)

        # An open connection or flow. Idle is the time since the last byte. Rtt_us is in lists of the order rtt, for TCP.
        type Connection (
          number: int,
          listener: string,
          service: string,
          peer: string,
          local: string,
          via: ?string,
          upstream: ?string,
          uid: ?int,
          gid: ?int,
          pid: ?int,
          lane: int,
          accepted: int,
          duration_us: int,
          idle_us: int,
          bytes_in: int,
          bytes_out: int,
          datagrams: ?Datagrams,
          rtt_us: ?int
        )

        # A value of the configuration in force, in TOML. Section is the header of its table, such as listener.web; with an index,
        # there are several tables with this header, such as listener.web.to for upstreams. Inherited values are in [defaults].
        # Without a value the key is not set.
        type Setting (
          section: string,
          index: ?int,
          key: string,
          value: ?string,
          origin: (default, inherited, written),
          file: ?string,
          line: ?int
        )

        # A value that a reload would change; upstream is the address of the upstream that has it. Without old or new, that
        # configuration does not have the value.
        type SettingChange (upstream: ?string, old: ?Setting, new: ?Setting)

        # What a reload would do with a listener. Its connections keep their settings; those of a removed listener are closed
        # after drain_us. Opens and closes are addresses of sockets; waits_for is what this host lacks for others.
        type ListenerChange (
          name: string,
          change: (added, removed, rebound, changed, unchanged),
          connections: int,
          drain_us: ?int,
          opens: []string,
          closes: []string,
          waits_for: []string,
          settings: []SettingChange
        )

        # What a PROXY header said beside the client's address: via is the proxy, hops counts the usherds that relayed it.
        type Origin (
          via: string,
          version: int,
          is_local: bool,
          destination: ?string,
          unique_id: ?string,
          authority: ?string,
          hops: ?int
        )

        # A deadline in force: the setting, or closing for a connection that is being closed, or service for one of its service.
        type Deadline (name: string, left_us: int)

        # How an upstream was found.
        type Relaying (connected: ?int, connect_us: int, queue_us: int, attempts: int, failures: []string)

        # A TCP connection as the kernel sees it: TCP_INFO of tcp(7). The unit of cwnd and unacked is the segment, that of the
        # rates bytes per second. Retransmits counts segments, timeouts those since the last acknowledgment. Received_us and
        # sent_us are the times since the last bytes.
        type Tcp (
          state: ?(
            established, syn_sent, syn_received, fin_wait_1, fin_wait_2, time_wait, closed, close_wait, last_ack,
            listen, closing
          ),
          congestion: ?string,
          rtt_us: int,
          rttvar_us: int,
          rto_us: int,
          mss: int,
          cwnd: int,
          unacked: int,
          unsent: int,
          retransmits: int,
          timeouts: int,
          delivery_rate: int,
          pacing_rate: ?int,
          received_us: ?int,
          sent_us: ?int
        )

        # A side of a connection. Transfer is how bytes from it are moved on; held and piped are the bytes for it that usherd
        # holds in memory and in a pipe. Has_ended says that EOF was read from it. The queues are Recv-Q and Send-Q of ss(8).
        type Side (
          local: ?string,
          transfer: ?(copying, splicing),
          held: int,
          piped: int,
          has_ended: bool,
          receive_queue: ?int,
          send_queue: ?int,
          tcp: ?Tcp
        )

        # A close look at a connection. A flow has no client, since it shares the socket of its listener. Half_closed is when one
        # direction ended, if half-close-timeout is set.
        type Detail (
          origin: ?Origin,
          deadlines: []Deadline,
          half_closed: ?int,
          client: ?Side,
          upstream: ?Side,
          relaying: ?Relaying
        )

        # What a listener would do with a connection, if it came now; reason says why it is not accepted, and refusal is the rule
        # that refuses it, as in Listener. Addresses are the sockets that can be reached from there. With proxy_header, it has to
        # begin with a PROXY header, which is believed.
        type Verdict (
          listener: string,
          service: string,
          outcome: (accepted, waits, refused, unreachable),
          refusal: ?string,
          reason: ?string,
          addresses: []string,
          connections: int,
          limit: ?int,
          proxy_header: bool,
          balance: ?string,
          upstream: ?string,
          upstreams: []Upstream
        )

        # Which connections: all that match everything that is given. Peer is a network, such as 192.0.2.0/24, or an address.
        # Older and idle are the least durations in microseconds.
        type Filter (
          numbers: ?[]int,
          listener: ?string,
          service: ?string,
          peer: ?string,
          upstream: ?string,
          older_us: ?int,
          idle_us: ?int
        )

        # Which entries of the history: all that match everything that is given. Peer is a network or an address, and reason that
        # of a close, or the rule of a refusal as in the status.
        type HistoryFilter (
          listener: ?string,
          service: ?string,
          peer: ?string,
          upstream: ?string,
          reason: ?string,
          refused: ?bool
        )

        # The daemon, and its listeners; or one of them.
        method Status(listener: ?string) -> (daemon: Daemon, listeners: []Listener)

        # The open connections, in several replies if the call has "more". Without an order the oldest are first; with a limit,
        # only so many are listed, and count is the number of all that match.
        method Connections(
          filter: ?Filter,
          order: ?(age, bytes, idle, rtt),
          limit: ?int
        ) -> (connections: []Connection, count: int)

        # The configuration in force, or what it has for a listener: every value, and the line that it comes from.
        method Config(listener: ?string) -> (settings: []Setting)

        # A close look at an open connection.
        method Show(number: int) -> (connection: Connection, detail: Detail)

        # What all listeners, or one of them, would do with a connection from an IP address. Connections and limit are those of the
        # daemon. Packet filters and routes are not known.
        method Explain(
          address: string,
          listener: ?string
        ) -> (connections: int, limit: int, verdicts: []Verdict)

        # Closes connections, with the reason closed-by-operator. With dry_run, only counts them.
        method Close(filter: Filter, dry_run: ?bool) -> (count: int)

        # The records from now on: of a listener, of these events, of this level and above. The call needs "more". The first reply
        # has no records, and says that none is missed from now on. Records have the members of the JSON log; with text, lines have
        # the lines of the text log instead. Of records that come faster than the client reads them, missed are lost after those of
        # the reply. A half-close ends it.
        method Events(
          listener: ?string,
          events: ?[]string,
          level: ?Level,
          text: ?bool
        ) -> (records: []object, lines: ?[]string, missed: ?int)

        # The last connections that have ended, and refusals, the newest first: their records, with the members of the JSON log. In
        # several replies if the call has "more". The daemon keeps as many as capacity says.
        method History(filter: ?HistoryFilter, limit: ?int) -> (records: []object, capacity: int)

        # The lowest level that is logged, and the one of the configuration.
        method LogLevel() -> (level: Level, configured: Level)

        # Sets the lowest level that is logged, until the configuration is read again.
        method SetLogLevel(level: Level) -> ()

        # Stops to accept: the sockets stay, and clients wait in their backlogs. Open connections are not touched.
        method Pause(listener: string) -> ()

        # Accepts again.
        method Resume(listener: string) -> ()

        # Pauses a listener and answers when it has no connections. With a timeout, those that are left then are closed, with the
        # reason drained, all at once or spread over a time. Ended counts those that ended by themselves, and left those that are
        # open if the listener was resumed or removed meanwhile. It is carried out even if the client disconnects.
        method Drain(listener: string, timeout_us: ?int, over_us: ?int) -> (
          outcome: (drained, resumed, removed),
          ended: int,
          closed: int,
          left: int
        )

        # Sets the state or the weight (0 to 256) of an upstream, in place of those of the configuration; what is left out stays.
        # Draining and disabled ones get no new connections; disabled ones are not checked either. Open connections stay.
        # It outlives a reload that keeps the upstream, not a restart. The scheme of the address may be left out.
        method SetUpstream(
          listener: string,
          upstream: string,
          state: ?(enabled, draining, disabled),
          weight: ?int
        ) -> ()

        # Takes back what SetUpstream has set for an upstream, or for all of a listener, and counts for how many.
        method ResetUpstream(listener: string, upstream: ?string) -> (count: int)

        # Reads the configuration again and puts it in force, as SIGHUP does, and answers when that is done.
        method Reload() -> ()

        # Reads the configuration again, checks it and this host, and returns what a reload would do, without doing it. Settings
        # are those of the daemon and the log. A plan that fails has the error of the reload.
        method PlanReload() -> (settings: []SettingChange, listeners: []ListenerChange)

        # Opens the log files again, as SIGUSR1 does.
        method Reopen() -> ()

        # No listener has this name.
        error NoSuchListener (listener: string)

        # No open connection has this number.
        error NoSuchConnection (number: int)

        # The listener has no upstream with this address, or several if the address has no scheme.
        error NoSuchUpstream (listener: string, upstream: string)

        # The reload failed. The configuration in force stays.
        error ReloadFailed (reason: string)

        # The daemon is stopping.
        error Stopping ()

        # An event loop does not answer, so that its connections are not known. The watchdog restarts a daemon that stays so.
        error LaneSilent (lane: int)

        """

    /// The description of ``serviceName``, as https://varlink.org/Service has it.
    package static let serviceDescription = """
        # The Varlink Service Interface is provided by every varlink service. It
        # describes the service and the interfaces it implements.
        interface org.varlink.service

        # Get a list of all the interfaces a service provides and information
        # about the implementation.
        method GetInfo() -> (
          vendor: string,
          product: string,
          version: string,
          url: string,
          interfaces: []string
        )

        # Get the description of an interface that is implemented by this service.
        method GetInterfaceDescription(interface: string) -> (description: string)

        # The requested interface was not found.
        error InterfaceNotFound (interface: string)

        # The requested method was not found
        error MethodNotFound (method: string)

        # The interface defines the requested method, but the service does not
        # implement it.
        error MethodNotImplemented (method: string)

        # One of the passed parameters is invalid.
        error InvalidParameter (parameter: string)

        # Client is denied access
        error PermissionDenied ()

        # Method is expected to be called with 'more' set to true, but wasn't
        error ExpectedMore ()

        """
}
