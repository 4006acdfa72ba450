// SPDX-License-Identifier: Apache-2.0

// Both ends of a relay: clients that connect to it, and the upstreams that it connects to. Both behave badly, by a
// schedule that a seed fixes; and since one process is both, it knows what each must get.
//
//     driver run SEED FIRST COUNT AT-ONCE PROCESS RESULTS ADDRESS...
//     driver records LOG RESULTS...
//
// `run` makes the connections FIRST to FIRST + COUNT - 1 of the schedule, AT-ONCE of them at a time, through the relay
// whose process is PROCESS. Descriptors 3 to 6 are the listening sockets of the upstreams: TCP, Unix, and the same again
// for a relay that sends PROXY headers (version 2). ADDRESS... are eight listeners of the relay, `tcp://IPv4:PORT` or
// `unix://PATH`: for each of those upstreams one for TCP clients and one for Unix clients. What became of each connection
// goes into RESULTS.
//
// `records` holds the records of the relay (JSON) against those results.
//
// Both print one line and exit with 0 if all is well, and with 1 after telling what is not.
//
// What must be true of a direction, from its source to its destination:
// - what arrives is a beginning of what was sent;
// - who reads an orderly end has read all that the source has sent, and the source has ended in order;
// - who is told of a reset has a peer that broke off;
// - neither waits for ever.
// A Unix socket cannot be reset by who closes it (unix(7)): there, breaking off reads as an end.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LISTENERS = 4, TARGETS = 8, FIRST_DESCRIPTOR = 3, MOST_WORDS = 20 };

// The clients' addresses: 127.64.0.0 and the number of the connection.
static const uint32_t CLIENT_NETWORK = 0x7f400000;

// Longer than anything takes that is not stuck.
static const int64_t PATIENCE = 30000;

