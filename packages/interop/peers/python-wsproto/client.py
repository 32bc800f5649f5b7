# wsproto as a client, on a blocking socket: client.py URL CLOSER

import socket
import sys
from urllib.parse import urlsplit

from conversation import CLIENT_CLOSE, CLOSE_REQUEST, FRAGMENT_ABOVE, PING, STEPS, check, report
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, Pong, Request
from wsproto_socket import Socket

url, closer = urlsplit(sys.argv[1]), sys.argv[2]
end = Socket(socket.create_connection((url.hostname, url.port)), WSConnection(ConnectionType.CLIENT))
end.send(Request(host=url.netloc, target=url.path))
events = end.events()


def wait(kind):
    return next(event for event in events if isinstance(event, kind))


wait(AcceptConnection)
for step, message in STEPS:
    end.send_message(message, len(message) > FRAGMENT_ABOVE)
    check(step, wait((str, bytes)), message)
end.send(Ping(payload=PING))
if wait(Pong).payload == PING:
    report('ok ping')
if closer == 'client':
    end.send(CloseConnection(*CLIENT_CLOSE))
else:
    end.send_message(CLOSE_REQUEST, False)
close = wait(CloseConnection)
report('closed', close.code, close.reason or '')
