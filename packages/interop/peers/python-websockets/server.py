# Python's `websockets` as a server.

import asyncio

import websockets
from conversation import CLOSE_REQUEST, FRAGMENT_ABOVE, PING, SERVER_CLOSE, fragments, report


async def pinged(socket):
    await (await socket.ping(PING))
    report('pong')


async def echo(socket):
    ping = asyncio.create_task(pinged(socket))
    try:
        async for message in socket:
            if message == CLOSE_REQUEST:
                await socket.close(*SERVER_CLOSE)
            else:
                await socket.send(fragments(message) if len(message) > FRAGMENT_ABOVE else message)
    except websockets.ConnectionClosed:
        pass  # closed with another code than 1000 and 1001
    ping.cancel()
    report('closed', socket.close_code, socket.close_reason)


async def main():
    async with websockets.serve(echo, '127.0.0.1', 0, max_size=None) as server:
        report('port', server.sockets[0].getsockname()[1])
        await asyncio.Future()


asyncio.run(main())
