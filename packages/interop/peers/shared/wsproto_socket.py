# wsproto is bytes and events; this gives it a socket, for its client and its server.

from conversation import fragments
from wsproto import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage


class Socket:
    def __init__(self, socket, connection):
        self.socket = socket
        self.connection = connection

    def send(self, event):
        self.socket.sendall(self.connection.send(event))

    def send_message(self, message, cut):
        kind = TextMessage if isinstance(message, str) else BytesMessage
        parts = fragments(message) if cut else [message]
        for i, part in enumerate(parts):
            self.send(kind(data=part, message_finished=i == len(parts) - 1))

    def events(self):
        """Messages put together, and every other event; answers pings and Close."""
        parts = []
        while True:
            for event in self.connection.events():
                if isinstance(event, (TextMessage, BytesMessage)):
                    parts.append(event.data)
                    if event.message_finished:
                        yield ('' if isinstance(event, TextMessage) else b'').join(parts)
                        parts = []
                    continue
                if isinstance(event, Ping):
                    self.send(event.response())
                elif isinstance(event, CloseConnection) and self.connection.state is ConnectionState.REMOTE_CLOSING:
                    self.send(event.response())
                yield event
            data = self.socket.recv(65_536)
            if not data:
                return
            self.connection.receive_data(data)


__all__ = ['CloseConnection', 'Pong', 'Socket']
