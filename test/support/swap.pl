# Swaps links and folders in a tight loop, until it is killed. Usage: perl swap.pl FOLDER GOOD BAD
# FOLDER/current is a link that leads to GOOD and to BAD in turn; FOLDER/dir is a folder with GOOD's or BAD's
# hooks in it.
use strict;
my ($folder, $good, $bad) = @ARGV;
chdir $folder or die $!;
symlink $good, 'to-good';
symlink $bad, 'to-bad';
$| = 1;
print "swapping\n";
while (1) {
    link 'to-good', 'next' or symlink $good, 'next';
    rename 'next', 'current';
    rename 'good-dir', 'dir';
    unlink 'next';
    symlink $bad, 'next';
    rename 'dir', 'good-dir';
    rename 'next', 'current';
    rename 'bad-dir', 'dir';
    rename 'dir', 'bad-dir';
}
