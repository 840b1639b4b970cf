#!/bin/sh
# Installs what is missing, builds from an empty tree, runs the tests:
#
#   sh tests/run.sh        the short suite
#   sh tests/run.sh all    also clang, sanitizers, valgrind, fuzzing, static checks, the long matrices
#                          and Debian 13
#
# The last line is `N passed, N failed, N skipped` over everything; the exit status is 0 only if
# something passed and nothing failed. What each part printed is in build/logs.

set -u
cd "$(dirname "$0")/.." || exit 1
. contrib/packages.sh
case ${1-} in
  '') with_all=no ;;
  all) with_all=yes ;;
  *) sed -n '2,9s/^# \{0,1\}//p' tests/run.sh; exit 2 ;;
esac

passed=0
failed=0
skipped=0
trap 'exit 130' HUP INT TERM

# Adds the counts of a line `N passed, N failed, N skipped`.
add() {
  passed=$((passed + $1))
  failed=$((failed + $3))
  skipped=$((skipped + $5))
}

# run_part NAME COMMAND...: runs it with its output in build/logs/NAME.log; true if it went well.
run_part() {
  name=$1
  shift
  printf '%s: ' "$name"
  began=$(date +%s)
  "$@" >"build/logs/$name.log" 2>&1 </dev/null
  part_status=$?
  printf '%s s, ' $(($(date +%s) - began))
  return "$part_status"
}

# A part that either goes well or does not: it counts as one.
check() {
  if run_part "$@"; then
    add 1 passed, 0 failed, 0
    echo 'passed'
  else
    add 0 passed, 1 failed, 0
    echo 'FAILED:'
    tail -n 40 "build/logs/$1.log"
    return 1
  fi
}

# A part whose last line counts its tests.
count() {
  run_part "$@"
  counts=$(tail -n 1 "build/logs/$1.log" | grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$')
  # The counts are words on purpose.
  # shellcheck disable=SC2086
  if [ -n "$counts" ]; then add $counts; fi
  echo "${counts:-no counts} (status $part_status)"
  case "$part_status/$counts" in
    0/?*) ;;
    */*' 0 failed,'* | */) add 0 passed, 1 failed, 0; tail -n 40 "build/logs/$1.log" ;;
    *) sed -n '/^FAIL/,/^\(PASS\|SKIP\|kept\)/p' "build/logs/$1.log" | grep -Ev '^(PASS|SKIP)' ;;
  esac
  grep '^SKIP' "build/logs/$1.log"
}

# build NAME OPTIONS...: from an empty tree in build/NAME.
build() {
  tree=build/$1
  rm -rf "$tree"
  shift
  meson setup "$tree" "$@" && ninja -C "$tree"
}

unit_tests() {
  meson test -C "$@"
  # With a wrapper its name is in the file's; the tree is new and has one.
  python3 tests/meson_totals.py "$1"/meson-logs/testlog*.json
}

# Debian 13: a newer libssh and sshd, and a newer compiler. Its build tree is for it alone.
in_trixie() {
  sh tests/roots/with_tree.sh trixie "$@"
}

test_in_trixie() {
  rm -rf build/trixie
  check trixie_build in_trixie sh -c '
    meson setup build/trixie -Dwerror=true && ninja -C build/trixie' || return
  count trixie_unit in_trixie sh -c '
    meson test -C build/trixie; python3 tests/meson_totals.py build/trixie/meson-logs/testlog.json'
  count trixie_known_hosts_oracle \
    in_trixie python3 tests/end_to_end/known_hosts_oracle.py build/trixie
  count trixie_end_to_end in_trixie python3 tests/end_to_end/run_cases.py build/trixie
}

finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

mkdir -p build/logs
# The lists are words on purpose.
# shellcheck disable=SC2086
install_packages $build_packages strace iproute2 || { failed=1; finish; }
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

