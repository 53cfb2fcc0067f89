#!/usr/bin/env python3
"""Five minutes of an evening: slow readers of large streams, idle WebSockets, people who browse.

    python3 benches/load/flat.py           builds in release, prints the table of README

Memory is to stay within 20% of its start, no request may take over a second, and no file descriptor may
be left open. Needs wrk. Everything runs on this machine.
"""

import argparse
import asyncio
import base64
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

import run as load

READERS, SOCKETS, BROWSERS = 64, 200, 16
SLICE = 64 * 1024  # bytes that a reader takes at a time, about a fifth of a second's film


async def read_slowly(port, path, token, until, totals):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=SLICE)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: films\r\nAuthorization: {token}\r\n\r\n".encode())
    status = await reader.readline()
    if b" 200 " not in status and b" 206 " not in status:
        totals["refused"] += 1
    while time.monotonic() < until:
        if not await reader.read(SLICE):
            totals["ended"] += 1
            break
        totals["bytes"] += SLICE
        await asyncio.sleep(0.2)
    writer.close()


async def stay_connected(port, token, until, totals):
    """A WebSocket that only answers what keeps it open, as an app in a pocket does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write((f"GET /socket HTTP/1.1\r\nHost: films\r\nAuthorization: {token}\r\nUpgrade: websocket\r\n"
                  f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
    if b" 101 " not in await reader.readline():
        totals["no socket"] += 1
    drain = asyncio.ensure_future(reader.read(-1))
    alive = b'{"MessageType":"KeepAlive"}'
    mask = os.urandom(4)
    frame = bytes([0x81, 0x80 | len(alive)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(alive))
    while time.monotonic() < until:
        try:
            await asyncio.wait_for(asyncio.shield(drain), min(20, max(0.1, until - time.monotonic())))
            totals["socket closed"] += 1
            return
        except asyncio.TimeoutError:
            writer.write(frame)
    drain.cancel()
    writer.close()


async def crowd(port, token, path, until, totals):
    readers = [read_slowly(port, path, token, until, totals) for _ in range(READERS)]
    sockets = [stay_connected(port, token, until, totals) for _ in range(SOCKETS)]
    for outcome in await asyncio.gather(*readers, *sockets, return_exceptions=True):
        if isinstance(outcome, Exception):
            totals["failed"] += 1


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=300)
    options.add_argument("--release", type=lambda folder: pathlib.Path(folder).resolve(), help="a folder with a release build; builds when missing")
    options = options.parse_args()
    release = options.release or load.build()
    with tempfile.TemporaryDirectory(prefix="manyfin-load") as folder:
        folder = pathlib.Path(folder)
        sources = load.Sources(release, 5000)
        port = load.free_port()
        gateway = load.Gateway(release, load.configuration(folder, sources, port), port)
        gateway.start()
        try:
            evening(gateway, port, options.seconds)
        finally:
            gateway.stop()
            sources.stop()


def evening(gateway, port, seconds):
    library = load.ready(gateway, 10_000)
    longest = (f"/Items?parentId={library}&recursive=true&includeItemTypes=Movie&limit=1&sortBy=Runtime"
               "&sortOrder=Descending&fields=MediaSources")
    film = gateway.ask(longest)["Items"][0]
    source = film["MediaSources"][0]
    path = f'/Videos/{film["Id"]}/stream?static=true&mediaSourceId={source["Id"]}'
    # What is made at the first time is made before the start is taken.
    load.wrk(gateway, library, "random", 20, BROWSERS)
    before, descriptors = gateway.memory(), gateway.descriptors()

    totals = dict.fromkeys(["bytes", "refused", "ended", "no socket", "socket closed", "failed"], 0)
    until = time.monotonic() + seconds
    people = threading.Thread(target=lambda: asyncio.run(crowd(port, gateway.tokens["alice"], path, until, totals)))
    people.start()
    peak = {"memory": 0, "descriptors": 0}

    def look():
        while people.is_alive():
            peak["memory"] = max(peak["memory"], gateway.memory())
            peak["descriptors"] = max(peak["descriptors"], gateway.descriptors())
            time.sleep(1)

    watcher = threading.Thread(target=look)
    watcher.start()
    time.sleep(2)
    browsing = load.wrk(gateway, library, "random", seconds - 4, BROWSERS)
    people.join()
    watcher.join()
    time.sleep(5)
    print("| measured | figure | goal |\n| --- | --- | --- |")
    print(f"| {READERS} slow readers of a film of {source['Size'] / 1e9:.1f} GB, {SOCKETS} idle sockets, "
          f"{BROWSERS} browsing, {seconds} s | {totals['bytes'] / 1e6:.0f} MB read, "
          f"{sum(v for k, v in totals.items() if k != 'bytes')} of them cut off or refused | 0 |")
    print(f"| pages meanwhile | {browsing['per_second']:.0f}/s, p99 {browsing['p99_ms']:.0f} ms, "
          f"slowest {browsing['max_ms']:.0f} ms, {browsing['errors']} errors | ≤ 1,000 ms |")
    print(f"| resident memory | {before:.0f} MB at the start, at most {peak['memory']:.0f} MB, "
          f"{gateway.memory():.0f} MB at the end | within 20% |")
    print(f"| file descriptors | {descriptors} at the start, at most {peak['descriptors']}, "
          f"{gateway.descriptors()} at the end | none left open |")
    if not totals["bytes"]:
        sys.exit(f"nothing was read: {totals}")


if __name__ == "__main__":
    main()
