-- Requests for wrk, made before the clock runs: a file with a line each, "PATH" or "PATH<tab>BODY", sent round and round.
-- Arguments: that file, then headers as "Name: value". One thread (-t1), so nothing here needs a lock.

local prepared, asked = {}, 0

function init(args)
  local headers = {}
  for i = 2, #args do
    local name, value = args[i]:match("^(.-): (.*)$")
    headers[name] = value
  end
  for line in io.lines(args[1]) do
    local path, body = line:match("^([^\t]*)\t?(.*)$")
    local method = body == "" and "GET" or "POST"
    prepared[#prepared + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  asked = asked + 1
  return prepared[(asked - 1) % #prepared + 1]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"failed":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
