import { createHash } from 'node:crypto';

// Everything that must happen in one step happens in one script: Redis runs it alone and whole, and it touches one slot.
// KEYS: meta, log, channel of pub/sub, then idempotency keys. An entry's id in the log is `<offset>-<time it expires>`, so
// that a place and an age are found without reading what lies there.

/** A script and the name under which a server that has run it knows it. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** What became of a channel's life in a script. */
export const lives = ['same', 'new', 'lost', 'rolled back', 'server restarted', 'went back'] as const;
export type Life = (typeof lives)[number];

const common = `
local meta, log, pub = KEYS[1], KEYS[2], KEYS[3]
local fresh, keep, knownEpoch, knownOffset, send = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), ARGV[5]
local epoch, offset, run
local life = 0

local function text(number) return string.format('%.0f', number) end

local function runId()
  local info = redis.pcall('INFO', 'server')
  if type(info) ~= 'string' then return '' end
  return string.match(info, 'run_id:(%w+)') or ''
end

local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function begin(why)
  life, epoch, offset = why, fresh, 0
  redis.call('HSET', meta, 'epoch', epoch, 'offset', 0, 'run', run or runId())
  redis.call('DEL', log)
  redis.call('PEXPIRE', meta, keep)
  if why > 1 then redis.call(send, pub, '!') end
end

local function load()
  local found = redis.call('HMGET', meta, 'epoch', 'offset', 'run')
  if not found[1] then
    begin(knownEpoch == '' and 1 or 2)
    return nil
  end
  epoch, offset = found[1], tonumber(found[2])
  if epoch == knownEpoch and offset < knownOffset then begin(3) end
  return found[3]
end

local function keepMeta(ttl)
  redis.call('PEXPIRE', meta, text(ttl), 'GT')
end

local function expiry(id) return tonumber(string.match(id, '%-(%d+)$')) end

-- The oldest offset that has not expired; offset + 1 when there is none.
local function oldest(time)
  local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  if not first then return offset + 1 end
  local low = tonumber(string.match(first[1], '^(%d+)'))
  if expiry(first[1]) > time then return low end
  local high = offset + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    local entry = redis.call('XRANGE', log, text(middle), text(middle), 'COUNT', 1)[1]
    if entry and expiry(entry[1]) > time then high = middle else low = middle + 1 end
  end
  return low
end
`;

/** ARGV after the common ones: how many, then for each publication its seven fields. */
export const publishScript: Script = scriptOf(`${common}
local fields, count = 7, tonumber(ARGV[6])
local time, replies, longest, grown = now(), {}, keep, false
for index = 1, count do
  if tonumber(ARGV[6 + (index - 1) * fields + 2]) > 0 then
    load()
    break
  end
end
for index = 1, count do
  local at = 6 + (index - 1) * fields
  local body, size, ttl = ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local key, print, keyTtl = tonumber(ARGV[at + 4]), ARGV[at + 5], tonumber(ARGV[at + 6])
  local follows = tonumber(ARGV[at + 7])
  local known = key > 0 and redis.call('GET', KEYS[3 + key])
  if known then
    local place, before = string.match(known, '^([^|]*)|(.*)$')
    replies[index] = before == print and 'd' .. place or 'c'
  elseif follows > 0 and redis.call('EXISTS', KEYS[3 + follows]) == 0 then
    replies[index] = 'o'
  else
    local place = ''
    if size > 0 then
      offset, grown = offset + 1, true
      place = epoch .. ':' .. text(offset)
      redis.call('XADD', log, 'MAXLEN', '=', text(size), text(offset) .. '-' .. text(time + ttl), 'd', body)
      if redis.call('PTTL', log) < ttl then redis.call('PEXPIRE', log, text(ttl)) end
      longest = math.max(longest, ttl)
    end
    if key > 0 then
      redis.call('SET', KEYS[3 + key], place .. '|' .. print, 'PX', text(keyTtl))
      longest = math.max(longest, keyTtl)
    end
    redis.call(send, pub, place .. '|' .. body)
    replies[index] = 'p' .. place
  end
end
if grown then
  redis.call('HSET', meta, 'offset', text(offset))
  keepMeta(longest)
  local first = oldest(time)
  redis.call('XTRIM', log, 'MINID', '=', text(first))
end
return { life, replies }
`);

/** ARGV after the common ones: trusts a restart, epoch to end, offset since, limit, reverse, how long an unused name is kept. */
export const readScript: Script = scriptOf(`${common}
local trusts, ended, since, limit, reverse = ARGV[6] == '1', ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10] == '1'
run = runId()
local ran = load()
if life == 0 and ran ~= run and run ~= '' then
  if trusts then redis.pcall('HSET', meta, 'run', run) else begin(4) end
end
if life == 0 and epoch == ended then begin(5) end
-- A name that nobody has published to is made up for all we know.
if offset == 0 then keep = tonumber(ARGV[11]) end
if life > 0 then redis.call('PEXPIRE', meta, text(keep)) elseif redis.call('PTTL', meta) < keep / 2 then keepMeta(keep) end
local first = oldest(now())
local entries = {}
if limit > 0 and first <= offset then
  if reverse then
    local from = since < 0 and offset or math.min(offset, since - 1)
    if from >= first then
      entries = redis.call('XREVRANGE', log, text(from), text(first), 'COUNT', limit)
    end
  else
    local from = math.max(first, since + 1)
    if from <= offset then entries = redis.call('XRANGE', log, text(from), '+', 'COUNT', limit) end
  end
end
return { life, epoch, text(offset), text(first), entries }
`);

function scriptOf(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
