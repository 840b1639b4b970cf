#!/bin/sh
# Runs COMMAND in a throwaway copy of ROOT, with mounts, processes, a network and a name of its own:
#
#   sh tests/roots/enter.sh ROOT DIRECTORY NAME [--first] COMMAND...
#
# DIRECTORY is an empty one to work in; to everybody else it stays empty. NAME is the host name, and
# DIRECTORY.hosts becomes /etc/hosts. The network is a loopback alone, so that no mail gets out and no
# mail server of this machine is asked. DIRECTORY.log, if it is there, is a socket that becomes
# /dev/log; DIRECTORY.mnt, a directory that becomes /mnt with all that is mounted in it. With --first
# COMMAND is itself the first process, as an init must be. Killing this kills everything inside.

if [ "$1" != --inside ]; then
  exec unshare --mount --net --pid --uts --ipc --fork --kill-child sh "$0" --inside "$@"
fi
shift
set -e
root=$1 directory=$2 name=$3
shift 3

mount -t tmpfs -o mode=755 sshsm-root "$directory"
mkdir "$directory/upper" "$directory/work" "$directory/root"
mount -t overlay -o "lowerdir=$root,upperdir=$directory/upper,workdir=$directory/work" \
  sshsm-root "$directory/root" || cp -a "$root/." "$directory/root"
cd "$directory/root"
mount -t proc proc proc
mount -t tmpfs -o mode=755 sshsm-dev dev
for node in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 666 "dev/${node%:*}" c 1 "${node#*:}"
done
ln -s /proc/self/fd dev/fd
# Terminals of its own.
mkdir dev/pts
mount -t devpts -o newinstance,ptmxmode=666,mode=620 sshsm-pts dev/pts
ln -s pts/ptmx dev/ptmx
if [ -S "$directory.log" ]; then : >dev/log; mount --bind "$directory.log" dev/log; fi
if [ -d "$directory.mnt" ]; then mount --rbind "$directory.mnt" mnt; fi
cp "$directory.hosts" etc/hosts
echo "$name" >etc/hostname
hostname "$name"
mkdir -p run/sshd
chroot . ip link set lo up
# It names a directory of this machine.
unset TMPDIR
if [ "$1" = --first ]; then shift; exec chroot . "$@"; fi
# Somebody must wait for the children of daemons.
exec chroot . sh -c '"$@" & wait $!' sh "$@"
