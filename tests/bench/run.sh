#!/bin/sh
# Measures sshsm beside what people use today, and writes build/bench/report.md, report.json and two
# plots, cold.svg and warm.svg:
#
#   sh tests/bench/run.sh            under twenty minutes
#   sh tests/bench/run.sh --quick    under two: few rounds, to see that it runs
#
# Installs what is missing (the rivals are Debian's) and builds in build/bench. As root it runs in
# namespaces of its own. The report is also what goes to standard output. Speed is no test: the exit
# status tells only whether everything ran and no message was lost or doubled.

set -u
cd "$(dirname "$0")/../.." || exit 1
. contrib/packages.sh
case ${1-} in
  '' | --quick) ;;
  *) sed -n '2,10s/^# \{0,1\}//p' tests/bench/run.sh >&2; exit 2 ;;
esac

tree=build/bench
mkdir -p build/logs
# The list is words on purpose.
# shellcheck disable=SC2086
install_packages $build_packages iproute2 util-linux autossh dropbear-bin libpoe-perl \
  netcat-openbsd || exit 1

echo "bench: building in $tree" >&2
build() {
  [ -f $tree/build.ninja ] || meson setup $tree || return
  ninja -C $tree src/sshsm src/sshsmctl src/sshsmd tests/tools/mail_sink tests/tools/fault_server \
    tests/bench/bare_libssh tests/bench/launch tests/bench/sessions tests/bench/rsuid
}
if ! build >build/logs/bench.log 2>&1; then
  tail -n 30 build/logs/bench.log >&2
  exit 1
fi

# The real mail servers; where they cannot be had, the report says why.
echo "bench: making what mail servers run in, if it is not there" >&2
for root in sendmail exim postfix; do
  sh tests/roots/make.sh $root >>build/logs/bench.log 2>&1 || break
done

PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
# Its loopback and its long line are then nobody else's.
if [ "$(id -u)" -eq 0 ] && unshare --net true 2>/dev/null; then
  SSHSM_BENCH_OWN_NAMESPACE=yes
  export SSHSM_BENCH_OWN_NAMESPACE
  exec unshare --net sh -c 'ip link set lo up && exec "$@"' sh \
    python3 tests/bench/bench.py "$@" $tree
fi
exec python3 tests/bench/bench.py "$@" $tree
