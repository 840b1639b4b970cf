#!/bin/sh
# Makes a root directory of Debian's with a real sshd and, on top of it, a mail server or what it takes
# to build sshsm there, or finds it made, and prints its path:
#
#   sh tests/roots/make.sh NAME        NAME is a row of `packages_of`
#
# Roots are kept in $SSHSM_ROOTS, or /var/cache/sshsm-tests, which may be deleted at any time. A root
# that is there is complete, and nothing changes it any more: enter.sh runs things in a copy.
# Where no root can be made, the status is 77, and standard error ends with a line that says why.

set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
cache=${SSHSM_ROOTS:-/var/cache/sshsm-tests}
# shellcheck source=contrib/packages.sh
. "$here/../../contrib/packages.sh"
# Roots of this or another tree that nobody has asked for in so many days are deleted.
days_kept=30

# What is installed: for a root of `suite_of` on top of the smallest Debian, for the others on top of
# `base`.
packages_of() {
  case $1 in
    # The libraries are what sshsm needs.
    base) echo openssh-server iproute2 libssh-4 libseccomp2 libssl3 ;;
    sendmail) echo sendmail-bin sensible-mda procmail ;;
    exim) echo exim4-daemon-light ;;
    postfix) echo postfix ;;
    systemd) echo systemd systemd-sysv postfix ;;
    trixie) echo "$build_packages iproute2 strace" ;;
    *) return 1 ;;
  esac
}

suite_of() {
  case $1 in
    base) echo bookworm ;;
    trixie) echo trixie ;;
    *) return 1 ;;
  esac
}

cannot() {
  echo "$*" >&2
  exit 77
}

# A root made by other rules than these is another root.
path_of() {
  echo "$cache/$1.$({ cat "$here/make.sh"; packages_of "$1"; } | sha256sum | cut -c 1-12)"
}

# A debian-archive-keyring that was installed before the suite's keys were made is upgraded.
learn_keys_of() {
  has_keys_of "$1" || { install_as_root debian-archive-keyring >&2 && has_keys_of "$1"; }
}

has_keys_of() {
  ls /usr/share/keyrings/debian-archive-"$1"-stable.* >/dev/null 2>&1
}

# The first Debian mirror that this machine uses for whichever release: a mirror has them all.
mirror() {
  found=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' \
      'Created-By: Packages' 2>/dev/null |
    sed -n "s|^\(https\{0,1\}://[^ ]*/debian/\{0,1\}\) [a-z]* main\$|\1|p" | head -n 1)
  echo "${found:-http://deb.debian.org/debian}"
}

# How this machine reaches its mirrors, for apt and, in the environment, for debootstrap.
take_over_apt_settings() {
  apt-config dump | grep -iE '^Acquire::[^ ]*(proxy|verify|cainfo)' >"$1/etc/apt/apt.conf.d/80machine"
  printf 'Acquire::Languages "none";\nAPT::Install-Recommends "false";\n' \
    >"$1/etc/apt/apt.conf.d/80small"
  printf 'force-unsafe-io\npath-exclude=%s\npath-exclude=%s\npath-exclude=%s\n' \
    '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*' >"$1/etc/dpkg/dpkg.cfg.d/small"
}

# Without /proc some packages cannot be configured; without the policy they start their daemons.
install_in() {
  root=$1
  shift
  mount -t proc proc "$root/proc" || return
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d"
  # sendmail's installation sleeps for a minute where the machine's name has no domain.
  echo '127.0.0.1 root.example localhost' >"$root/etc/hosts" && hostname root.example
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" apt-get install -y -q "$@"
  status=$?
  umount "$root/proc"
  rm -f "$root/etc/resolv.conf" "$root/var/cache/apt/"*.bin "$root/var/cache/apt/archives/"*.deb
  return $status
}

# The smallest Debian: make_smallest NAME DIRECTORY. Without --force-check-gpg debootstrap would only
# warn where the keys of Debian's archive are not installed, and take whatever a mirror gives.
make_smallest() {
  proxy=$(apt-config shell proxy Acquire::http::Proxy)
  eval "$proxy"
  if [ -n "${proxy-}" ]; then export http_proxy="$proxy"; fi
  debootstrap --force-check-gpg --variant=minbase "$(suite_of "$1")" "$2" "$(mirror)" || return
  take_over_apt_settings "$2"
  rm -rf "$2/usr/share/doc" "$2/usr/share/man" "$2/usr/share/locale"
}

make_in() {
  if suite_of "$1" >/dev/null; then make_smallest "$1" "$2"; else cp -a "$(path_of base)/." "$2"; fi || return
  # The list is words on purpose.
  # shellcheck disable=SC2046
  install_in "$2" $(packages_of "$1") || return
  # What is built on top of `base` needs the lists.
  [ "$1" = base ] || rm -rf "$2/var/lib/apt/lists"
}

# Builds aside and renames, so that a root is complete or absent.
make() {
  [ ! -d "$(path_of "$1")" ] || return 0
  suite_of "$1" >/dev/null || make base || return
  mkdir "$cache/making/$1" && make_in "$1" "$cache/making/$1" &&
    cp -a "$cache/making/$1" "$cache/copying/$1" && mv "$cache/copying/$1" "$(path_of "$1")"
}

# dpkg and debootstrap wait for the disk after each file, unless there is none.
prepare_workshop() {
  rm -rf "$cache/making" "$cache/copying" && mkdir "$cache/making" "$cache/copying" || return
  if [ "$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)" -gt 4000000 ]; then
    mount -t tmpfs -o mode=755,size=2g sshsm-making "$cache/making"
  fi
}

# The part that runs in namespaces of its own: what is mounted or started is gone behind it.
if [ "${1-}" = --alone ]; then
  # It names a directory of this machine, and packages would look for it in the root.
  unset TMPDIR
  log=$cache/$2.log
  exec 9>"$cache/lock" && flock 9 || cannot "cannot lock $cache/lock"
  # Somebody else may have made it meanwhile.
  [ ! -d "$(path_of "$2")" ] || exit 0
  prepare_workshop && make "$2" >"$log" 2>&1 9>&- ||
    cannot "debootstrap or apt cannot make the root \"$2\", $log says more:" \
      "$(grep -v '^ *$' "$log" | tail -n 1)"
  exit
fi

name=${1-}
packages_of "$name" >/dev/null || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ "$(id -u)" -eq 0 ] || cannot "making a root directory of Debian's needs root"
unshare --mount --net --pid --uts --fork true 2>/dev/null ||
  cannot "no mount, network and process namespaces of our own here"
root=$(path_of "$name")
if [ ! -d "$root" ]; then
  mkdir -p "$cache" && chmod 755 "$cache" || cannot "cannot make $cache"
  (cd "$here/../.." && install_packages debootstrap debian-archive-keyring) ||
    cannot "debootstrap cannot be installed"
  release=$(suite_of "$name" || suite_of base)
  learn_keys_of "$release" || cannot "the debian-archive-keyring of this machine has no key of $release"
  unshare --mount --pid --uts --fork --kill-child --mount-proc sh "$here/make.sh" --alone "$name" || exit
  find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime +$days_kept -exec rm -rf {} +
fi
touch -c "$root" "$(path_of base)"
echo "$root"
