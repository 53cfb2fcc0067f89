#!/usr/bin/env python3
"""Load runs over three sources of 5,000 films each, half of them shared with the next.

    python3 benches/load/run.py            builds in release, runs all, prints the table of README

Needs wrk (Debian: `apt install wrk`). Everything runs on this machine, sources and load included.
"""

import argparse
import json
import os
import pathlib
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
CLIENT = 'MediaBrowser Client="Load", Device="load", DeviceId="load-{}", Version="1"'
VIEWERS = ["admin", "alice", "bob"]
EVERYTHING = "MediaSources,MediaStreams,People,Overview,Genres,Studios,Tags,Chapters,ProviderIds,Path"


def build():
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    return ROOT / "target" / "release"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, token=None, timeout=60):
    headers = {"Authorization": token} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, None, headers), timeout=timeout) as answer:
        return json.load(answer)


def post(url, body, token):
    headers = {"Authorization": token, "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class Sources:
    def __init__(self, folder, films):
        program = [folder / "manyfin", "demo", "--sources-only", "--servers", "3", "--movies", str(films)]
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.all = [json.loads(self.process.stdout.readline()) for _ in range(3)]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)

    def token(self, source):
        """Signs in on a source itself; gives the header and the user's id."""
        client = CLIENT.format("direct")
        answer = post(source["url"] + "/Users/AuthenticateByName", {"Username": "alice", "Pw": "alice-pw"}, client)
        return f'{client}, Token="{answer["AccessToken"]}"', answer["User"]["Id"]


