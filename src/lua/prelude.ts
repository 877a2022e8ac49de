/** Simplified: the clock of a script stands still where the simulation begins, and there are no files and no environment. */
const START_S = 1_790_000_000;

/** Names of Lua 5.1 and LuaJIT that Lua 5.3 has elsewhere or no more. */
export const PRELUDE = String.raw`
unpack = table.unpack
local plain_tostring, plain_format = tostring, string.format
tostring = function(...)
  local v = ...
  if type(v) == 'number' then return v .. '' end
  return plain_tostring(...)
end
string.format = function(f, ...)
  local args, n = {...}, 0
  for kind in (f:gsub('%%%%', '')):gmatch('%%[-+ #0]*%d*%.?%d*(%a)') do
    n = n + 1
    if type(args[n]) == 'number' and kind == 's' then args[n] = args[n] .. '' end
    if type(args[n]) == 'number' and kind == 'd' then args[n] = math.floor(args[n]) end
  end
  return plain_format(f, unpack(args, 1, select('#', ...)))
end
loadstring = load
math.pow = function(a, b) return a ^ b end
math.mod = math.fmod
math.log10 = function(a) return math.log(a, 10) end
string.gfind = string.gmatch
table.getn = function(t) return #t end
table.maxn = function(t)
  local max = 0
  for k in pairs(t) do if type(k) == 'number' and k > max then max = k end end
  return max
end
dofile, loadfile, require = nil, nil, nil
print = function() end
os = {
  time = function(t) return ${START_S} end,
  clock = function() return 0 end,
  difftime = function(a, b) return a - (b or 0) end,
  getenv = function() return nil end,
}
io = {
  open = function(name) return nil, name .. ': No such file or directory', 2 end,
  write = function() end,
}
EnvoyTimestampResolution = { MILLISECOND = 0, MICROSECOND = 1 }
bit = {
  tobit = function(a) return (math.tointeger(a) or 0) | 0 end,
  band = function(a, b, ...) local r = math.tointeger(a) & math.tointeger(b); if ... then return bit.band(r, ...) end return r end,
  bor = function(a, b, ...) local r = math.tointeger(a) | math.tointeger(b); if ... then return bit.bor(r, ...) end return r end,
  bxor = function(a, b, ...) local r = math.tointeger(a) ~ math.tointeger(b); if ... then return bit.bxor(r, ...) end return r end,
  bnot = function(a) return ~math.tointeger(a) end,
  lshift = function(a, n) return math.tointeger(a) << math.tointeger(n) end,
  rshift = function(a, n) return math.tointeger(a) >> math.tointeger(n) end,
  tohex = function(a) return string.format('%08x', math.tointeger(a)) end,
}
`;
