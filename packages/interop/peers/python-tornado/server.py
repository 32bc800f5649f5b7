# tornado as a server. It can send no fragments.

import asyncio

from conversation import CLOSE_REQUEST, PING, SERVER_CLOSE, report
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler


class Echo(WebSocketHandler):
    def open(self):
        self.ping(PING)

    def on_pong(self, data):
        report('pong')

    def on_message(self, message):
        if message == CLOSE_REQUEST:
            self.close(*SERVER_CLOSE)
        else:
            self.write_message(message, isinstance(message, bytes))

    def on_close(self):
        report('closed', self.close_code, self.close_reason)


async def main():
    sockets = bind_sockets(0, '127.0.0.1')
    HTTPServer(Application([('/.*', Echo)])).add_sockets(sockets)
    report('port', sockets[0].getsockname()[1])
    await asyncio.Future()


asyncio.run(main())
