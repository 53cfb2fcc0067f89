#!/usr/bin/env python3
"""Makes fuzz/seeds from the recordings in tests/fixtures (needs `zstd`). Few and small: libFuzzer does the rest."""

import json
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORDED = ROOT / "tests/fixtures/recorded"
SEEDS = ROOT / "fuzz/seeds"
# What the playlist target takes for the source's token.
TOKEN = "5e3dd6c1b2d94cb1a8d3b06b2b2b7d11"
ODD_NAMES = ["", " ", "A" * 10_000, "\u202eשלום עולם (1999)\u202c", "\u0301\u0300\u200d", "Part II: The (0000)", ", the"]


def lines(path):
    text = subprocess.run(["zstd", "-dc", RECORDED / path], check=True, capture_output=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def exchanges(server, family):
    return [line for line in lines(f"server-{server}/{family}.jsonl.zst") if "request" in line]


def write(target, name, data):
    if isinstance(data, str):
        data = data.encode()
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def spread(items, count):
    """Some of them, from all over the list."""
    return items[:: max(1, len(items) // count)][:count]


def authorization():
    named = 'Client="Jellyfin Web", Device="Firefox", DeviceId="abc", Version="10.11.11"'
    forms = {
        "web": f'MediaBrowser {named}, Token="0123456789abcdef"',
        "raw-umlaut": 'MediaBrowser Device="Küche", Token=t',
        "encoded": 'MediaBrowser Device="Anna+s%20K%C3%BCche%", Token=%74',
        "quotes": 'Emby UserId="u", Device="12\\" tablet", Token = "abc" ,DeviceId=x',
        "bearer": "Bearer abc",
        "legacy": f"Basic eDp5\nEmby {named}, Token=6",
        "plain-headers": "\n\nabc\ndef",
        "query": "\n\n\n\nApiKey=abc&deviceId=d",
        "open": 'MediaBrowser , ,=,"=\\",Token="',
    }
    for name, text in forms.items():
        write("authorization", name, text)
    seen = {}
    for line in lines("web-session.jsonl.zst"):
        headers = line.get("request", {}).get("headers") or {}
        for key, value in headers.items():
            if key.lower() in ("authorization", "x-emby-authorization"):
                seen[len(value)] = value
    for size, value in list(seen.items())[:4]:
        write("authorization", f"recorded-{size}", value)


def query():
    queries = {}
    for family in ["lists", "shows", "views", "playback", "images"]:
        for exchange in exchanges(0, family):
            text = exchange["request"]["path"].partition("?")[2]
            names = frozenset(pair.partition("=")[0].lower() for pair in text.split("&"))
            queries.setdefault(names, text)
    for at, text in enumerate(spread([q for q in queries.values() if q], 24)):
        write("query", f"recorded-{at:02}", text)
    write("query", "times", "minPremiereDate=2024-01-01T00:00:00.0000000Z&maxPremiereDate=20240101000000"
          "&minDateLastSaved=2024-01-01 10:00:00+02:00&minDateLastSavedForUser=9999-12-31")
    write("query", "odd", "limit=-1&startIndex=2147483648&years=0,9999,-5&genres=a|,|b&ids=,,x&SORTBY=Name,,Random"
          "&sortOrder=Descending&filters=IsPlayed,IsUnplayed&%ff=%00&=&&minCommunityRating=1e400&isHd=TRUE")


def playlist():
    found = {}
    for server in range(3):
        for exchange in exchanges(server, "playback"):
            text = exchange["response"].get("text") or ""
            if text.startswith("#EXTM3U"):
                found.setdefault((exchange["name"], server), "\n".join(text.split("\n")[:10]))
    # Every recorded token becomes the one that the check looks for.
    tokens = set()
    for text in found.values():
        for part in text.split("ApiKey=")[1:]:
            tokens.add(part[:32])
    for at, text in enumerate(spread(sorted(found.values()), 12)):
        for token in tokens:
            text = text.replace(token, TOKEN)
        write("playlist", f"recorded-{at:02}", text)
    write("playlist", "absolute", "#EXTM3U\nhttp://attic:8096/jf/videos/x/main.m3u8?ApiKey=" + TOKEN
          + "\n/Audio/x/y.aac#z\n\\\\attic\\videos\\a\\b\nfile:///etc/passwd\n//attic/videos/a/b?Token=aaa")
    write("playlist", "attributes", '#EXT-X-MAP:URI="init.mp4?x=%25",uri="/videos/a/b/c",URI="data:text/plain,x",URI="'
          '\n#EXT-X-KEY:URI=" http://attic/videos/a/b"\n# ' + TOKEN[:16] + TOKEN + TOKEN[16:])
    write("playlist", "bytes", b"\xef\xbb\xbf#EXTM3U\r\n\xff\xfe\r\n\ta b.ts\r\n\r")


def upstream():
    for server in range(3):
        items = lines(f"server-{server}/bulk-admin.jsonl.zst")
        kinds = {}
        for item in items:
            kinds.setdefault(item["Type"], item)
        for kind, item in kinds.items():
            if server == 0 or kind in ("Movie", "Episode"):
                item["People"] = item.get("People", [])[:2]
                write("upstream", f"item-{server}-{kind.lower()}", compact(item))
        show = [i for i in items if i["Type"] in ("Series", "Season", "Episode")][:3]
        keys = ["Id", "Type", "Name", "SeriesId", "SeasonId", "ParentId", "IndexNumber", "ParentIndexNumber",
                "ProductionYear", "PremiereDate", "ProviderIds", "UserData"]
        page = [{k: i[k] for k in keys if k in i} for i in show]
        write("upstream", f"page-{server}", compact({"Items": page, "TotalRecordCount": len(page)}))
        messages = {}
        for line in lines(f"server-{server}/socket.jsonl.zst"):
            message = line.get("message") or {}
            if line.get("dir") == "server":
                data = message.get("Data")
                if isinstance(data, dict):
                    message["Data"] = {k: v[:3] if isinstance(v, list) else v for k, v in data.items()}
                messages.setdefault(message.get("MessageType"), message)
        for kind, message in messages.items():
            if kind in ("ForceKeepAlive", "LibraryChanged", "UserDataChanged"):
                write("upstream", f"socket-{server}-{kind.lower()}", compact(message))
    for exchange in exchanges(0, "auth")[:1] + exchanges(0, "system")[:4]:
        body = exchange["response"].get("body")
        if isinstance(body, dict):
            write("upstream", "answer-" + exchange["name"].replace(" ", "-").replace("/", "-"), compact(body)[:6000])
    a, b = "aeececf56199007eaa4009c41e3aa7aa", "beececf56199007eaa4009c41e3aa7aa"
    odd = [
        {"Id": a, "Type": "Folder", "Name": None, "ParentId": b, "SeriesId": a, "ProductionYear": -1},
        {"Id": b, "Type": "BoxSet", "Name": "\u202eשלום", "ParentId": a, "PremiereDate": "9999-12-31T23:59:59.9999999Z"},
        {"Id": a, "Type": "Movie", "Name": "twice", "PremiereDate": "0001-01-01T00:00:00Z", "RunTimeTicks": -1},
        {"Id": "0" * 31 + "1", "Type": "Movie", "Name": 7, "ProductionYear": 1e300, "Genres": [None], "People": "x"},
        {"Type": "Movie"}, None, [],
    ]
    write("upstream", "odd", compact({"Items": odd, "TotalRecordCount": -5}))


def configuration():
    template = (ROOT / "src/config/template.toml").read_text()
    write("configuration", "template", template)
    write("configuration", "template-uncommented",
          "\n".join(line[2:] if line.startswith("# ") and "=" in line else line for line in template.splitlines()))
    write("configuration", "declared", """
bind = "0.0.0.0:8096"
public_url = "https://media.example/jf/"
trusted_proxies = ["10.0.0.0/8", "::1"]
sign_in_servers = ["attic"]
log = { filter = "info,manyfin=debug", format = "json" }
[[servers]]
name = "attic"
url = "http://192.168.1.20:8096"
username = "crawler"
password = "correct horse battery"
[[servers]]
name = "basement"
url = "https://basement.example/jf"
tls_fingerprint = "sha256:%s"
token = "0123456789abcdef0123456789abcdef"
[[users]]
name = "alice"
password = "another long secret"
links = [{ server = "attic", username = "alice", password = "" }]
[[merged_libraries]]
name = "Films"
collection_type = "movies"
dedup_strategy = "smart"
source_policy = "quality"
owner = "alice"
sources = [{ server = "attic", library = "Movies", priority = 10 }]
""" % ("ab:" * 31 + "ab"))
    write("configuration", "wrong-types", 'bind = 7\npassword = 1\n[[servers]]\ntoken = ["a secret in a list"]\n')
    write("configuration", "unknown-key", 'biend = "x"\n[[users]]\nnmae = "a"\n')
    write("configuration", "refused", 'audit_days = -1\nadvertised_version = "9.1"\ndatabase_url = "mysql://a:long secret@b/c"\n'
          'public_url = "ftp://x"\n[[servers]]\nname = ""\nurl = "http://u:p@h/?q#f"\nca_file = "none.pem"\n')
    write("configuration", "broken", 'a = "\n[[b]\n= 1')


def record(item, server):
    """A recorded item as a line of `manyfin dedup`."""
    out = {
        "id": f"{server}-{item['Id']}", "server": f"server-{server}", "kind": item["Type"], "title": item.get("Name"),
        "original_title": item.get("OriginalTitle"), "year": item.get("ProductionYear"),
        "season": item.get("ParentIndexNumber"), "episode": item.get("IndexNumber"),
        "episode_end": item.get("IndexNumberEnd"), "artist": item.get("AlbumArtist"),
        "premiere_date": (item.get("PremiereDate") or "")[:10] or None,
        "genres": item.get("Genres", [])[:3], "provider_ids": item.get("ProviderIds", {}),
    }
    parent = item.get("SeriesId") or item.get("AlbumId")
    if parent:
        out["series"] = f"{server}-{parent}"
    if item.get("RunTimeTicks"):
        out["runtime_min"] = item["RunTimeTicks"] / 6e8
    return {key: value for key, value in out.items() if value not in (None, [], {})}


def samples():
    """Works that all three servers have, with what belongs to them."""
    servers = [lines(f"server-{server}/bulk-admin.jsonl.zst") for server in range(3)]
    of = lambda kind, items: [i for i in items if i["Type"] == kind]
    found = []
    for work, key, parts in [("Movie", None, []), ("Series", "SeriesId", ["Season", "Episode"]),
                             ("MusicAlbum", "AlbumId", ["Audio"]), ("BoxSet", None, []), ("MusicArtist", None, [])]:
        names = set.intersection(*({i["Name"] for i in of(work, items)} for items in servers))
        some = []
        for name in sorted(names)[: 2 if key else 4]:
            for server, items in enumerate(servers):
                for item in [i for i in of(work, items) if i["Name"] == name]:
                    some.append((item, server))
                    for kind in parts:
                        some += [(i, server) for i in of(kind, items) if i.get(key) == item["Id"]][:3]
        if some:
            found.append(some[:40])
    return found


def dedup():
    for at, some in enumerate(samples()):
        write("dedup", f"recorded-{at}", "\n".join(compact(record(i, server)) for i, server in some))
    odd = []
    for at, name in enumerate(ODD_NAMES):
        odd.append({"id": f"o{at}", "kind": "Episode" if at % 2 else "Movie", "title": name[:600], "year": [0, 9999, -1][at % 3],
                    "season": -1, "episode": 2147483647, "series": f"o{(at + 1) % len(ODD_NAMES)}",
                    "runtime_min": -1e300, "premiere_date": "0000-01-01", "people": ["", name[:40]],
                    "provider_ids": {"": "", "Tmdb": 0, "Imdb": None}})
    write("dedup", "odd", "\n".join(map(compact, odd)))
    write("dedup", "refused", '{"id":"a","kind":"Movie","title":"x","year":1.5}')
    write("dedup", "twice", '{"id":"a","kind":"Movie","title":"x"}\n{"id":"a","kind":"Movie","title":"y"}')
    write("dedup", "no-record", "[]\n")


def merging():
    # The words by which the fields of a line are told are those of `fuzz/src/merging.rs`.
    def line(item, server, places):
        ids = "|".join(f"{k}={v}" for k, v in item.get("ProviderIds", {}).items())
        parent = lambda key: places.get((server, item.get(key)), "")
        season = item.get("IndexNumber") if item["Type"] == "Season" else item.get("ParentIndexNumber")
        fields = [item["Type"], item.get("Name"), item.get("OriginalTitle"), item.get("ProductionYear"), None,
                  season, item.get("IndexNumber"), item.get("IndexNumberEnd"), parent("SeriesId"), parent("AlbumId"),
                  item.get("AlbumArtist"), item.get("RunTimeTicks"), server, ids,
                  "|".join(p["Name"] for p in item.get("People", [])[:3]), "|".join(item.get("Genres", [])[:3]),
                  (item.get("Overview") or "")[:80].replace("\n", " "), server]
        return "\t".join("" if f is None else str(f).replace("\t", " ") for f in fields)

    for at, some in enumerate(samples()):
        places = {(server, item["Id"]): row for row, (item, server) in enumerate(some)}
        head = ["p012", "s012;n12", "n0123;p01\t0-1\t2-3", "s01;p12\t\t0-2"][at % 4]
        write("merging", f"recorded-{at}", "\n".join([head] + [line(i, s, places) for i, s in some]))
    rows = []
    for at, name in enumerate(ODD_NAMES):
        kind = ["Movie", "Episode", "Series", "Season", "MusicAlbum", "Audio", "Unknown"][at % 7]
        year = ["0", "9999", "-1", "2147483647"][at % 4]
        # Each is the next one's parent, in a ring.
        parent = (at + 1) % len(ODD_NAMES)
        rows.append("\t".join([kind, name, name[:50], year, "-2147483648", "-1", "2147483647", "-5", str(parent), str(parent),
                               name[:20], "-9223372036854775808", str(at % 3), f"Tmdb={at % 2}|Imdb=tt0|={name[:5]}", name[:20], "", name[:30], str(at)]))
    write("merging", "odd", "\n".join(["p01;s12;n02\t0-1,2-2\t0-1"] + rows))
    own = ["Series\tOuroboros\t\t2000\t\t1\t1\t\t0\t0\t\t\t0\tTvdb=5\t\t\t\t0", "Series\tOuroboros\t\t2000\t\t1\t1\t\t1\t4294967295\t\t\t1\tTvdb=5\t\t\t\t1"]
    write("merging", "own-parent", "\n".join(["n01"] + own))


def main():
    shutil.rmtree(SEEDS, ignore_errors=True)
    for make in [authorization, query, playlist, upstream, configuration, dedup, merging]:
        make()
    files = [path for path in SEEDS.rglob("*") if path.is_file()]
    print(f"{len(files)} seeds, {sum(path.stat().st_size for path in files)} bytes")


main()
