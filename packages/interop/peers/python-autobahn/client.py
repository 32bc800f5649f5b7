# autobahn (on asyncio) as a client: client.py URL CLOSER

import asyncio
import sys
from urllib.parse import urlsplit

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from conversation import CLIENT_CLOSE, CLOSE_REQUEST, FRAGMENT, PING, exchange, report

url, closer = sys.argv[1:]


class Client(WebSocketClientProtocol):
    def onOpen(self):
        self.inbox = asyncio.Queue()
        self.ponged = asyncio.Event()
        self.talk = asyncio.ensure_future(self.converse())

    async def receive(self):
        return await self.inbox.get()

    async def send(self, message, cut):
        if isinstance(message, str):
            self.sendMessage(message.encode())
        else:
            self.sendMessage(message, isBinary=True, fragmentSize=FRAGMENT if cut else None)

    async def converse(self):
        await exchange(self.send, self.receive)
        self.sendPing(PING)
        await self.ponged.wait()
        report('ok ping')
        if closer == 'client':
            self.sendClose(*CLIENT_CLOSE)
        else:
            self.sendMessage(CLOSE_REQUEST.encode())

    def onMessage(self, payload, isBinary):
        self.inbox.put_nowait(payload if isBinary else payload.decode())

    def onPong(self, payload):
        if payload == PING:
            self.ponged.set()

    def onClose(self, wasClean, code, reason):
        report('closed', self.remoteCloseCode, self.remoteCloseReason)
        asyncio.get_running_loop().stop()


async def main():
    factory = WebSocketClientFactory(url)
    factory.protocol = Client
    address = urlsplit(url)
    await asyncio.get_running_loop().create_connection(factory, address.hostname, address.port)


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
loop.run_forever()
