# Reads pairs of versions, a tab between them, and prints -1, 0 or 1 for each.
STDIN.each_line(chomp: true) do |line|
  a, b = line.split("\t", -1).map { |version| Gem::Version.new(version) }
  puts a <=> b
end
