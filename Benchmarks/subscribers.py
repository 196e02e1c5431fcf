# SPDX-License-Identifier: Apache-2.0
"""Opens live streams of a console and says what each event that was delivered cost the server.

    vibrissa server --insecure --maximum-subscribers 2000 &
    vibrissa bench ingest --target 127.0.0.1:7443 --insecure --keys 1000 --rate 200 --count 20000 &
    python3 Benchmarks/subscribers.py --pid PID --count 1000 --seconds 20
"""
import argparse
import asyncio
import os
import time

PAGE = os.sysconf("SC_PAGESIZE")
TICKS = os.sysconf("SC_CLK_TCK")


def usage(pid):
    """Seconds of processor time, and resident MiB."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS, int(fields[21]) * PAGE / 1048576


class Counts:
    messages = rows = bytes = ended = 0


async def subscribe(host, port, counts, ready):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET /api/v1/flows/live?since=0 HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0] + b" ":
        raise SystemExit(f"a stream was refused: {head.splitlines()[0].decode()}")
    ready.release()
    while data := await reader.read(1 << 18):
        counts.messages += data.count(b"event: flows")
        counts.rows += data.count(b'"live":')
        counts.bytes += len(data)
    counts.ended += 1


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--pid", type=int, required=True)
    options = parser.parse_args()
    counts, ready = Counts(), asyncio.Semaphore(0)
    tasks = [
        asyncio.create_task(subscribe(options.host, options.port, counts, ready)) for _ in range(options.count)
    ]
    for _ in tasks:
        await asyncio.wait_for(ready.acquire(), 60)
    counts.messages = counts.rows = counts.bytes = 0
    (cpu, _), began = usage(options.pid), time.monotonic()
    await asyncio.sleep(options.seconds)
    (cpu_after, memory), seconds = usage(options.pid), time.monotonic() - began
    used = cpu_after - cpu
    print(f"{options.count} subscribers, {counts.ended} ended, {seconds:.1f} s")
    print(f"delivered  {counts.messages / seconds:.0f} messages/s  {counts.rows / seconds:.0f} rows/s  "
          f"{counts.bytes / seconds / 1e6:.1f} MB/s")
    print(f"server     {used / seconds * 100:.0f} % of a core  {used / max(1, counts.messages) * 1e6:.1f} us a message  "
          f"{used / max(1, counts.rows) * 1e6:.2f} us a row  {memory:.0f} MiB")
    for task in tasks:
        task.cancel()


asyncio.run(main())
