-- Rankings in Redis. Each verb is one step that nobody sees half of.
--
-- A board is three keys in one slot:
--   z  sorted set  member -> -key, so that reading forwards is best first, equal ones by their bytes
--   n  hash        member -> label
--   m  hash        epoch, applied, status, run, participants
-- It is whole if all three are there and count the same rows; anything else, also a key that holds
-- something foreign, is no board.
--
-- Versions are below 2^53: compared as numbers, which is exact, but kept and told as the strings
-- they came as, because Lua would write large ones as 1.79e+09.

local verbs = {}

-- What m says, or nil unless the board is whole.
local function whole(z, n, m)
  local said = redis.pcall('HMGET', m, 'epoch', 'applied', 'status', 'run', 'participants')
  local epoch, applied, total = tonumber(said[1]), tonumber(said[2]), tonumber(said[5])
  if not (epoch and applied and said[3] and tonumber(said[4]) and total) then return nil end
  if redis.pcall('ZCARD', z) ~= total or redis.pcall('HLEN', n) ~= total then return nil end
  return { epoch = said[1], applied = said[2], status = said[3], run = said[4], total = total }
end

-- Calls a command with all arguments and joins the replies. Some at a time, because Lua's stack
-- holds no more than 8000 values.
local function call_in_slices(command, key, arguments)
  local replies = {}
  for first = 1, #arguments, 2000 do
    local last = math.min(first + 1999, #arguments)
    local reply = redis.call(command, key, unpack(arguments, first, last))
    if type(reply) == 'table' then
      for i = 1, last - first + 1 do replies[first + i - 1] = reply[i] end
    end
  end
  return replies
end

-- Whether nobody answers the quiz now. A subject has no status.
local function at_rest(status)
  return status ~= '' and status ~= 'started'
end

-- Lets a board at rest go after a time.
local function let_go(keys, ms)
  for i = 1, 3 do redis.call('PEXPIRE', keys[i], ms) end
end

-- Adds rows that stand in argv from `first` on as member, -key, label.
local function put_rows(z, n, argv, first)
  local places, labels = {}, {}
  for i = first, #argv, 3 do
    local at = #places
    places[at + 1], places[at + 2] = argv[i + 1], argv[i]
    labels[at + 1], labels[at + 2] = argv[i], argv[i + 2]
  end
  call_in_slices('ZADD', z, places)
  call_in_slices('HSET', n, labels)
end

-- KEYS z n m, ARGV channel notice epoch from to status run ms_at_rest, then of each row member -key
-- label; a row without a key is removed. An empty notice tells nobody. A part that others follow has
-- no status: the phase is that at the end, and until then the run goes on, or has begun.
-- DONE, STALE, MISSING, or GAP and the version that the board stands at.
function verbs.apply(keys, argv)
  local z, n, m = keys[1], keys[2], keys[3]
  local channel, notice, from, to = argv[1], argv[2], tonumber(argv[4]), tonumber(argv[5])
  local board = whole(z, n, m)
  if not board then return { 'MISSING' } end
  local epoch, present = tonumber(argv[3]), tonumber(board.epoch)
  local applied = tonumber(board.applied)
  if epoch > present then return { 'MISSING' } end
  if epoch < present or to <= applied then return { 'STALE' } end
  if from > applied then return { 'GAP', board.applied } end

  local status, run = argv[6], argv[7]
  if status == '' then status = run == board.run and board.status or 'started' end
  local kept = {}
  for i = 9, #argv, 3 do
    if argv[i + 1] == '' then
      redis.call('ZREM', z, argv[i])
      redis.call('HDEL', n, argv[i])
    else
      local at = #kept
      kept[at + 1], kept[at + 2], kept[at + 3] = argv[i], argv[i + 1], argv[i + 2]
    end
  end
  put_rows(z, n, kept, 1)
  redis.call('HSET', m, 'applied', argv[5], 'status', status, 'run', run,
    'participants', redis.call('ZCARD', z))
  if at_rest(status) then
    let_go(keys, argv[8])
  elseif at_rest(board.status) then
    for i = 1, 3 do redis.call('PERSIST', keys[i]) end
  end
  if notice ~= '' then redis.call('PUBLISH', channel, notice) end
  return { 'DONE' }
end

-- KEYS shadow_z shadow_n lock, ARGV token ttl_ms, then rows as in apply. Without rows it only renews the
-- claim.
-- DONE, or MISSING if the claim was lost.
function verbs.load(keys, argv)
  local z, n, lock = keys[1], keys[2], keys[3]
  if redis.call('GET', lock) ~= argv[1] then
    redis.call('UNLINK', z, n)
    return { 'MISSING' }
  end
  put_rows(z, n, argv, 3)
  for i = 1, 3 do redis.call('PEXPIRE', keys[i], argv[2]) end
  return { 'DONE' }
end

-- KEYS z n m shadow_z shadow_n lock, ARGV channel notice epoch applied status run ms_at_rest
-- total token.
-- DONE, STALE if the board is whole and as new, MISSING if the claim or a part of the shadow was lost.
function verbs.swap(keys, argv)
  local z, n, m, shadow_z, shadow_n, lock = unpack(keys)
  local channel, notice, epoch, applied, status, run, ms_at_rest, total, token = unpack(argv)
  if redis.call('GET', lock) ~= token then
    redis.call('UNLINK', shadow_z, shadow_n)
    return { 'MISSING' }
  end
  redis.call('DEL', lock)
  local loaded = tonumber(total)
  if redis.call('ZCARD', shadow_z) ~= loaded or redis.call('HLEN', shadow_n) ~= loaded then
    redis.call('UNLINK', shadow_z, shadow_n)
    return { 'MISSING' }
  end
  local board = whole(z, n, m)
  if board then
    local present, at = tonumber(board.epoch), tonumber(board.applied)
    if present > tonumber(epoch) or (present == tonumber(epoch) and at >= tonumber(applied)) then
      redis.call('UNLINK', shadow_z, shadow_n)
      return { 'STALE' }
    end
  end
  -- UNLINK first: RENAME over a key would free a million rows before it answers.
  redis.call('UNLINK', z, n, m)
  if loaded > 0 then
    redis.call('RENAME', shadow_z, z)
    redis.call('RENAME', shadow_n, n)
    redis.call('PERSIST', z)
    redis.call('PERSIST', n)
  end
  redis.call('HSET', m, 'epoch', epoch, 'applied', applied, 'status', status, 'run', run,
    'participants', total)
  if at_rest(status) then let_go(keys, ms_at_rest) end
  redis.call('PUBLISH', channel, notice)
  return { 'DONE' }
end

-- KEYS shadow_z shadow_n lock, ARGV token. Gives up a rebuild.
function verbs.release(keys, argv)
  if redis.call('GET', keys[3]) == argv[1] then redis.call('DEL', keys[3]) end
  redis.call('UNLINK', keys[1], keys[2])
  return { 'DONE' }
end

-- KEYS z n m lock, ARGV channel notice.
function verbs.forget(keys, argv)
  redis.call('UNLINK', unpack(keys))
  redis.call('PUBLISH', argv[1], argv[2])
  return { 'DONE' }
end

-- KEYS z n m. Nothing, or epoch and applied.
function verbs.find(keys)
  local board = whole(keys[1], keys[2], keys[3])
  return board and { board.epoch, board.applied }
end

-- 1 + how many rows stand above a place.
local function rank(z, place)
  return 1 + redis.call('ZCOUNT', z, '-inf', '(' .. place)
end

-- KEYS z n m, ARGV PAGE offset limit or AROUND member limit, then members.
-- Nothing, or epoch applied status run total, how many rows stand before the window, the rank of
-- its first row, its rows as member, -key, label, and of each member -key, rank, label
-- (-key empty: no row).
function verbs.read(keys, argv)
  local z, n = keys[1], keys[2]
  local board = whole(z, n, keys[3])
  if not board then return nil end

  local offset, limit = 0, tonumber(argv[3])
  if argv[1] == 'PAGE' then
    offset = tonumber(argv[2])
  else
    local above = redis.call('ZRANK', z, argv[2])
    if above then
      offset = math.max(0, math.min(above - math.floor(limit / 2), board.total - limit))
    else
      limit = 0
    end
  end
  local places = limit > 0 and redis.call('ZRANGE', z, offset, offset + limit - 1, 'WITHSCORES') or {}
  local members, rows = {}, {}
  for i = 1, #places, 2 do members[#members + 1] = places[i] end
  local labels = call_in_slices('HMGET', n, members)
  for i, member in ipairs(members) do
    rows[3 * i - 2], rows[3 * i - 1], rows[3 * i] = member, places[2 * i], labels[i] or ''
  end
  local first = places[2] and rank(z, places[2]) or 1

  local asked, standings, ranks = {}, {}, {}
  for i = 4, #argv do asked[i - 3] = argv[i] end
  places, labels = call_in_slices('ZMSCORE', z, asked), call_in_slices('HMGET', n, asked)
  for i = 1, #asked do
    local place = places[i]
    if place then
      ranks[place] = ranks[place] or rank(z, place)
      standings[3 * i - 2], standings[3 * i - 1], standings[3 * i] = place, ranks[place], labels[i] or ''
    else
      standings[3 * i - 2], standings[3 * i - 1], standings[3 * i] = '', 0, ''
    end
  end
  return { board.epoch, board.applied, board.status, board.run, board.total, offset, first, rows, standings }
end