class Gateway:
    """`manyfin serve`, and what it takes of the machine."""

    def __init__(self, release, config, port):
        self.program, self.config = release / "manyfin", config
        self.url = f"http://127.0.0.1:{port}"
        self.tokens = {}
        self.process = None

    def start(self, wait=120):
        self.log = open(self.config.parent / "manyfin.log", "ab")
        began = time.monotonic()
        self.process = subprocess.Popen(
            [self.program, "serve", "--config", self.config], stdout=self.log, stderr=self.log, cwd=self.config.parent)
        while time.monotonic() - began < wait:
            try:
                get(self.url + "/System/Info/Public", timeout=2)
                return time.monotonic() - began
            except OSError:
                if self.process.poll() is not None:
                    sys.exit(f"manyfin ended: {(self.config.parent / 'manyfin.log').read_text()[-2000:]}")
                time.sleep(0.005)
        sys.exit("manyfin does not answer")

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(30)

    def sign_in(self, user):
        client = CLIENT.format(user)
        answer = post(self.url + "/Users/AuthenticateByName", {"Username": user, "Pw": user}, client)
        self.tokens[user] = f'{client}, Token="{answer["AccessToken"]}"'
        return self.tokens[user]

    def ask(self, path, user="alice"):
        return get(self.url + path, self.tokens[user])

    def memory(self):
        """Resident, in MB."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1000

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def configuration(folder, sources, port):
    lines = [f'bind = "127.0.0.1:{port}"', f'data_dir = "{folder}"', "[log]", 'filter = "warn"']
    for source in sources.all:
        lines += ["[[servers]]", f'name = "{source["name"]}"', f'url = "{source["url"]}"',
                  'username = "crawler"', 'password = "crawler-pw"']
    for user in VIEWERS:
        account = user if user != "admin" else "crawler"
        password = {"admin": "crawler-pw"}.get(user, f"{user}-pw")
        links = ", ".join(f'{{ server = "{s["name"]}", username = "{account}", password = "{password}" }}'
                          for s in sources.all)
        lines += ["[[users]]", f'name = "{user}"', f'password = "{user}"',
                  f'administrator = {"true" if user == "admin" else "false"}', f"links = [{links}]"]
    of = ", ".join(f'{{ server = "{s["name"]}", library = "Films", priority = {30 - at * 10} }}'
                   for at, s in enumerate(sources.all))
    lines += ["[[merged_libraries]]", 'name = "Films"', 'collection_type = "movies"',
              'dedup_strategy = "provider_ids"', f"sources = [{of}]"]
    path = folder / "manyfin.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def wrk(gateway, library, mode, seconds, clients=16):
    viewers = pathlib.Path(tempfile.mkstemp(prefix="viewers")[1])
    viewers.write_text("\n".join(gateway.tokens[user] for user in VIEWERS) + "\n")
    env = {**os.environ, "VIEWERS": str(viewers), "LIBRARY": library}
    out = subprocess.run(
        ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "20s", "-s", HERE / "pages.lua", gateway.url,
         "--", mode, str(random.randrange(1 << 30))],
        env=env, check=True, capture_output=True, text=True).stdout
    viewers.unlink()
    result = json.loads(out.split("RESULT ")[1])
    result["per_second"] = result["requests"] / result["seconds"]
    return result


def timed(ask):
    began = time.perf_counter()
    answer = ask()
    return time.perf_counter() - began, answer


def page(library, start, extra=""):
    return (f"/Items?parentId={library}&recursive=true&includeItemTypes=Movie&limit=100&sortBy=SortName"
            f"&startIndex={start}{extra}")


def cold_page(gateway, sources, library):
    """A page with everything, whose bodies nobody asked for yet; and what each source takes for its part."""
    ratios = []
    for start in (1000, 3000, 5000, 7000, 9000):
        ours, answer = timed(lambda: gateway.ask(page(library, start, f"&fields={EVERYTHING}")))
        assert len(answer["Items"]) == 100, len(answer["Items"])
        slowest = 0
        for source in sources.all:
            token, user = sources.token(source)
            path = (f'/Items?userId={user}&parentId={source["library"]}&recursive=true&sortBy=SortName'
                    f"&startIndex={start // 2}&limit=100&fields={EVERYTHING}")
            slowest = max(slowest, timed(lambda: get(source["url"] + path, token))[0])
        ratios.append((ours, slowest))
    ours = statistics.median(ours for ours, _ in ratios)
    slowest = statistics.median(slowest for _, slowest in ratios)
    return ours, slowest


def last_page(gateway, library):
    """The time of a page at the start and near the end, the order known; medians of many, taken in turns."""
    times = {0: [], 9900: []}
    for _ in range(200):
        for start, found in times.items():
            found.append(timed(lambda: gateway.ask(page(library, start)))[0])
    return {start: statistics.median(found) for start, found in times.items()}


def refused(gateway):
    """How long it takes to refuse a document that expands to 2^26 fields: in the middle, and at most."""
    chain = "".join(f"fragment f{at} on Query{{...f{at + 1} ...f{at + 1}}}" for at in range(26))
    query = {"query": "{...f0}" + chain + "fragment f26 on Query{__typename}"}

    def ask():
        try:
            return post(gateway.url + "/graphql", query, gateway.tokens["alice"])
        except urllib.error.HTTPError as error:
            return json.load(error)

    times = []
    for _ in range(200):
        took, answer = timed(ask)
        assert answer["errors"][0]["extensions"]["code"] == "TOO_COMPLEX", answer
        times.append(took)
    return statistics.median(times), max(times)


def read_stream(url, token, size):
    headers = {"Range": f"bytes=0-{size - 1}"}
    if token:
        headers["Authorization"] = token
    request = urllib.request.Request(url, None, headers)
    read = 0
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        buffer = bytearray(1 << 20)
        while count := answer.readinto(buffer):
            read += count
    return read / (time.perf_counter() - began) / 1e6, read


def streams(gateway, sources, library):
    film = gateway.ask(page(library, 0, "&fields=MediaSources"))["Items"][0]
    info = gateway.ask(f'/Items/{film["Id"]}/PlaybackInfo')
    source = info["MediaSources"][0]
    size = min(64_000_000, source["Size"])
    through = gateway.url + f'/Videos/{film["Id"]}/stream?static=true&mediaSourceId={source["Id"]}'
    upstream = None
    for one in sources.all:
        token, user = sources.token(one)
        found = get(one["url"] + f'/Items?userId={user}&recursive=true&searchTerm={urllib.parse.quote(film["Name"])}',
                    token)["Items"]
        found = [item for item in found if item["Name"] == film["Name"]]
        if found:
            upstream = one["url"] + f'/Videos/{found[0]["Id"]}/stream?static=true&mediaSourceId={found[0]["Id"]}'
            break
    before = gateway.memory()
    ours, direct = [], []
    for _ in range(25):
        direct.append(read_stream(upstream, None, size)[0])
        speed, read = read_stream(through, gateway.tokens["alice"], size)
        assert read == size, (read, size)
        ours.append(speed)
    return statistics.median(ours), statistics.median(direct), size, gateway.memory() - before


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--films", type=int, default=5000, help="films a source")
    options.add_argument("--seconds", type=int, default=15, help="how long each load lasts")
    options.add_argument("--release", type=lambda folder: pathlib.Path(folder).resolve(), help="a folder with a release build; builds when missing")
    options = options.parse_args()
    release = options.release or build()
    with tempfile.TemporaryDirectory(prefix="manyfin-load") as folder:
        folder = pathlib.Path(folder)
        sources = Sources(release, options.films)
        port = free_port()
        gateway = Gateway(release, configuration(folder, sources, port), port)
        try:
            run(gateway, sources, options)
        finally:
            if gateway.process and gateway.process.poll() is None:
                gateway.stop()
            sources.stop()


def ready(gateway, works):
    """Signs everybody in and waits for the crawl; gives the id of the library."""
    for user in VIEWERS:
        gateway.sign_in(user)
    until = time.monotonic() + 300
    while time.monotonic() < until:
        views = gateway.ask("/UserViews")["Items"]
        library = next((view["Id"] for view in views if view["Name"] == "Films"), None)
        if library and gateway.ask(page(library, 0))["TotalRecordCount"] >= works:
            return library
        time.sleep(0.5)
    sys.exit("the sources were not crawled within five minutes")


def run(gateway, sources, options):
    rows = []

    def row(what, figure, goal):
        rows.append(f"| {what} | {figure} | {goal} |")
        print(rows[-1], flush=True)

    gateway.start()
    began = time.monotonic()
    works = options.films * 2
    library = ready(gateway, works)
    row(f"crawl of {options.films * 3:,} copies, seen by all", f"{time.monotonic() - began:.1f} s", "")
    time.sleep(10)
    row("resident memory, idle after the crawl", f"{gateway.memory():.0f} MB", "")

    ours, slowest = cold_page(gateway, sources, library)
    row("cold page of 100, every field", f"{ours * 1000:.0f} ms; the slowest source {slowest * 1000:.0f} ms", "≤ 2×")
    first = wrk(gateway, library, "first", options.seconds)
    row("first page of 100, warm, 16 clients", f"{first['per_second']:.0f}/s of {first['bytes'] / first['requests'] / 1e3:.0f} kB, p99 {first['p99_ms']:.0f} ms, {first['errors']} errors", "≥ 1,500/s")
    wrk(gateway, library, "random", options.seconds)
    many = wrk(gateway, library, "random", options.seconds)
    row("random pages, sorts, filters, 3 viewers, 16 clients", f"{many['per_second']:.0f}/s of {many['bytes'] / many['requests'] / 1e3:.0f} kB, p99 {many['p99_ms']:.0f} ms, {many['errors']} errors", "≥ 500/s")
    pages = last_page(gateway, library)
    row("page at 9,900 against page at 0", f"{pages[9900] * 1000:.2f} ms against {pages[0] * 1000:.2f} ms", "within 10%")
    middle, most = refused(gateway)
    row("document of 2^26 fields by fragments, refused", f"{middle * 1000:.1f} ms, at most {most * 1000:.1f} ms", "< 5 ms")
    ours, direct, size, grown = streams(gateway, sources, library)
    row(f"stream of {size / 1e6:.0f} MB", f"{ours:.0f} MB/s; straight {direct:.0f} MB/s; memory {grown:+.0f} MB", "≥ half")
    row("resident memory after all of it", f"{gateway.memory():.0f} MB", "≤ 150 MB")

    starts = []
    for _ in range(3):
        gateway.stop(signal.SIGKILL)
        began = time.monotonic()
        gateway.start()
        found = gateway.ask(page(library, 0))["TotalRecordCount"]
        assert found == works, found
        starts.append(time.monotonic() - began)
    row(f"start to first page, {options.films * 3:,} copies", f"{statistics.median(starts):.2f} s", "≤ 1 s")
    print("\n| measured | figure | goal |\n| --- | --- | --- |\n" + "\n".join(rows))


if __name__ == "__main__":
    main()
