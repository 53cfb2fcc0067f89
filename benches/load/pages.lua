-- Pages of films for wrk. Arguments: `first` asks the same first page again and again; `random` asks
-- random pages, sorts and filters, as one of the viewers whose headers the file VIEWERS lists.
local viewers = {}
for line in io.lines(os.getenv("VIEWERS")) do viewers[#viewers + 1] = line end
local library = os.getenv("LIBRARY")
local mode = "first"

local sorts = { "SortName", "DateCreated", "PremiereDate", "CommunityRating", "ProductionYear", "Runtime" }
local filters = { "", "", "&genres=Drama", "&years=1950,1960,1970,1980", "&filters=IsUnplayed",
    "&minCommunityRating=5", "&nameStartsWith=T", "&officialRatings=PG" }

function init(args)
    mode = args[1] or "first"
    math.randomseed(tonumber(args[2] or "1"))
end

function request()
    local path = "/Items?parentId=" .. library .. "&recursive=true&includeItemTypes=Movie&limit=100"
    local viewer = viewers[1]
    if mode == "first" then
        path = path .. "&sortBy=SortName&startIndex=0"
    else
        viewer = viewers[math.random(#viewers)]
        -- What a filter leaves is shorter; pages are to be full nearly always.
        local filter = filters[math.random(#filters)]
        local last = filter == "" and 9900 or 300
        path = path .. "&sortBy=" .. sorts[math.random(#sorts)]
            .. "&sortOrder=" .. (math.random(2) == 1 and "Ascending" or "Descending")
            .. "&startIndex=" .. math.random(0, last) .. filter
    end
    return wrk.format("GET", path, { Authorization = viewer })
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('RESULT {"requests": %d, "seconds": %.3f, "bytes": %d, "p50_ms": %.2f, "p99_ms": %.2f, "max_ms": %.2f, "errors": %d}\n',
        summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3,
        latency:percentile(99) / 1e3, latency.max / 1e3,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
