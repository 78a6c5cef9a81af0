-- For wrk: sends what is in a file, to the byte. NUL stands between what is sent one after the other, and a piece that
-- holds several requests is pipelined.
--
--   wrk … --script requests.lua URL FILE
local pieces = {}
local last = 0

local function next_piece()
  last = last % #pieces + 1
  return pieces[last]
end

function init(arguments)
  local file = assert(io.open(arguments[1], 'rb'))
  for piece in file:read('*a'):gmatch('[^%z]+') do pieces[#pieces + 1] = piece end
  file:close()
  wrk.format = next_piece
  -- wrk asks anew before each request if it finds a function of this name, which is slower.
  if #pieces > 1 then request = next_piece end
end
