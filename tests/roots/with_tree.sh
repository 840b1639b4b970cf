#!/bin/sh
# Runs COMMAND in this tree, within a throwaway copy of a root of Debian's, with mounts, processes and a
# network (a loopback) of its own:
#
#   sh tests/roots/with_tree.sh NAME COMMAND...        NAME as for make.sh
#
# In there the tree is /mnt/sshsm, where nothing but build/NAME can be written; that stays. Other roots
# that are made already are found there as well. Status 77, and a line that says why on standard error,
# where the root cannot be made.

set -e
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
if [ "$1" != --alone ]; then
  root=$(sh "$here/make.sh" "$1")
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  # This process becomes the unshare of enter.sh, which lets no other signal end what is inside.
  unshare --mount sh "$0" --alone "$scratch/copy" "$root" "$@" &
  trap 'kill -KILL $!; exit 130' HUP INT TERM
  wait $!
  exit
fi
copy=$2 root=$3 name=$4
shift 4

mkdir -p "$copy" "$copy.mnt" "$tree/build/$name"
mount -t tmpfs -o mode=755 sshsm-mnt "$copy.mnt"
mkdir "$copy.mnt/sshsm" "$copy.mnt/roots"
mount --bind "$tree" "$copy.mnt/sshsm"
mount -o remount,bind,ro "$copy.mnt/sshsm"
mount --bind "$tree/build/$name" "$copy.mnt/sshsm/build/$name"
mount --bind "$(dirname "$root")" "$copy.mnt/roots"
echo '127.0.0.1 localhost' >"$copy.hosts"
SSHSM_ROOTS=/mnt/roots
export SSHSM_ROOTS
# A resolv.conf to look into, though nobody answers: some cases put another one over it.
exec sh "$here/enter.sh" "$root" "$copy" "$name.example" \
  sh -c ': >/etc/resolv.conf && cd /mnt/sshsm && exec "$@"' sh "$@"