static void die(const char *what) {
    fprintf(stderr, "driver: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int64_t milliseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// MARK: - Chance

// splitmix64: a number that only depends on the one before.
static uint64_t next_number(uint64_t *state) {
    uint64_t number = *state += 0x9e3779b97f4a7c15;
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
    number = (number ^ number >> 27) * 0x94d049bb133111eb;
    return number ^ number >> 31;
}

static uint32_t below(uint64_t *state, uint32_t limit) { return (uint32_t)(next_number(state) >> 32) % limit; }

static bool in_percent(uint64_t *state, uint32_t percent) { return below(state, 100) < percent; }

// MARK: - Bytes

// Each stream is a piece of this table, which no two streams begin at the same place of.
enum { PERIOD = 1 << 20, LONGEST_WRITE = 128 << 10 };
static uint8_t table[PERIOD + LONGEST_WRITE];

static void fill_table(void) {
    uint64_t state = 1;
    for (size_t place = 0; place < PERIOD; place += 8) {
        uint64_t number = next_number(&state);
        memcpy(table + place, &number, 8);
    }
    memcpy(table + PERIOD, table, LONGEST_WRITE);
}

// MARK: - Plans

// When a side begins to send.
enum start { AT_ONCE, AFTER_DELAY, AFTER_INPUT, AFTER_END };

// How a side ends.
enum end {
    FINISH,          // shuts its writing side down behind its last byte, reads to the end, closes
    FINISH_LATE,     // reads to the end before it closes, without shutting anything down
    WAIT_FOR_RESET,  // reads to the end and waits for what must follow
    CLOSE,           // closes after so many bytes, whatever has come meanwhile
    CLOSE_UNREAD,    // closes when something has come, without reading it
    RESET_SENT,      // resets after so many bytes sent
    RESET_RECEIVED,  // resets after so many bytes received
    RESET_FINISHED,  // shuts its writing side down, and resets some time later
};

static const char *const start_names[] = {"at once", "later", "after input", "after the end"};
static const char *const end_names[] = {
    "finish", "finish late", "wait for a reset", "close", "close unread", "reset when sent", "reset when received",
    "reset when finished",
};

struct plan {
    enum start start;
    enum end end;
    uint32_t length;        // bytes to send
    uint32_t limit;         // the number of bytes that `end` speaks of
    uint32_t write_most;    // bytes a write
    uint32_t read_most;     // bytes a read
    uint8_t start_delay;    // milliseconds
    uint8_t write_pause;    // milliseconds between writes
    uint8_t read_delay;     // milliseconds before the first read
    uint8_t read_pause;     // milliseconds between reads
    uint8_t end_delay;      // milliseconds before RESET_FINISHED resets
};

static uint32_t any_length(uint64_t *state) {
    switch (below(state, 1000)) {
    case 0 ... 149: return 0;
    case 150 ... 749: return 1 + below(state, 2000);
    case 750 ... 959: return 2000 + below(state, 62 << 10);
    case 960 ... 995: return (64 << 10) + below(state, 192 << 10);
    default: return (1 << 20) + below(state, 3 << 20);
    }
}

static void plan_bytes(struct plan *plan, uint64_t *state) {
    plan->length = any_length(state);
    plan->write_most = in_percent(state, 30) ? 1 + below(state, 4096) : LONGEST_WRITE;
    plan->read_most = in_percent(state, 30) ? 1 + below(state, 4096) : 256 << 10;
    // Of much, not too little at a time, so that it ends.
    if (plan->write_most < plan->length / 64) plan->write_most = plan->length / 64;
    if (in_percent(state, 20)) {
        plan->write_pause = 1 + below(state, 3);
        if (plan->write_most < plan->length / 8) plan->write_most = plan->length / 8;
        if (plan->write_most > 1 + plan->length / 4) plan->write_most = 1 + plan->length / 4;
        if (plan->write_most > LONGEST_WRITE) plan->write_most = LONGEST_WRITE;
    }
    if (in_percent(state, 10)) plan->read_delay = 1 + below(state, 40);
    if (in_percent(state, 10)) {
        plan->read_pause = 1;
        if (plan->read_most < 32 << 10) plan->read_most = 32 << 10;
    }
    if (in_percent(state, 10)) {
        plan->start = AFTER_DELAY;
        plan->start_delay = 1 + below(state, 10);
    }
}

static bool is_clean(enum end end) { return end == FINISH || end == FINISH_LATE || end == WAIT_FOR_RESET; }

static void plan_break(struct plan *plan, const struct plan *other, uint64_t *state) {
    plan->end = CLOSE + below(state, RESET_FINISHED - CLOSE + 1);
    uint32_t most = plan->end == RESET_RECEIVED ? other->length : plan->length;
    plan->limit = in_percent(state, 25) ? most : below(state, most + 1);
    plan->end_delay = below(state, 10);
}

// The bytes with which a client says which connection it is, first of all where no PROXY header says it.
enum { NAME_LENGTH = 8 };

static void plan_connection(struct plan *client, struct plan *upstream, uint64_t seed, uint32_t number, bool is_tcp) {
    uint64_t state = seed * 0x2545f4914f6cdd1d + number;
    next_number(&state);
    *client = *upstream = (struct plan){0};
    plan_bytes(client, &state);
    plan_bytes(upstream, &state);
    switch (below(&state, 100)) {
    case 0 ... 19: break;
    case 20 ... 39: upstream->start = AFTER_INPUT; break;
    case 40 ... 49: upstream->start = AFTER_END; break;
    case 50 ... 54: client->start = AFTER_END; break;
    case 55 ... 59: upstream->end = FINISH_LATE; break;
    case 60 ... 64: client->end = FINISH_LATE; break;
    case 65 ... 81: plan_break(client, upstream, &state); break;
    case 82 ... 95: plan_break(upstream, client, &state); break;
    default:
        plan_break(client, upstream, &state);
        plan_break(upstream, client, &state);
    }
    if (is_tcp && client->end == RESET_FINISHED && in_percent(&state, 50)) upstream->end = WAIT_FOR_RESET;
    if (is_tcp && upstream->end == RESET_FINISHED && in_percent(&state, 50)) client->end = WAIT_FOR_RESET;
    // It says its name first of all, however little it has to say.
    if (client->length < NAME_LENGTH) client->length = NAME_LENGTH;
    if (client->start != AFTER_END && client->end == RESET_RECEIVED && upstream->start == AFTER_INPUT) {
        client->start = AT_ONCE;
    }
}

// MARK: - Sides

struct connection;

struct side {
    struct connection *connection;  // NULL for an upstream that does not know yet whose it is
    struct side *previous, *next;   // among those that are open
    struct plan plan;
    int raw;
    bool is_client, is_unix;
    bool has_header;     // PROXY headers say whose an upstream is, and need not be told by the client
    bool is_open, is_readable, is_writable, has_error;
    bool is_named;       // an upstream knows whose it is; a client has said it
    bool has_finished;   // it ended its direction in order
    bool has_broken;     // it broke off, or may have: closed with bytes unread
    bool has_reset;      // by SO_LINGER
    bool got_end, got_reset;
    uint64_t sent, received;
    uint32_t offset;     // where its stream begins in the table
    int64_t opened, write_at, read_at, end_at;
    uint8_t header[512];
    uint32_t header_length;
};

struct connection {
    uint32_t number;
    uint8_t target;
    bool is_judged;
    struct side client, upstream;
};

static uint64_t seed;
static int poll_descriptor;
static struct side open_sides = {.previous = &open_sides, .next = &open_sides};
static int open_clients, open_upstreams;
static int64_t now;

static struct connection *connections;
static uint32_t first_number, connection_count;

// How many upstreams ended before they knew whose they were.
static int nameless;
static int mistakes;
static uint64_t total_bytes, clean_count;

static void complain(const struct connection *connection, const char *what) {
    if (++mistakes > MOST_WORDS) return;
    const struct side *sides[] = {&connection->client, &connection->upstream};
    printf("connection %u of seed %llu, listener %d: %s\n", connection->number, (unsigned long long)seed,
        connection->target, what);
    for (int index = 0; index < 2; index++) {
        const struct side *side = sides[index];
        const struct plan *plan = &side->plan;
        printf("    %s (%s): %u B %s by %u/%d ms, reads %u/%d ms after %d ms, then %s (%u);"
               " sent %llu received %llu%s%s%s%s%s%s\n",
            index == 0 ? "client" : "upstream", side->is_unix ? "unix" : "tcp", plan->length, start_names[plan->start],
            plan->write_most, plan->write_pause, plan->read_most, plan->read_pause, plan->read_delay,
            end_names[plan->end], plan->limit, (unsigned long long)side->sent, (unsigned long long)side->received,
            side->has_finished ? ", finished" : "", side->has_broken ? ", broke" : "",
            side->has_reset ? ", reset" : "", side->got_end ? ", got end" : "", side->got_reset ? ", got reset" : "",
            side->is_open ? ", open" : "");
    }
}

// The direction from one side to the other.
static void judge_direction(const struct connection *connection, const struct side *from, const struct side *to) {
    if (to->received > from->sent) complain(connection, "more arrived than was sent");
    if (to->got_end) {
        bool is_all = to->received == from->sent;
        if (!is_all && (!to->is_unix || !from->has_broken)) complain(connection, "an end before all was there");
        if (from->has_reset && !from->has_finished && !to->is_unix) complain(connection, "a reset became an end");
    }
    if (to->got_reset && !from->has_broken) complain(connection, "a reset that nobody wanted");
    bool must_arrive = is_clean(from->plan.end) && is_clean(to->plan.end) && to->plan.end != WAIT_FOR_RESET;
    if (must_arrive && (!to->got_end || !from->has_finished)) complain(connection, "not all arrived");
    if (to->plan.end == WAIT_FOR_RESET && !to->got_reset) complain(connection, "was not told of a reset");
}

static void judge(struct connection *connection) {
    const struct side *client = &connection->client, *upstream = &connection->upstream;
    connection->is_judged = true;
    total_bytes += client->received + upstream->received;
    judge_direction(connection, client, upstream);
    judge_direction(connection, upstream, client);
    clean_count += is_clean(client->plan.end) && is_clean(upstream->plan.end);
}

static void add(struct side *side) {
    side->is_open = true;
    side->opened = now;
    side->next = &open_sides;
    side->previous = open_sides.previous;
    side->previous->next = side->next->previous = side;
    *(side->is_client ? &open_clients : &open_upstreams) += 1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = side};
    if (epoll_ctl(poll_descriptor, EPOLL_CTL_ADD, side->raw, &event) != 0) die("epoll_ctl");
}

static void close_side(struct side *side) {
    close(side->raw);
    side->is_open = false;
    side->previous->next = side->next;
    side->next->previous = side->previous;
    *(side->is_client ? &open_clients : &open_upstreams) -= 1;
    struct connection *connection = side->connection;
    if (connection == NULL) {
        nameless++;
        free(side);
    } else if (connection->upstream.connection && !connection->client.is_open && !connection->upstream.is_open) {
        judge(connection);
    }
}

// Breaks off. A Unix socket knows no reset, so it is closed.
static void reset_side(struct side *side) {
    side->has_broken = true;
    if (!side->is_unix) {
        struct linger linger = {.l_onoff = 1, .l_linger = 0};
        setsockopt(side->raw, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        side->has_reset = true;
    }
    close_side(side);
}

// The peer broke off, as a call or an event says.
static void was_reset(struct side *side) {
    side->got_reset = true;
    close_side(side);
}

static void begin_stream(struct side *side) {
    uint64_t state = (uint64_t)side->connection->number * 2 + side->is_client;
    side->offset = below(&state, PERIOD);
    side->write_at = now + side->plan.start_delay;
    side->read_at = now + side->plan.read_delay;
    if (side->plan.start != AFTER_DELAY) side->write_at = now;
}

static const uint8_t *stream_at(const struct side *side, uint64_t place) {
    return table + (side->offset + place) % PERIOD;
}

// MARK: - Whose an upstream is

static struct connection *connection_of(uint32_t number) {
    uint32_t index = number - first_number;
    return index < connection_count ? &connections[index] : NULL;
}

// Reads the PROXY header: whether it is there.
static bool read_header(struct side *side) {
    while (true) {
        uint32_t wanted = 16;
        if (side->header_length >= 16) wanted += (uint32_t)side->header[14] << 8 | side->header[15];
        if (wanted > sizeof side->header) die("a PROXY header that is too long");
        if (side->header_length == wanted) return true;
        ssize_t count = recv(side->raw, side->header + side->header_length, wanted - side->header_length, MSG_DONTWAIT);
        if (count < 0 && errno == EAGAIN) return side->is_readable = false;
        if (count <= 0) return close_side(side), false;
        side->header_length += (uint32_t)count;
    }
}

// Reads what says whose an upstream is, and lets it begin: whether it goes on now.
static bool learn_name(struct side **place) {
    struct side *side = *place;
    if (side->has_header && !read_header(side)) return false;
    uint32_t number = 0;
    if (side->has_header && side->header[13] == 0x11) {
        // From an IPv4 address, which follows.
        memcpy(&number, side->header + 16, sizeof number);
        number = ntohl(number) - CLIENT_NETWORK;
    } else {
        // The name is a part of the stream, so it is only looked at.
        uint64_t name = 0;
        ssize_t count = recv(side->raw, &name, sizeof name, MSG_DONTWAIT | MSG_PEEK);
        if ((count < 0 && errno == EAGAIN) || (count > 0 && count < NAME_LENGTH)) return side->is_readable = false;
        if (count <= 0) return close_side(side), false;
        number = (uint32_t)name;
    }
    struct connection *connection = connection_of(number);
    if (connection == NULL || connection->upstream.connection != NULL || connection->client.connection == NULL) {
        if (++mistakes <= MOST_WORDS) printf("an upstream was asked for connection %u: nobody's, or a second time\n", number);
        return close_side(side), false;
    }
    // From now on it is where its connection is.
    struct side *own = &connection->upstream;
    struct plan plan = own->plan;
    *own = *side;
    own->plan = plan;
    own->connection = connection;
    own->is_named = true;
    own->previous->next = own->next->previous = own;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = own};
    if (epoll_ctl(poll_descriptor, EPOLL_CTL_MOD, own->raw, &event) != 0) die("epoll_ctl");
    free(side);
    *place = own;
    begin_stream(own);
    return true;
}

// MARK: - What a side does

// Whether it has to break off now; then it has.
static bool breaks_off(struct side *side) {
    const struct plan *plan = &side->plan;
    switch (plan->end) {
    case RESET_SENT:
        if (side->sent < plan->limit) return false;
        return reset_side(side), true;
    case RESET_RECEIVED:
        if (side->received < plan->limit && !side->got_end) return false;
        return reset_side(side), true;
    case RESET_FINISHED:
        if (!side->has_finished || now < side->end_at) return false;
        return reset_side(side), true;
    case CLOSE:
        if (side->sent < plan->limit) return false;
        break;
    case CLOSE_UNREAD:
        if (!side->is_readable) return false;
        break;
    default:
        return false;
    }
    // What had come and was not read makes it a reset; what is to come does so later.
    side->has_broken = true;
    side->has_finished = true;
    return close_side(side), true;
}

static bool may_write(const struct side *side) {
    switch (side->plan.start) {
    case AFTER_INPUT: return side->received > 0 || side->got_end;
    case AFTER_END: return side->got_end;
    default: return true;
    }
}

// Whether it went on, or is gone.
static bool write_some(struct side *side) {
    const struct plan *plan = &side->plan;
    // Without a header the client is asked for its name.
    bool says_name = side->is_client && side->sent < NAME_LENGTH && !side->has_header;
    if (!says_name && (now < side->write_at || !may_write(side))) return false;
    uint64_t most = plan->length - side->sent;
    if (plan->end == CLOSE || plan->end == RESET_SENT) most = plan->limit - side->sent;
    if (says_name && most < NAME_LENGTH) most = NAME_LENGTH;
    if (most > 0) {
        if (!side->is_writable) return false;
        const uint8_t *bytes = stream_at(side, side->sent);
        uint64_t name[1] = {side->connection->number};
        if (side->is_client && side->sent < NAME_LENGTH) {
            bytes = (const uint8_t *)name + side->sent;
            most = NAME_LENGTH - side->sent < most ? NAME_LENGTH - side->sent : most;
        } else if (most > plan->write_most) {
            most = plan->write_most;
        }
        ssize_t count = send(side->raw, bytes, most, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN) return side->is_writable = false;
        if (count < 0) return was_reset(side), true;
        side->sent += (uint64_t)count;
        if (plan->write_pause) side->write_at = now + plan->write_pause;
        return true;
    }
    if (side->has_finished || plan->end == FINISH_LATE || plan->end == WAIT_FOR_RESET || plan->end == CLOSE_UNREAD
        || plan->end == RESET_RECEIVED) {
        return false;
    }
    // The side that breaks off has broken off by now.
    side->has_finished = true;
    side->end_at = now + plan->end_delay;
    if (shutdown(side->raw, SHUT_WR) != 0) return was_reset(side), true;
    return true;
}

// Whether it went on, or is gone.
static bool read_some(struct side *side) {
    static uint8_t buffer[256 << 10];
    if (!side->is_readable || side->got_end || now < side->read_at) return false;
    ssize_t count = recv(side->raw, buffer, side->plan.read_most, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return side->is_readable = false;
    if (count < 0) return was_reset(side), true;
    if (count == 0) {
        side->got_end = true;
        return true;
    }
    struct connection *connection = side->connection;
    uint64_t place = 0;
    for (; place < (uint64_t)count && !side->is_client && side->received + place < NAME_LENGTH; place++) {
        uint64_t name = connection->number;
        if (buffer[place] != ((const uint8_t *)&name)[side->received + place]) {
            complain(connection, "wrong bytes at the beginning");
        }
    }
    uint64_t state = (uint64_t)connection->number * 2 + !side->is_client;
    struct side stream = {.offset = below(&state, PERIOD)};
    while (place < (uint64_t)count) {
        uint64_t length = (uint64_t)count - place < LONGEST_WRITE ? (uint64_t)count - place : LONGEST_WRITE;
        if (memcmp(buffer + place, stream_at(&stream, side->received + place), length) != 0) {
            complain(connection, "wrong bytes");
            break;
        }
        place += length;
    }
    side->received += (uint64_t)count;
    if (side->plan.read_pause) side->read_at = now + side->plan.read_pause;
    return true;
}

// Does all that can be done now.
static void advance(struct side *side) {
    if (side->connection == NULL && !learn_name(&side)) return;
    while (side->is_open) {
        if (side->is_client && side->sent < NAME_LENGTH && !side->has_header && !side->has_error) {
            if (!write_some(side)) return;
            continue;
        }
        if (breaks_off(side)) return;
        bool went_on = write_some(side);
        if (side->is_open && read_some(side)) went_on = true;
        if (went_on) continue;
        bool has_sent = side->has_finished || (side->plan.end == FINISH_LATE && side->sent == side->plan.length);
        if (side->got_end && has_sent && side->plan.end != RESET_FINISHED) {
            side->has_finished = true;
            return close_side(side);
        }
        // An error that no call will tell of: nothing is left to be read or written.
        if (side->has_error && side->got_end) {
            int error = 0;
            socklen_t length = sizeof error;
            getsockopt(side->raw, SOL_SOCKET, SO_ERROR, &error, &length);
            return was_reset(side);
        }
        return;
    }
}

// When it has to be looked at again; INT64_MAX for not before an event.
static int64_t next_time(const struct side *side) {
    int64_t next = INT64_MAX;
    if (side->connection == NULL) return next;
    if (side->is_writable && side->sent < side->plan.length && side->write_at > now) next = side->write_at;
    if (side->is_readable && !side->got_end && side->read_at > now && side->read_at < next) next = side->read_at;
    if (side->plan.end == RESET_FINISHED && side->has_finished && side->end_at < next) next = side->end_at;
    // The end of what is sent may wait for its time too.
    if (!side->has_finished && side->write_at > now && side->write_at < next) next = side->write_at;
    return next;
}

// MARK: - The run

static struct sockaddr_storage targets[TARGETS];
static socklen_t target_lengths[TARGETS];

static void read_target(int index, const char *text) {
    if (strncmp(text, "tcp://", 6) == 0) {
        struct sockaddr_in *address = (struct sockaddr_in *)&targets[index];
        char host[64] = "";
        int port = 0;
        if (sscanf(text + 6, "%63[^:]:%d", host, &port) != 2) die(text);
        address->sin_family = AF_INET;
        address->sin_port = htons((uint16_t)port);
        if (inet_pton(AF_INET, host, &address->sin_addr) != 1) die(text);
        target_lengths[index] = sizeof *address;
    } else {
        struct sockaddr_un *address = (struct sockaddr_un *)&targets[index];
        address->sun_family = AF_UNIX;
        if (strncmp(text, "unix://", 7) != 0 || strlen(text + 7) >= sizeof address->sun_path) die(text);
        strcpy(address->sun_path, text + 7);
        target_lengths[index] = sizeof *address;
    }
}

// Whether the relay could be connected to; it is tried again if its backlog is full.
static bool begin_client(uint32_t index) {
    struct connection *connection = &connections[index];
    uint32_t number = first_number + index;
    uint64_t state = seed ^ (uint64_t)number << 20;
    int target = (int)below(&state, TARGETS);
    bool is_unix = target & 1, upstream_is_unix = target & 2;
    int raw = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (raw < 0) die("socket");
    if (is_unix) {
        struct sockaddr_un own = {.sun_family = AF_UNIX};
        int length = snprintf(own.sun_path + 1, sizeof own.sun_path - 1, "chaos-%d-%u", getpid(), number);
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
        if (bind(raw, (struct sockaddr *)&own, size) != 0) die("bind");
    } else {
        int on = 1;
        setsockopt(raw, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(CLIENT_NETWORK + number)};
        if (bind(raw, (struct sockaddr *)&own, sizeof own) != 0) die("bind");
    }
    if (connect(raw, (struct sockaddr *)&targets[target], target_lengths[target]) != 0 && errno != EINPROGRESS) {
        if (errno != EAGAIN) die("connect");
        close(raw);
        return false;
    }
    connection->number = number;
    connection->target = (uint8_t)target;
    struct side *client = &connection->client, *upstream = &connection->upstream;
    plan_connection(&client->plan, &upstream->plan, seed, number, !is_unix && !upstream_is_unix);
    client->connection = connection;
    client->raw = raw;
    client->is_client = true;
    client->is_unix = is_unix;
    // That of a Unix client does not tell its address.
    client->has_header = target & 4 && !is_unix;
    upstream->is_unix = upstream_is_unix;
    add(client);
    begin_stream(client);
    return true;
}

static void accept_all(int index, uint64_t *state) {
    while (true) {
        int raw = accept4(FIRST_DESCRIPTOR + index, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (raw < 0 && errno == EAGAIN) return;
        if (raw < 0) die("accept4");
        struct side *side = calloc(1, sizeof *side);
        if (side == NULL) die("calloc");
        side->raw = raw;
        side->is_unix = index & 1;
        side->has_header = index & 2;
        add(side);
        // Some close before they know whom they hurt: at once, with or without a reset.
        if (in_percent(state, 1)) {
            if (in_percent(state, 50)) reset_side(side);
            else close_side(side);
        }
    }
}

// How many descriptors of a kind the relay has.
static int descriptors(int process, const char *kind) {
    char path[64], target[64];
    snprintf(path, sizeof path, "/proc/%d/fd", process);
    DIR *directory = opendir(path);
    if (directory == NULL) die(path);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        count += length > 0 && strncmp(target, kind, strlen(kind)) == 0;
    }
    closedir(directory);
    return count;
}

static int resident_kibibytes(int process) {
    char path[64], line[128];
    int result = 0;
    snprintf(path, sizeof path, "/proc/%d/status", process);
    FILE *file = fopen(path, "r");
    if (file == NULL) die(path);
    while (fgets(line, sizeof line, file)) sscanf(line, "VmRSS: %d", &result);
    fclose(file);
    return result;
}

// What of a connection the records are held against.
struct result {
    uint32_t number;
    bool is_clean, has_upstream, client_broke, upstream_broke;
    uint64_t client_sent, client_received, upstream_sent, upstream_received;
};

static void write_results(const char *path) {
    FILE *file = fopen(path, "w");
    if (file == NULL) die(path);
    for (uint32_t index = 0; index < connection_count; index++) {
        const struct connection *connection = &connections[index];
        const struct side *client = &connection->client, *upstream = &connection->upstream;
        bool has_upstream = upstream->connection != NULL;
        struct result result = {
            .number = connection->number,
            .is_clean = has_upstream && is_clean(client->plan.end) && is_clean(upstream->plan.end),
            .has_upstream = has_upstream,
            .client_broke = client->has_broken,
            .upstream_broke = upstream->has_broken || !has_upstream,
            .client_sent = client->sent,
            .client_received = client->received,
            .upstream_sent = upstream->sent,
            .upstream_received = upstream->received,
        };
        fwrite(&result, sizeof result, 1, file);
    }
    if (fclose(file) != 0) die(path);
}

static void turn(uint64_t *state) {
    struct epoll_event events[256];
    int64_t next = now + 1000;
    for (struct side *side = open_sides.next; side != &open_sides; side = side->next) {
        int64_t time = next_time(side);
        if (time < next) next = time;
    }
    int count = epoll_wait(poll_descriptor, events, 256, next > now ? (int)(next - now) : 0);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    now = milliseconds();
    bool accepts[LISTENERS] = {false};
    for (int index = 0; index < count; index++) {
        uint32_t ready = events[index].events;
        if (events[index].data.u64 < LISTENERS) {
            accepts[events[index].data.u64] = true;
            continue;
        }
        struct side *side = events[index].data.ptr;
        // What is closed is told of no more, so the side is there.
        if (ready & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) side->is_readable = true;
        if (ready & (EPOLLOUT | EPOLLHUP | EPOLLERR)) side->is_writable = true;
        if (ready & EPOLLERR) side->has_error = true;
    }
    for (struct side *side = open_sides.next, *after; side != &open_sides; side = after) {
        after = side->next;
        advance(side);
    }
    for (int index = 0; index < LISTENERS; index++) {
        if (accepts[index]) accept_all(index, state);
    }
}

static void find_stuck(void) {
    for (struct side *side = open_sides.next; side != &open_sides; side = side->next) {
        if (now - side->opened < PATIENCE) continue;
        if (side->connection) complain(side->connection, "stuck");
        else printf("an upstream was connected to, and nothing came\n"), mistakes++;
        side->opened = INT64_MAX / 2;
    }
}

static int run(char **arguments, int count) {
    if (count != 6 + TARGETS) return fprintf(stderr, "driver: six arguments and eight addresses are wanted\n"), 2;
    seed = strtoull(arguments[0], NULL, 10);
    first_number = (uint32_t)strtoul(arguments[1], NULL, 10);
    connection_count = (uint32_t)strtoul(arguments[2], NULL, 10);
    int at_once = atoi(arguments[3]), process = atoi(arguments[4]);
    for (int index = 0; index < TARGETS; index++) read_target(index, arguments[6 + index]);
    connections = calloc(connection_count, sizeof *connections);
    poll_descriptor = epoll_create1(EPOLL_CLOEXEC);
    if (connections == NULL || poll_descriptor < 0) die("setup");
    for (int index = 0; index < LISTENERS; index++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)index};
        int raw = FIRST_DESCRIPTOR + index;
        fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK);
        if (epoll_ctl(poll_descriptor, EPOLL_CTL_ADD, raw, &event) != 0) die("a listening socket");
    }
    fill_table();
    int sockets = descriptors(process, "socket:");
    uint64_t state = seed;
    now = milliseconds();
    int64_t begun = now, looked = now;
    uint32_t next = 0;
    while (next < connection_count || open_clients + open_upstreams > 0) {
        while (next < connection_count && open_clients < at_once && open_upstreams < at_once && begin_client(next)) {
            next++;
        }
        turn(&state);
        if (now - looked < 1000) continue;
        looked = now;
        find_stuck();
        if (mistakes > MOST_WORDS || (mistakes > 0 && now - begun > 2 * PATIENCE)) break;
    }
    // The relay may still be on its way to upstreams, for clients that did not wait.
    int64_t ended = now;
    while (mistakes == 0 && descriptors(process, "socket:") > sockets && now - ended < PATIENCE) {
        turn(&state);
        now = milliseconds();
    }
    int left = descriptors(process, "socket:") - sockets;
    if (left != 0) printf("%d sockets are left open\n", left), mistakes++;
    int unheard = 0;
    for (uint32_t index = 0; index < next; index++) {
        struct connection *connection = &connections[index];
        if (connection->is_judged) continue;
        // Its upstream ended without a word, or the client did before there was one.
        if (connection->upstream.connection) complain(connection, "its upstream is still open");
        if (connection->client.received > 0) complain(connection, "bytes from nowhere");
        if (is_clean(connection->client.plan.end)) unheard++;
    }
    if (unheard > nameless) printf("%d clients came to nobody\n", unheard - nameless), mistakes++;
    write_results(arguments[5]);
    printf("connections=%u clean=%llu nameless=%d mebibytes=%llu milliseconds=%lld pipes=%d kibibytes=%d mistakes=%d\n",
        next, (unsigned long long)clean_count, nameless, (unsigned long long)total_bytes >> 20,
        (long long)(now - begun), descriptors(process, "pipe:"), resident_kibibytes(process), mistakes);
    return mistakes > 0;
}

