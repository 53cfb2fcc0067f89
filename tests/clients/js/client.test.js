// A Jellyfin app's evening, by the SDK that the apps are built on. MANYFIN_URL names a running `manyfin demo`.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Jellyfin } from '@jellyfin/sdk';
import { getImageApi } from '@jellyfin/sdk/lib/utils/api/image-api.js';
import { getLibraryApi } from '@jellyfin/sdk/lib/utils/api/library-api.js';
import { getMediaInfoApi } from '@jellyfin/sdk/lib/utils/api/media-info-api.js';
import { getSessionApi } from '@jellyfin/sdk/lib/utils/api/session-api.js';
import { getShowApi } from '@jellyfin/sdk/lib/utils/api/show-api.js';
import { getSystemApi } from '@jellyfin/sdk/lib/utils/api/system-api.js';
import { getUserDataApi } from '@jellyfin/sdk/lib/utils/api/user-data-api.js';
import { getUserViewApi } from '@jellyfin/sdk/lib/utils/api/user-view-api.js';

const url = process.env.MANYFIN_URL;
const username = process.env.MANYFIN_USER ?? 'alice';
const password = process.env.MANYFIN_PASSWORD ?? 'alice';

const jellyfin = new Jellyfin({
    clientInfo: { name: 'SDK test', version: '1.0.0' },
    deviceInfo: { name: 'Test machine', id: 'sdk-test' }
});

