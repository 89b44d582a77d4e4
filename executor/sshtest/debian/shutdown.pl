#!/usr/bin/perl
# shutdown -r|-P|-h now [MESSAGE]: as that of a machine with systemd, it returns at once. What runs is told to
# end, then the kernel is called.
use strict;
use POSIX ();

my ($how, $when) = @ARGV;
my %calls = ('-r' => 0x1234567, '-P' => 0x4321fedc, '-h' => 0x4321fedc);
die "usage: shutdown -r|-P|-h now [message]\n" unless defined $how && exists $calls{$how} && defined $when && $when eq 'now';
die "shutdown: need to be root\n" if $>;
if (open(my $nologin, '>', '/run/nologin')) {
	print $nologin "System is going down. Unprivileged users are not permitted to log in anymore.\n";
	close $nologin;
}
exit 0 if fork;
POSIX::setsid();
open(STDIN, '<', '/dev/null'); open(STDOUT, '>', '/dev/null'); open(STDERR, '>', '/dev/null');
select(undef, undef, undef, 0.1);
$SIG{TERM} = 'IGNORE';
kill 'TERM', -1;
select(undef, undef, undef, 0.2);
syscall(@REBOOT@, 0xfee1dead, 0x28121969, $calls{$how}, 0);
