# Sourced by contrib/try.sh and tests/run.sh: Debian packages, without opening a port on the way.

# Where this file is, for the copy of the shell that sudo starts. The sourcing script stands in the
# project's root.
packages_file=contrib/packages.sh

# What it takes to build sshsm and its tests, and to run them.
build_packages='g++ meson ninja-build pkg-config libssh-dev libssl-dev libseccomp-dev
  libboost-program-options-dev nlohmann-json3-dev doctest-dev python3 openssh-server
  openssh-client mandoc'

# Those of its arguments that are not installed.
missing_packages() {
  for package; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' ok installed$' ||
      printf '%s ' "$package"
  done
}

# Installs its arguments; only for root. Installing openssh-server would start it on port 22, so
# services are kept from starting; the machine's own policy is put back however this ends.
install_as_root() (
  policy=/usr/sbin/policy-rc.d
  saved=$policy.before-sshsm
  put_back() {
    rm -f "$policy"
    if [ -e "$saved" ] || [ -L "$saved" ]; then mv "$saved" "$policy"; fi
  }
  trap put_back EXIT
  trap 'exit 130' HUP INT TERM
  # A policy already saved is from a run that was killed: it is the machine's own.
  if [ ! -e "$saved" ] && { [ -e "$policy" ] || [ -L "$policy" ]; }; then mv "$policy" "$saved"; fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  apt-get install -y -q --no-install-recommends "$@" ||
    { apt-get update -q && apt-get install -y -q --no-install-recommends "$@"; }
)

# Installs those of its arguments that are missing, through sudo if need be. Says what it does on
# standard error and shows what apt says only if it fails.
install_packages() {
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || {
    echo "missing: $missing; please install what they are called here" >&2
    return 1
  }
  echo "installing: $missing" >&2
  packages_log=$(mktemp)
  if [ "$(id -u)" -eq 0 ]; then
    # The list is words on purpose.
    # shellcheck disable=SC2086
    install_as_root $missing >"$packages_log" 2>&1
  elif command -v sudo >/dev/null; then
    # shellcheck disable=SC2086
    sudo sh -c '. "$0"; install_as_root "$@"' "$packages_file" $missing >"$packages_log" 2>&1
  else
    echo "not root, and there is no sudo: please install $missing" >"$packages_log"
    false
  fi
  packages_status=$?
  [ "$packages_status" -eq 0 ] || tail -n 20 "$packages_log" >&2
  rm -f "$packages_log"
  return "$packages_status"
}
