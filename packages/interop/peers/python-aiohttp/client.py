# aiohttp as a client: client.py URL CLOSER. It can send no fragments, and tells of no pong unless it is to answer pings itself.

import asyncio
import sys

from aiohttp import ClientSession, WSMsgType
from conversation import CLIENT_CLOSE, CLOSE_REQUEST, PING, exchange, report


async def main(url, closer):
    async with ClientSession() as session, session.ws_connect(url, max_msg_size=0, autoping=False) as socket:

        async def receive(*wanted):
            while True:
                message = await socket.receive()
                if message.type == WSMsgType.PING:
                    await socket.pong(message.data)
                elif message.type in wanted:
                    return message
                else:
                    raise SystemExit(f'got {message}')

        async def send(message, _):
            await (socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))

        async def receive_data():
            return (await receive(WSMsgType.TEXT, WSMsgType.BINARY)).data

        await exchange(send, receive_data)
        await socket.ping(PING)
        if (await receive(WSMsgType.PONG)).data == PING:
            report('ok ping')
        if closer == 'client':
            await socket.close(code=CLIENT_CLOSE[0], message=CLIENT_CLOSE[1].encode())
            report('closed', socket.close_code)
        else:
            await socket.send_str(CLOSE_REQUEST)
            close = await receive(WSMsgType.CLOSE)
            report('closed', close.data, close.extra)


asyncio.run(main(*sys.argv[1:]))