// MARK: - Records

static bool field(const char *line, const char *name, char *value, size_t size) {
    char key[40];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *begin = strstr(line, key);
    if (begin == NULL) return false;
    begin += strlen(key);
    bool is_text = *begin == '"';
    begin += is_text;
    size_t length = strcspn(begin, is_text ? "\"" : ",}");
    if (length >= size) length = size - 1;
    memcpy(value, begin, length);
    value[length] = 0;
    return true;
}

// Which connection a record is about: the client's address says it.
static bool record_number(const char *line, uint32_t *number) {
    char peer[160];
    if (!field(line, "peer", peer, sizeof peer)) return false;
    unsigned part[4];
    if (sscanf(peer, "tcp://%u.%u.%u.%u:", &part[0], &part[1], &part[2], &part[3]) == 4) {
        *number = (part[0] << 24 | part[1] << 16 | part[2] << 8 | part[3]) - CLIENT_NETWORK;
        return true;
    }
    const char *last = strrchr(peer, '-');
    return last && sscanf(last + 1, "%u", number) == 1;
}

static const char *judge_close(const struct result *result, const char *line) {
    char reason[40] = "", by[40] = "", bytes_in[24] = "", bytes_out[24] = "";
    field(line, "reason", reason, sizeof reason);
    field(line, "by", by, sizeof by);
    field(line, "bytes_in", bytes_in, sizeof bytes_in);
    field(line, "bytes_out", bytes_out, sizeof bytes_out);
    uint64_t in = strtoull(bytes_in, NULL, 10), out = strtoull(bytes_out, NULL, 10);
    if (in > result->client_sent || in < result->upstream_received) return "bytes_in is wrong";
    if (out < result->client_received) return "bytes_out is wrong";
    if (result->has_upstream && out > result->upstream_sent) return "bytes_out is wrong";
    if (result->is_clean && (in != result->client_sent || out != result->upstream_sent)) return "bytes are missing";
    if (strcmp(reason, "client-closed") == 0 && strcmp(by, "client") == 0) return NULL;
    if (strcmp(reason, "upstream-closed") == 0 && strcmp(by, "upstream") == 0) return NULL;
    if (strcmp(reason, "reset-by-client") == 0 && strcmp(by, "client") == 0) {
        return result->client_broke ? NULL : "the client did not break off";
    }
    if (strcmp(reason, "reset-by-upstream") == 0 && strcmp(by, "upstream") == 0) {
        return result->upstream_broke ? NULL : "the upstream did not break off";
    }
    // An upstream that breaks off at once may do so before the relay knows that it stands.
    if (strcmp(reason, "connect-failed") == 0 && strcmp(by, "upstream") == 0 && !result->has_upstream) return NULL;
    return "that is not how it ended";
}

