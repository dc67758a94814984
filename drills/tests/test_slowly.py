"""The slow proxy: every byte, in order, later by the delay in each direction; ends and breaks are handed on."""

import asyncio
import time
from pathlib import Path

from drills import slowly

DELAY = 0.05


def play(client, server):
    """What the client gives, when it talks to the server through the proxy."""

    async def scene():
        far = await asyncio.start_server(server, "127.0.0.1", 0)
        port = far.sockets[0].getsockname()[1]

        async def accept(reader, writer):
            await slowly.relay(reader, writer, "127.0.0.1", port, DELAY)

        near = await asyncio.start_server(accept, "127.0.0.1", 0)
        return await client(*await asyncio.open_connection("127.0.0.1", near.sockets[0].getsockname()[1]))

    return asyncio.run(asyncio.wait_for(scene(), 10))


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


def test_an_answer_is_late_by_both_directions_and_not_by_more_for_more():
    async def ask(reader, writer):
        begin = time.monotonic()
        for _ in range(20):
            writer.write(b"x")
        await reader.readexactly(20)
        return time.monotonic() - begin

    assert 2 * DELAY <= play(ask, echo) < 30 * DELAY


def test_every_byte_arrives_in_its_order_and_so_does_the_end():
    sent = bytes(range(256)) * 40_000  # 10 MB: more than fits under way

    async def ask(reader, writer):
        writer.write(sent)
        writer.write_eof()
        return await reader.read(-1)

    assert play(ask, echo) == sent


async def ended(reader, writer):
    """Whether the connection is over, politely or not."""
    writer.write(b"x")
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


def test_when_the_server_breaks_off_the_client_is_told():
    async def broken(reader, writer):
        writer.transport.abort()

    assert play(ended, broken)


def test_when_nobody_listens_the_client_is_told(monkeypatch):
    relay = slowly.relay

    async def nobody(reader, writer, host, port, delay):
        await relay(reader, writer, host, 1, delay)

    monkeypatch.setattr(slowly, "relay", nobody)
    assert play(ended, echo)


def test_it_runs_from_its_text_alone():
    """It goes into a container in which the repository is not."""
    text = Path(slowly.__file__).read_text()
    assert not {line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))} - {
        "asyncio", "contextlib", "sys"
    }  # fmt: skip
