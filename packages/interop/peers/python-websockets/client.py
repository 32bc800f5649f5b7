# Python's `websockets` as a client: client.py URL CLOSER

import asyncio
import sys

import websockets
from conversation import CLIENT_CLOSE, CLOSE_REQUEST, PING, exchange, fragments, report


async def main(url, closer):
    async with websockets.connect(url, max_size=None) as socket:
        await exchange(lambda message, cut: socket.send(fragments(message) if cut else message), socket.recv)
        await (await socket.ping(PING))
        report('ok ping')
        if closer == 'client':
            await socket.close(*CLIENT_CLOSE)
        else:
            await socket.send(CLOSE_REQUEST)
            await socket.wait_closed()
        report('closed', socket.close_code, socket.close_reason)


asyncio.run(main(*sys.argv[1:]))
