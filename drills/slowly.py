"""A TCP proxy that hands on every byte a moment later, in each direction: a slow network where the kernel has no netem.

    python slowly.py SECONDS LISTEN:HOST:PORT …        until it is killed

It runs in the network of the container that it slows down (drills/network.py), from the text of this file alone.
"""

import asyncio
import contextlib
import sys

CHUNK = 65536
WAITING = 64  # chunks under way in a direction; a sender that is faster waits
BROKEN = (OSError, asyncio.IncompleteReadError)


async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """What comes in goes out `delay` seconds later, in its order, and so does the end."""
    clock, under_way = asyncio.get_running_loop().time, asyncio.Queue(WAITING)

    async def send() -> None:
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(due - clock())
            if not data:
                return writer.write_eof()
            writer.write(data)
            await writer.drain()

    async def receive() -> None:
        data = b" "
        while data:
            data = await reader.read(CHUNK)
            await under_way.put((clock() + delay, data))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(send())
        tasks.create_task(receive())


async def relay(reader, writer, host: str, port: int, delay: float) -> None:
    """One connection and its other half; when one side breaks, both end."""
    with contextlib.ExitStack() as open_ends:
        open_ends.callback(writer.transport.abort)
        with contextlib.suppress(*BROKEN, ExceptionGroup):
            far_reader, far_writer = await asyncio.open_connection(host, port)
            open_ends.callback(far_writer.transport.abort)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(hand_on(reader, far_writer, delay))
                tasks.create_task(hand_on(far_reader, writer, delay))


async def listen(delay: float, ways: list[str]) -> None:
    for way in ways:
        port, host, to = way.split(":")

        async def accept(reader, writer, host=host, to=int(to)):
            await relay(reader, writer, host, to, delay)

        await asyncio.start_server(accept, "0.0.0.0", int(port), backlog=512)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(listen(float(sys.argv[1]), sys.argv[2:]))
