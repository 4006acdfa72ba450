# SPDX-License-Identifier: Apache-2.0
"""The echo server that a Python programmer would write when speed matters: a Protocol, not streams.

usage: echo_asyncio.py PORT
"""

import asyncio
import resource
import sys


class Echo(asyncio.Protocol):
    # asyncio sets TCP_NODELAY by itself.

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    # Back-pressure: what the client does not read must not pile up here.

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


async def main(port):
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main(int(sys.argv[1])))
