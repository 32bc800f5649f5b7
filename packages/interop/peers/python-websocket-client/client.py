# The synchronous `websocket-client`: client.py URL CLOSER

import sys

from conversation import CLIENT_CLOSE, CLOSE_REQUEST, FRAGMENT_ABOVE, PING, STEPS, check, fragments, report
from websocket import ABNF, create_connection

url, closer = sys.argv[1:]
socket = create_connection(url)


def receive(wanted):
    while True:
        opcode, data = socket.recv_data(control_frame=True)
        if opcode in wanted:
            return data.decode() if opcode == ABNF.OPCODE_TEXT else data


def send(message):
    if isinstance(message, str):
        return socket.send(message)
    parts = fragments(message) if len(message) > FRAGMENT_ABOVE else [message]
    for i, part in enumerate(parts):
        opcode = ABNF.OPCODE_BINARY if i == 0 else ABNF.OPCODE_CONT
        socket.send_frame(ABNF.create_frame(part, opcode, fin=i == len(parts) - 1))


for step, message in STEPS:
    send(message)
    check(step, receive([ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY]), message)
socket.ping(PING)
if receive([ABNF.OPCODE_PONG]) == PING:
    report('ok ping')
if closer == 'client':
    socket.send_close(CLIENT_CLOSE[0], CLIENT_CLOSE[1].encode())
else:
    socket.send(CLOSE_REQUEST)
close = receive([ABNF.OPCODE_CLOSE])
report('closed', int.from_bytes(close[:2], 'big'), close[2:].decode())
socket.shutdown()
