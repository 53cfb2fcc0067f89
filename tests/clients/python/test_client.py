"""A Jellyfin app's evening, by the library that Kodi and mpv-shim use.

MANYFIN_URL names a running `manyfin demo`.
"""

import os
import unittest

import requests
from jellyfin_apiclient_python import JellyfinClient
from jellyfin_apiclient_python.connection_manager import CONNECTION_STATE
from jellyfin_apiclient_python.exceptions import HTTPException

URL = os.environ.get("MANYFIN_URL")
USERNAME = os.environ.get("MANYFIN_USER", "alice")
PASSWORD = os.environ.get("MANYFIN_PASSWORD", "alice")
PAGE = 7


@unittest.skipUnless(URL, "MANYFIN_URL is not set")
class Evening(unittest.TestCase):
    """The steps run in the order of their names and share one client."""

    @classmethod
    def setUpClass(cls):
        cls.client = JellyfinClient()
        cls.client.config.app("Python test", "1.0.0", "Test machine", "python-test")
        cls.client.config.data["auth.ssl"] = False
        cls.api = cls.client.jellyfin

    @classmethod
    def tearDownClass(cls):
        cls.client.stop()

    def test_01_connects(self):
        state = self.client.auth.connect_to_address(URL)
        self.assertNotEqual(state["State"], CONNECTION_STATE["Unavailable"])

    def test_02_is_refused_with_a_wrong_password(self):
        self.assertEqual(self.client.auth.login(URL, USERNAME, PASSWORD + "?"), {})

    def test_03_logs_in(self):
        answer = self.client.auth.login(URL, USERNAME, PASSWORD)
        self.assertEqual(answer["User"]["Name"], USERNAME)
        credentials = self.client.auth.credentials.get_credentials()
        self.client.authenticate(credentials, discover=False)
        self.client.start()
        self.assertTrue(self.client.logged_in)

    def test_04_lists_views(self):
        views = self.api.get_views()["Items"]
        type(self).views = {view.get("CollectionType"): view for view in views}
        for kind in ("movies", "tvshows", "music"):
            self.assertIn(kind, self.views)

    def test_05_walks_a_merged_library_to_its_last_page(self):
        films, total = [], None
        while total is None or len(films) < total:
            page = self.api.get_user_items(
                parent_id=self.views["movies"]["Id"],
                include_item_types="Movie",
                recursive=True,
                sort_by="SortName",
                start_index=len(films),
                limit=PAGE,
            )
            total = page["TotalRecordCount"] if total is None else total
            self.assertEqual(page["TotalRecordCount"], total)
            self.assertEqual(len(page["Items"]), min(PAGE, total - len(films)))
            films += page["Items"]
        self.assertGreater(total, PAGE)
        self.assertEqual(len({film["Id"] for film in films}), total, "each film once")
        type(self).films = films

    def test_06_opens_a_film_with_its_versions(self):
        for film in self.films:
            film = self.api.get_item(film["Id"])
            if len(film["MediaSources"]) > 1:
                type(self).film = film
                break
        self.assertEqual(self.film["MediaSources"][0]["Id"], self.film["Id"])

    def test_07_opens_a_series(self):
        shows = self.api.get_user_items(
            parent_id=self.views["tvshows"]["Id"], include_item_types="Series", recursive=True
        )
        for series in shows["Items"]:
            series = self.api.get_item(series["Id"])
            seasons = self.api.get_seasons(series["Id"])["Items"]
            if len(seasons) > 1:
                break
        self.assertGreater(len(seasons), 1)
        first = next(season for season in seasons if season["IndexNumber"] == 1)
        episodes = self.api.get_season(series["Id"], first["Id"])["Items"]
        self.assertGreater(len(episodes), 1)
        type(self).series, type(self).episodes = series, episodes

    def test_08_fetches_an_image(self):
        url = self.api.image_url(
            self.film["Id"], tag=self.film["ImageTags"]["Primary"], max_width=200, include_apikey=False
        )
        image = requests.get(url, timeout=10)
        self.assertEqual(image.status_code, 200)
        self.assertTrue(image.headers["Content-Type"].startswith("image/"))
        self.assertGreater(len(image.content), 100)

    def test_09_gets_playback_info_and_reads_from_the_middle(self):
        profile = {
            "MaxStreamingBitrate": 1_000_000_000,
            "DirectPlayProfiles": [{"Type": "Video"}, {"Type": "Audio"}],
        }
        info = self.api.get_play_info(self.film["Id"], profile)
        self.assertTrue(info["PlaySessionId"])
        source = info["MediaSources"][0]
        url = self.api.video_url(self.film["Id"], media_source_id=source["Id"])
        head = requests.get(url, headers={"Range": "bytes=0-99"}, timeout=10)
        self.assertEqual(head.status_code, 206)
        size = int(head.headers["Content-Range"].split("/")[1])
        middle = size // 2
        part = requests.get(url, headers={"Range": f"bytes={middle}-{middle + 999}"}, timeout=10)
        self.assertEqual(part.status_code, 206)
        self.assertEqual(part.headers["Content-Range"], f"bytes {middle}-{middle + 999}/{size}")
        self.assertEqual(len(part.content), 1000)

    def test_10_reports_progress_and_sees_it_in_resume(self):
        position = self.film["RunTimeTicks"] // 2
        report = {"ItemId": self.film["Id"], "MediaSourceId": self.film["Id"]}
        self.api.session_playing({**report, "PositionTicks": 0})
        self.api.session_progress({**report, "PositionTicks": position})
        self.api.session_stop({**report, "PositionTicks": position})
        resumed = {item["Id"]: item for item in self.api.get_resume_items()["Items"]}
        self.assertIn(self.film["Id"], resumed)
        self.assertEqual(resumed[self.film["Id"]]["UserData"]["PlaybackPositionTicks"], position)

    def test_11_marks_played_and_sees_the_next_one_in_next_up(self):
        data = self.api.item_played(self.episodes[0]["Id"], True)
        self.assertTrue(data["Played"])
        following = self.api.get_next(series_id=self.series["Id"])["Items"]
        self.assertEqual([item["Id"] for item in following], [self.episodes[1]["Id"]])

    def test_12_leaves_no_trace(self):
        self.api.item_played(self.film["Id"], False)
        self.api.item_played(self.episodes[0]["Id"], False)
        resumed = [item["Id"] for item in self.api.get_resume_items()["Items"]]
        self.assertNotIn(self.film["Id"], resumed)

    def test_13_logs_out(self):
        self.api.sessions("/Logout", "POST")
        with self.assertRaises(HTTPException) as refused:
            self.api.get_views()
        self.assertEqual(refused.exception.status, "Unauthorized")


if __name__ == "__main__":
    unittest.main()