check build build test -Dwerror=true || finish
count unit unit_tests build/test
count layout python3 tests/layout/includes.py
count systemd python3 tests/systemd/units.py build/test
count known_hosts_oracle python3 tests/end_to_end/known_hosts_oracle.py build/test
count known_hosts_keygen python3 tests/fuzz/known_hosts_keygen.py build/test
# Made here, so that no case waits for it; where it cannot be made, the cases that need it say why.
if run_part roots sh -c 'for root in sendmail exim postfix; do sh tests/roots/make.sh "$root" || exit; done'
then echo 'ready'; else tail -n 1 build/logs/roots.log; fi
count privilege python3 tests/end_to_end/privilege.py build/test
if [ "$with_all" = no ]; then
  count faults python3 tests/faults/run.py build/test --scenarios 200
  count end_to_end python3 tests/end_to_end/run_cases.py build/test
  count mta python3 tests/mta/run_cases.py build/test
  finish
fi

# Without it its cases are skipped.
install_packages swaks
count faults_1000 python3 tests/faults/run.py build/test --scenarios 1000
count end_to_end_all python3 tests/end_to_end/run_cases.py --all build/test
count mta_all python3 tests/mta/run_cases.py --all build/test
if run_part systemd_root sh tests/roots/make.sh systemd; then echo 'ready'; else tail -n 1 build/logs/systemd_root.log; fi
count systemd_booted python3 tests/systemd/boot.py build/test
run_part trixie_root sh tests/roots/make.sh trixie
case $part_status in
  0) echo 'ready'; test_in_trixie ;;
  77) echo "SKIP Debian 13: $(tail -n 1 build/logs/trixie_root.log)"; add 0 passed, 0 failed, 1 ;;
  *) echo 'FAILED:'; tail build/logs/trixie_root.log; add 0 passed, 1 failed, 0 ;;
esac

install_packages clang clang-format clang-tidy valgrind cppcheck || failed=$((failed + 1))
check clang env CXX=clang++ sh -c '
  rm -rf build/clang && meson setup build/clang -Dwerror=true && ninja -C build/clang'
count clang_tidy python3 tests/layout/tidy.py build/clang

# A minute of CPU time for each target, two at a time, from a seed that the log names.
count fuzz sh tests/fuzz/run.sh 1

UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export UBSAN_OPTIONS
if check sanitize_build build sanitize -Dsandbox=false -Db_sanitize=address,undefined; then
  count sanitize_unit unit_tests build/sanitize --timeout-multiplier 5
  # A process that is not dumpable cannot be searched for leaks; the unit tests are.
  count sanitize_end_to_end env ASAN_OPTIONS=detect_leaks=0 \
    python3 tests/end_to_end/run_cases.py build/sanitize
fi

# Valgrind makes system calls of its own, which the sandbox refuses, and keeps descriptors of its
# own, which the unit tests of privilege/ find open.
if check valgrind_build build valgrind -Dsandbox=false; then
  # Without the thousands of random conversations, which the sanitizers have seen.
  count valgrind_unit unit_tests build/valgrind base smtp config trust ssh mailer --timeout-multiplier 30 \
    '--test-args=-tce=*whatever?a?server*,*the?same?where*,*server?that?takes*' \
    --wrapper 'valgrind -q --error-exitcode=99 --leak-check=full'
  count valgrind_end_to_end python3 tests/end_to_end/run_cases.py \
    --wrapper 'valgrind -q --error-exitcode=99 --log-file=/dev/null' build/valgrind \
    byte_for_byte several_recipients several_messages refusal_for_good a_changed_host_key
fi

check clang_format sh -c 'find src tests -name "*.cc" -o -name "*.h" |
  xargs clang-format --dry-run --Werror'
check cppcheck cppcheck -q --std=c++20 --language=c++ --error-exitcode=1 --inline-suppr \
  --enable=warning,performance,portability --suppress=missingIncludeSystem \
  --suppress=passedByValue -I src -I build/test src
finish
