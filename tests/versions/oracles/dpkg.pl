# Reads pairs of versions, a tab between them, and prints -1, 0 or 1 for each.
use strict;
use warnings;
use Dpkg::Version;

while (my $line = <STDIN>) {
    chomp $line;
    my ($a, $b) = map { Dpkg::Version->new($_) } split /\t/, $line, -1;
    print $a <=> $b, "\n";
}
