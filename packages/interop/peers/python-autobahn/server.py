# autobahn (on asyncio) as a server.

import asyncio

from autobahn.asyncio.websocket import WebSocketServerFactory, WebSocketServerProtocol
from conversation import CLOSE_REQUEST, FRAGMENT, FRAGMENT_ABOVE, PING, SERVER_CLOSE, report


class Server(WebSocketServerProtocol):
    def onOpen(self):
        self.sendPing(PING)

    def onPong(self, payload):
        if payload == PING:
            report('pong')

    def onMessage(self, payload, isBinary):
        if payload == CLOSE_REQUEST.encode():
            self.sendClose(*SERVER_CLOSE)
        else:
            self.sendMessage(payload, isBinary, fragmentSize=FRAGMENT if len(payload) > FRAGMENT_ABOVE else None)

    def onClose(self, wasClean, code, reason):
        report('closed', self.remoteCloseCode, self.remoteCloseReason)


async def main():
    factory = WebSocketServerFactory()
    factory.protocol = Server
    server = await asyncio.get_running_loop().create_server(factory, '127.0.0.1', 0)
    report('port', server.sockets[0].getsockname()[1])
    await asyncio.Future()


asyncio.run(main())