static int check_records(char **arguments, int count) {
    enum { MOST = 1 << 24 };
    uint8_t *seen = calloc(MOST, 1);
    struct result *results = NULL;
    size_t known = 0;
    if (seen == NULL) die("calloc");
    for (int index = 1; index < count; index++) {
        FILE *file = fopen(arguments[index], "r");
        if (file == NULL) die(arguments[index]);
        struct result result;
        while (fread(&result, sizeof result, 1, file) == 1) {
            if (result.number >= known) {
                size_t size = (size_t)result.number * 2 + 1024;
                results = realloc(results, size * sizeof *results);
                if (results == NULL) die("realloc");
                memset(results + known, 0, (size - known) * sizeof *results);
                known = size;
            }
            results[result.number] = result;
            seen[result.number] = 1;
        }
        fclose(file);
    }
    FILE *file = fopen(arguments[0], "r");
    if (file == NULL) die(arguments[0]);
    char *line = NULL;
    size_t size = 0;
    int opened = 0, closed = 0;
    while (getline(&line, &size, file) > 0) {
        char event[40];
        uint32_t number = 0;
        const char *mistake = NULL;
        if (!field(line, "event", event, sizeof event)) continue;
        bool is_open = strcmp(event, "open") == 0, is_close = strcmp(event, "close") == 0;
        if (strcmp(event, "dropped") == 0 || strcmp(event, "refused") == 0) mistake = "nothing was to be lost";
        else if (!is_open && !is_close) continue;
        else if (!record_number(line, &number) || number >= MOST || seen[number] == 0) mistake = "who is that?";
        else if (is_open) mistake = seen[number] & 2 ? "opened twice" : NULL;
        else if (seen[number] != 3) mistake = "closed twice, or not opened";
        else mistake = judge_close(&results[number], line);
        opened += is_open;
        closed += is_close;
        if (number < MOST) seen[number] |= is_open ? 2 : is_close ? 4 : 0;
        if (mistake && ++mistakes <= MOST_WORDS) printf("%s: %s", mistake, line);
    }
    fclose(file);
    for (uint32_t number = 0; number < MOST; number++) {
        if (seen[number] && seen[number] != 7 && ++mistakes <= MOST_WORDS) {
            printf("connection %u has no record that it was %s\n", number, seen[number] & 2 ? "closed" : "opened");
        }
    }
    printf("opened=%d closed=%d mistakes=%d\n", opened, closed, mistakes);
    return mistakes > 0;
}

int main(int count, char **arguments) {
    if (count > 2 && strcmp(arguments[1], "run") == 0) return run(arguments + 2, count - 2);
    if (count > 3 && strcmp(arguments[1], "records") == 0) return check_records(arguments + 2, count - 2);
    fprintf(stderr, "usage: driver run SEED FIRST COUNT AT-ONCE PROCESS RESULTS ADDRESS... | records LOG RESULTS...\n");
    return 2;
}
