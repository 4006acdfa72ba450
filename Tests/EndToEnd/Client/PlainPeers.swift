// SPDX-License-Identifier: Apache-2.0

/// Programs as people write them to try sockets out, which know nothing of usher.
enum PlainPeers {
    /// A server that answers each recv(1024) with the next line of its standard input, here of its second argument. The
    /// first is the family; what it prints is its port, and then what came in.
    static let typingServer = """
        import socket, sys
        server = socket.create_server(("127.0.0.1", 0))
        print(server.getsockname()[1], flush=True)
        connection, peer = server.accept()
        for line in sys.argv[1].split(","):
            data = connection.recv(1024)
            if not data: break
            print(data.decode(), end="", flush=True)
            connection.send(line.encode())
        connection.close()
        """

    /// A client that sends the lines of its third argument until `q`, each when the last one was answered.
    static let typingClient = """
        import socket, sys
        client = socket.create_connection((sys.argv[1], int(sys.argv[2])))
        for line in sys.argv[3].split(","):
            if line == "q": break
            client.send(line.encode())
            print(client.recv(1024).decode().strip(), flush=True)
        client.close()
        """

    /// A datagram server that sends everything back, and says how long it was and where it came from. Its arguments are the
    /// family, and the address to bind; what it prints first is the port.
    static let echoingServer = """
        import socket, sys
        family = getattr(socket, sys.argv[1])
        server = socket.socket(family, socket.SOCK_DGRAM)
        server.bind(sys.argv[2] if family == socket.AF_UNIX else (sys.argv[2], 0))
        print(0 if family == socket.AF_UNIX else server.getsockname()[1], flush=True)
        while True:
            data, peer = server.recvfrom(70000)
            print(len(data), peer, flush=True)
            server.sendto(data, peer)
        """
}
