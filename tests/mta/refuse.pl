# Speaks for `sendmail -bs` and refuses one recipient:
#
#     perl refuse.pl PATTERN REPLY COMMAND...
#
# A command line that matches PATTERN is answered with REPLY and never reaches COMMAND. If REPLY is
# `hold FILE`, it makes that file, and nothing is answered any more.
use strict;
use IPC::Open2;
my ($pattern, $reply, @command) = @ARGV;
$SIG{PIPE} = 'DEFAULT';
$| = 1;
my $server = open2(my $from, my $to, @command);
sub answer {
  while (defined(my $line = <$from>)) {
    print $line;
    return $line if $line =~ /^\d{3} /;
  }
  exit 1;
}
answer();
while (defined(my $line = <STDIN>)) {
  if ($line =~ /$pattern/i && $reply =~ /^hold (.*)/) {
    open my $file, '>', $1;
    # Until the line is gone.
    1 while defined <STDIN>;
    exit;
  }
  if ($line =~ /$pattern/i) { print "$reply\r\n"; next; }
  print $to $line;
  if ($line =~ /^BDAT (\d+)/i) { read(STDIN, my $chunk, $1); print $to $chunk; }
  my $last = answer();
  if ($last =~ /^354/) {
    while (defined(my $text = <STDIN>)) {
      print $to $text;
      last if $text eq ".\r\n";
    }
    answer();
  }
  last if $line =~ /^QUIT/i;
}
close $to;
waitpid $server, 0;
