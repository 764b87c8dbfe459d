// Reads pairs of versions, a tab between them, and prints -1, 0 or 1 for each.
const semver = require(process.argv[2]);
const loose = process.argv[3] === "loose";
const lines = require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1);
const order = ([a, b]) => semver.compare(a, b, { loose });
console.log(lines.map((line) => order(line.split("\t"))).join("\n"));
