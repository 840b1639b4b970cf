#!/bin/sh
# Builds the fuzz targets with clang and runs each so many minutes of CPU time, two at a time:
#
#   sh tests/fuzz/run.sh [MINUTES [TARGET...]]        1 minute and all of them, if not said otherwise
#
# SEED=N begins from another seed, JOBS=N runs so many at a time. What is found is in
# build/fuzz/findings, and then the exit status is 1. Prints a table, and as the last line
# `N passed, N failed, N skipped`.

set -u
cd "$(dirname "$0")/../.." || exit 1
. contrib/packages.sh

# libFuzzer is in a package that has clang's version in its name.
install_packages clang llvm || exit 1
install_packages "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev" || exit 1

if ! [ -e build/fuzz/build.ninja ]; then
  mkdir -p build
  env CXX="${CXX:-clang++}" meson setup build/fuzz -Dfuzzing=true -Db_sanitize=address,undefined \
    -Db_lundef=false -Dsandbox=false -Doptimization=1 >build/fuzz.setup.log || {
    cat build/fuzz.setup.log
    exit 1
  }
fi
ninja -C build/fuzz fuzzers >build/fuzz/build.log || { tail -n 40 build/fuzz/build.log; exit 1; }
python3 tests/fuzz/seeds.py build/fuzz/seeds || exit 1
exec python3 tests/fuzz/run.py build/fuzz "$@"