describe('@jellyfin/sdk', { skip: !url && 'MANYFIN_URL is not set' }, () => {
    let api;
    let userId;
    let views;
    let films = [];
    let film;
    let series;
    let episodes;

    before(() => {
        api = jellyfin.createApi(url);
    });

    after(async () => {
        // What this run watched must not change what the next one sees.
        if (api?.accessToken) await api.logout();
    });

    test('connects', async () => {
        const { data } = await getSystemApi(api).getPublicSystemInfo();
        assert.equal(data.ProductName, 'Jellyfin Server');
        assert.match(data.Id, /^[0-9a-f]{32}$/);
    });

    test('is refused with a wrong password', async () => {
        await assert.rejects(api.authenticateUserByName(username, `${password}?`), (error) => error.response?.status === 401);
    });

    test('logs in', async () => {
        const { data } = await api.authenticateUserByName(username, password);
        userId = data.User.Id;
        assert.equal(data.User.Name, username);
        assert.ok(api.accessToken);
    });

    test('lists views', async () => {
        const { data } = await getUserViewApi(api).getUserViews({ userId });
        views = data.Items;
        for (const type of ['movies', 'tvshows', 'music']) {
            assert.ok(view(type), `a view of ${type}`);
        }
    });

    test('walks a merged library to its last page', async () => {
        const limit = 7;
        let total;
        do {
            const { data } = await getLibraryApi(api).getItems({
                userId,
                parentId: view('movies').Id,
                includeItemTypes: ['Movie'],
                recursive: true,
                sortBy: ['SortName'],
                sortOrder: ['Ascending'],
                startIndex: films.length,
                limit
            });
            total ??= data.TotalRecordCount;
            assert.equal(data.TotalRecordCount, total);
            assert.equal(data.Items.length, Math.min(limit, total - films.length));
            films.push(...data.Items);
        } while (films.length < total);
        assert.ok(total > limit, `only ${total} films`);
        assert.equal(new Set(films.map((item) => item.Id)).size, total, 'each film once');
    });

    test('opens a film with its versions', async () => {
        for (const { Id } of films) {
            const { data } = await getLibraryApi(api).getItem({ userId, itemId: Id });
            if (data.MediaSources.length > 1) {
                film = data;
                break;
            }
        }
        assert.ok(film, 'a film with two versions');
        assert.equal(film.MediaSources[0].Id, film.Id);
        assert.ok(film.RunTimeTicks > 0);
    });

    test('opens a series with its seasons and episodes', async () => {
        const { data } = await getLibraryApi(api).getItems({
            userId, parentId: view('tvshows').Id, includeItemTypes: ['Series'], recursive: true
        });
        let seasons;
        for (const { Id } of data.Items) {
            series = (await getLibraryApi(api).getItem({ userId, itemId: Id })).data;
            seasons = (await getShowApi(api).getSeasons({ userId, seriesId: Id })).data.Items;
            if (seasons.length > 1) break;
        }
        assert.ok(seasons.length > 1, 'a series with two seasons');
        episodes = (await getShowApi(api).getEpisodes({ userId, seriesId: series.Id, season: 1 })).data.Items;
        assert.ok(episodes.length > 1, 'a season with two episodes');
        assert.ok(episodes.every((episode) => episode.SeriesId === series.Id));
    });

    test('fetches an image', async () => {
        const { data, headers } = await getImageApi(api).getItemImage(
            { itemId: film.Id, imageType: 'Primary', tag: film.ImageTags.Primary, maxWidth: 200 },
            { responseType: 'arraybuffer' }
        );
        assert.match(headers['content-type'], /^image\//);
        assert.match(headers['cache-control'], /max-age/);
        assert.ok(data.byteLength > 100);
    });

    test('gets playback info and reads from the middle', async () => {
        const { data } = await getMediaInfoApi(api).getPostedPlaybackInfo({
            itemId: film.Id,
            userId,
            playbackInfoDto: {
                DeviceProfile: {
                    MaxStreamingBitrate: 1_000_000_000,
                    DirectPlayProfiles: [{ Type: 'Video' }, { Type: 'Audio' }]
                }
            }
        });
        assert.ok(data.PlaySessionId);
        const source = data.MediaSources[0];
        assert.ok(source.SupportsDirectPlay);
        const stream = `/Videos/${film.Id}/stream.${source.Container}?static=true&mediaSourceId=${source.Id}&Tag=${source.ETag}`;
        const read = (range) => api.axiosInstance.get(url + stream, {
            headers: { Authorization: api.authorizationHeader, Range: range },
            responseType: 'arraybuffer'
        });
        const head = await read('bytes=0-99');
        assert.equal(head.status, 206);
        const size = Number(head.headers['content-range'].split('/')[1]);
        const middle = Math.floor(size / 2);
        const part = await read(`bytes=${middle}-${middle + 999}`);
        assert.equal(part.status, 206);
        assert.equal(part.headers['content-range'], `bytes ${middle}-${middle + 999}/${size}`);
        assert.equal(part.data.byteLength, 1000);
    });

    test('reports progress and sees it in resume', async () => {
        const at = { ItemId: film.Id, MediaSourceId: film.Id, PositionTicks: Math.floor(film.RunTimeTicks / 2) };
        const session = getSessionApi(api);
        await session.reportPlaybackStart({ playbackStartInfo: { ...at, PositionTicks: 0 } });
        await session.reportPlaybackProgress({ playbackProgressInfo: at });
        await session.reportPlaybackStopped({ playbackStopInfo: at });
        const { data } = await getLibraryApi(api).getResumeItems({ userId, mediaTypes: ['Video'] });
        const resumed = data.Items.find((item) => item.Id === film.Id);
        assert.ok(resumed, 'the film stands in resume');
        assert.equal(resumed.UserData.PlaybackPositionTicks, at.PositionTicks);
    });

    test('marks played and sees the next one in next up', async () => {
        const userData = getUserDataApi(api);
        const { data } = await userData.markPlayedItem({ userId, itemId: episodes[0].Id });
        assert.equal(data.Played, true);
        const next = await getShowApi(api).getNextUp({ userId, seriesId: series.Id });
        assert.deepEqual(next.data.Items.map((item) => item.Id), [episodes[1].Id]);
    });

    test('leaves no trace', async () => {
        const userData = getUserDataApi(api);
        await userData.markUnplayedItem({ userId, itemId: film.Id });
        await userData.markUnplayedItem({ userId, itemId: episodes[0].Id });
        const { data } = await getLibraryApi(api).getResumeItems({ userId, mediaTypes: ['Video'] });
        assert.ok(!data.Items.some((item) => item.Id === film.Id));
    });

    test('logs out', async () => {
        await api.logout();
        await assert.rejects(getUserViewApi(api).getUserViews({ userId }), (error) => error.response?.status === 401);
    });

    function view(type) {
        return views.find((item) => item.CollectionType === type);
    }
});
