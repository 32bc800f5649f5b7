# The conversation as every Python client holds it; see conversation.mjs. Knows no library.

TEXT = 'Grüße, 世界! 😀'
PING = b'are you there'
CLOSE_REQUEST = 'please close'
CLIENT_CLOSE = (3001, 'done')
SERVER_CLOSE = (3002, 'as you wish')
FRAGMENT = 65_536
FRAGMENT_ABOVE = 100_000


def pattern(length):
    return (bytes(i * 7 % 251 for i in range(251)) * (length // 251 + 1))[:length]


STEPS = [
    ('text', TEXT),
    ('binary', bytes(range(256))),
    ('large', pattern(70_000)),
    ('fragmented', pattern(1_048_576)),
]


def fragments(data):
    return [data[at : at + FRAGMENT] for at in range(0, len(data), FRAGMENT)]


def report(*words):
    print(*words, flush=True)


def check(step, answer, message):
    if answer != message:
        raise SystemExit(f'{step}: got {answer[:40]!r} of {len(answer)}, wanted {len(message)}')
    report('ok', step)


async def exchange(send, receive):
    """The four messages; `send` takes a message and whether to cut it."""
    for step, message in STEPS:
        await send(message, len(message) > FRAGMENT_ABOVE)
        check(step, await receive(), message)
