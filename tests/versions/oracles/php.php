<?php
// Reads pairs of versions, a tab between them, and prints -1, 0 or 1 for each.
while (($line = fgets(STDIN)) !== false) {
    [$a, $b] = explode("\t", rtrim($line, "\n"));
    echo version_compare($a, $b), "\n";
}
