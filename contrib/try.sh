#!/bin/sh
# Builds sshsm and sends one message through a throwaway sshd on this machine, so that you see it
# work before you set anything up:
#
#   sh contrib/try.sh          into a small mail server that only writes a mailbox
#   sh contrib/try.sh --mta    into this machine's own mail server, /usr/sbin/sendmail -bs
#
# It installs the packages it needs (through sudo if you are not root), makes no user, opens no port
# but one on the loopback while it runs, and leaves nothing behind but the packages and build/try.

set -u
cd "$(dirname "$0")/.." || exit 1
. contrib/packages.sh

case ${1-} in
  '') with_mta=no ;;
  --mta) with_mta=yes ;;
  *) sed -n '2,9s/^# \{0,1\}//p' contrib/try.sh; exit 2 ;;
esac

directory=
sshd_pid=
clean_up() {
  trap - EXIT
  if [ -n "$sshd_pid" ]; then
    kill "$sshd_pid" 2>/dev/null
    wait "$sshd_pid" 2>/dev/null
  fi
  if [ -n "$directory" ]; then rm -rf "$directory"; fi
}
trap clean_up EXIT
trap 'exit 130' HUP INT TERM

step() { printf '\n== %s\n' "$*"; }
give_up() { printf '%s\n' "$*" >&2; exit 1; }

if [ "$with_mta" = yes ] && [ ! -x /usr/sbin/sendmail ]; then
  give_up 'There is no /usr/sbin/sendmail: this machine has no mail server. Leave out --mta.'
fi

step 'Installing what is missing (no service is started)'
# The list is words on purpose.
# shellcheck disable=SC2086
install_packages $build_packages || give_up 'The packages could not be installed.'

step 'Building sshsm and the small mail server in build/try'
build=build/try
mkdir -p build
# Without debugging information it takes half a minute less.
{ [ -f "$build/build.ninja" ] || meson setup "$build" -Ddebug=false; } >build/try.log 2>&1 &&
  ninja -C "$build" src/sshsm tests/tools/mail_sink >>build/try.log 2>&1 || {
  tail -n 30 build/try.log >&2
  give_up 'The build failed; all of it is in build/try.log.'
}
root=$(pwd)
sshsm=$root/$build/src/sshsm

directory=$(mktemp -d) || exit 1
# Whoever sshsm becomes must be able to come to his files.
chmod 755 "$directory"
user=$(id -un)
config=$directory/config
mkdir "$config"

step "Making two keys: the host's and ours"
ssh-keygen -q -t ed25519 -N '' -C '' -f "$directory/host_key" </dev/null &&
  ssh-keygen -q -t ed25519 -N '' -C '' -f "$config/id_ed25519" </dev/null || exit 1

if [ "$with_mta" = yes ]; then
  command='/usr/sbin/sendmail -bs'
else
  command="$root/$build/tests/tools/mail_sink --mbox $directory/mailbox"
fi
printf 'restrict,command="%s" %s\n' "$command" "$(cat "$config/id_ed25519.pub")" \
  >"$directory/authorized_keys"
step 'The line in authorized_keys there, which lets our key do one thing only'
cat "$directory/authorized_keys"

use_pam=no
if [ "$(id -u)" -eq 0 ]; then
  mkdir -p /run/sshd
  # Without PAM, sshd lets nobody in whose password is locked.
  case $(getent shadow root | cut -d: -f2) in '!'*) use_pam=yes ;; esac
fi
sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) || give_up 'There is no sshd.'

# Starts sshd on port $1; true when it listens.
start_sshd() {
  # SHLVL keeps a bash there from reading ~/.bashrc, which may print or take its time.
  cat >"$directory/sshd_config" <<EOT
SetEnv SHLVL=9
Port $1
ListenAddress 127.0.0.1
HostKey $directory/host_key
AuthorizedKeysFile $directory/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM $use_pam
StrictModes no
PidFile none
EOT
  : >"$directory/sshd.log"
  "$sshd" -D -f "$directory/sshd_config" -E "$directory/sshd.log" </dev/null &
  sshd_pid=$!
  tries=0
  until grep -q 'Server listening' "$directory/sshd.log"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$sshd_pid" 2>/dev/null; then
      kill "$sshd_pid" 2>/dev/null
      wait "$sshd_pid" 2>/dev/null
      sshd_pid=
      return 1
    fi
    sleep 0.05
  done
}

port=
for attempt in 1 2 3 4 5 6 7 8; do
  candidate=$((20000 + ($$ * 31 + attempt * 7919) % 40000))
  if start_sshd "$candidate"; then port=$candidate; break; fi
done
[ -n "$port" ] || { cat "$directory/sshd.log" >&2; give_up 'The throwaway sshd does not start.'; }
step "A throwaway sshd listens on 127.0.0.1 port $port"

printf 'user = %s\nhost = 127.0.0.1\nport = %s\n' "$user" "$port" >"$config/myfriend.conf"
printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d' ' -f1,2 "$directory/host_key.pub")" \
  >"$config/known_hosts"
if [ "$(id -u)" -eq 0 ]; then
  # Started by root, sshsm becomes somebody who may do nothing.
  echo 'run-as = nobody' >"$config/sshsm.conf"
  chown nobody "$config/id_ed25519"
fi
step 'Our configuration, myfriend.conf, and the pinned host key, known_hosts'
cat "$config/myfriend.conf" "$config/known_hosts"

recipient="<bob@friend.example>"
if [ "$with_mta" = yes ]; then recipient="<$user@localhost>"; fi
mark="sshsm-try-$$-$(date +%s)"
cat >"$directory/mail.bsmtp" <<EOT
MAIL FROM:<$user@localhost>
RCPT TO:$recipient
DATA
From: $user@localhost
To: $recipient
Subject: it works ($mark)

This message came through SSH.
.
EOT
step 'sshsm -v -bS myfriend < mail.bsmtp'
"$sshsm" -v --config-dir "$config" -bS -- myfriend <"$directory/mail.bsmtp" 2>"$directory/trace"
status=$?
cat "$directory/trace"
[ "$status" -eq 0 ] || give_up "sshsm ended with status $status."

step 'The line that it wrote to syslog'
grep -E 'relay=.*status=' "$directory/trace" | sed 's/^ *[0-9]* ms \* //'

show_delivered() {
  if [ "$with_mta" = no ]; then
    step 'The mailbox there'
    cat "$directory/mailbox"
    return
  fi
  # Where mail for root ends is the mail server's business; often it is another user's.
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    mailbox=$(grep -ls "$mark" /var/mail/* | head -n 1)
    if [ -n "$mailbox" ]; then
      step "The message in $mailbox"
      awk -v mark="$mark" '/^From / { text = ""; is_it = 0 }
        { text = text $0 "\n" } index($0, mark) { is_it = 1 } is_it { shown = text }
        END { printf "%s", shown }' "$mailbox"
      return
    fi
    sleep 0.5
  done
  step "The mail server took the message; it is in its queue or on its way (in no /var/mail yet)"
}
show_delivered
step 'Done: status 0, the mail server there took responsibility'
