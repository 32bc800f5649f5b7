# wsproto as a server, on blocking sockets, one connection at a time.

import socket

from conversation import CLOSE_REQUEST, FRAGMENT_ABOVE, PING, SERVER_CLOSE, report
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, Pong, Request
from wsproto_socket import Socket


def serve(end):
    for event in end.events():
        if isinstance(event, Request):
            end.send(AcceptConnection())
            end.send(Ping(payload=PING))
        elif isinstance(event, Pong):
            report('pong')
        elif isinstance(event, CloseConnection):
            return report('closed', event.code, event.reason or '')
        elif event == CLOSE_REQUEST:
            end.send(CloseConnection(*SERVER_CLOSE))
        elif isinstance(event, (str, bytes)):
            end.send_message(event, len(event) > FRAGMENT_ABOVE)


listener = socket.create_server(('127.0.0.1', 0))
report('port', listener.getsockname()[1])
while True:
    accepted, _ = listener.accept()
    with accepted:
        serve(Socket(accepted, WSConnection(ConnectionType.SERVER)))
