# aiohttp as a server. It can send no fragments.

import asyncio

from aiohttp import WSMsgType, web
from conversation import CLOSE_REQUEST, PING, SERVER_CLOSE, report


async def echo(request):
    socket = web.WebSocketResponse(max_msg_size=0, autoping=False, autoclose=False)
    await socket.prepare(request)
    await socket.ping(PING)
    while True:
        message = await socket.receive()
        if message.type == WSMsgType.PING:
            await socket.pong(message.data)
        elif message.type == WSMsgType.PONG:
            report('pong')
        elif message.type == WSMsgType.BINARY:
            await socket.send_bytes(message.data)
        elif message.type == WSMsgType.TEXT and message.data != CLOSE_REQUEST:
            await socket.send_str(message.data)
        elif message.type == WSMsgType.TEXT:
            await socket.close(code=SERVER_CLOSE[0], message=SERVER_CLOSE[1].encode())
            report('closed', socket.close_code)
            return socket
        else:
            await socket.close(code=message.data or 1000, message=(message.extra or '').encode())
            report('closed', message.data, message.extra)
            return socket


async def main():
    app = web.Application()
    app.router.add_get('/{any:.*}', echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, '127.0.0.1', 0).start()
    report('port', runner.addresses[0][1])
    await asyncio.Future()


asyncio.run(main())
