// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinuxSystem

/// What the kernel says of sockets, whoever has them.
enum KernelSockets {
    /// How many connections to a socket a process holds or has yet to accept, as the kernel lists them (proc(5)).
    static func connections(to socket: ListeningSocket) -> Int {
        if let port = socket.address.port { return connections(toPort: port) }
        let table = (try? String(contentsOfFile: "/proc/self/net/unix", encoding: .utf8)) ?? ""
        // An accepted socket has the name of the one that accepted it, but not its flag __SO_ACCEPTCON.
        return table.split(separator: "\n").filter {
            $0.hasSuffix(" \(socket.address)") && !$0.contains(" 00010000 ")
        }.count
    }

    private static func connections(toPort port: UInt16) -> Int {
        let hexadecimal = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
        let table = (try? String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8)) ?? ""
        return table.split(separator: "\n").reduce(0) { count, line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[1].hasSuffix(suffix) else { return count }
            // The receive queue of a listening socket is its backlog. A connection without an inode is the kernel's alone.
            guard fields[3] == "0A" else { return count + (fields[9] == "0" ? 0 : 1) }
            return count + (Int(fields[4].split(separator: ":").last ?? "0", radix: 16) ?? 0)
        }
    }
}
