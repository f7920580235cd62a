-- Bookings for wrk: a file with a line "PATH<tab>BODY<tab>If-None-Exist" each, all sent once, in the order of the file.
-- Arguments: that file, the file for what was acknowledged, the number of answers to wait for, headers as "Name: value".
-- Connections with nothing left to ask read the last line's address ("PATH" alone) now and then until all answers are in,
-- or none has come for ten seconds; then this writes a line, and whoever started wrk interrupts it.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long sec; long nsec; } bench_time;
  int clock_gettime(int clock, bench_time *now);
]]
local now = ffi.new("bench_time")
local prepared, asked, heard, wanted, began, last = {}, 0, 0, 0, 0, 0
local statuses, out = {}, nil

local function clock()
  ffi.C.clock_gettime(1, now)
  return tonumber(now.sec) * 1e6 + tonumber(now.nsec) / 1e3
end

function init(args)
  local headers = {}
  for i = 4, #args do
    local name, value = args[i]:match("^(.-): (.*)$")
    headers[name] = value
  end
  for line in io.lines(args[1]) do
    local path, body, condition = line:match("^([^\t]*)\t?([^\t]*)\t?(.*)$")
    headers["If-None-Exist"] = condition ~= "" and condition or nil
    prepared[#prepared + 1] = wrk.format(body == "" and "GET" or "POST", path, headers, body)
  end
  out = io.open(args[2], "w")
  wanted = tonumber(args[3])
end

-- wrk asks once before it starts, to look at what it gets: that first line of the file is not sent.
function request()
  asked = asked + 1
  if asked == 2 then began = clock() end
  return prepared[math.min(asked, #prepared)]
end

function delay()
  return asked < #prepared and 0 or 20
end

function finish()
  local parts = {}
  for code, count in pairs(statuses) do parts[#parts + 1] = string.format('"%d":%d', code, count) end
  out:close()
  io.write(string.format('\n{"requests":%d,"micros":%d,"statuses":{%s}}\n', heard, last - began, table.concat(parts, ",")))
  io.flush()
  wanted = 0
  wrk.thread:stop()
end

function response(status, headers, body)
  if wanted == 0 then return end
  if status == 404 or body == "ok" then -- an answer to the last line
    if clock() - last > 1e7 then finish() end
    return
  end
  heard = heard + 1
  last = clock()
  statuses[status] = (statuses[status] or 0) + 1
  if status == 201 then out:write(body, "\n") end
  if heard == wanted then finish() end
end

function done(summary, latency, requests)
  io.write(string.format('\n{"p50":%d,"p99":%d}\n', latency:percentile(50), latency:percentile(99)))
end
