for line in io.lines(posix.getenv("PAIRS")) do
  local a, b = line:match("^(.-)\t(.*)$")
  print(rpm.vercmp(a, b) .. "\n")
end
