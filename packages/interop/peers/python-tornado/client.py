# tornado as a client: client.py URL CLOSER. It can send no fragments.

import asyncio
import sys

from conversation import CLIENT_CLOSE, CLOSE_REQUEST, PING, exchange, report
from tornado.websocket import WebSocketClientConnection, websocket_connect

ponged = asyncio.Event()
WebSocketClientConnection.on_pong = lambda self, data: ponged.set()


async def main(url, closer):
    socket = await websocket_connect(url, max_message_size=10_000_000)
    await exchange(lambda message, _: socket.write_message(message, isinstance(message, bytes)), socket.read_message)
    socket.protocol.write_ping(PING)
    read = asyncio.ensure_future(socket.read_message())
    await ponged.wait()
    report('ok ping')
    if closer == 'client':
        socket.close(*CLIENT_CLOSE)
    else:
        await socket.write_message(CLOSE_REQUEST)
    await read
    report('closed', socket.close_code, socket.close_reason)


asyncio.run(main(*sys.argv[1:]))
