#!/bin/sh
# Puts the smallest set of inputs that reaches all that was reached into tests/fuzz/corpus, where
# the short suite replays it:
#
#   sh tests/fuzz/keep.sh TARGET...
#
# Behind run.sh, whose build tree it takes them from. Files named found-* show a mended fault and
# stay as they are.

set -eu
cd "$(dirname "$0")/../.."

for target; do
  kept=tests/fuzz/corpus/$target
  mkdir -p "$kept"
  new=$(mktemp -d)
  # Edges alone: how often each was passed would keep ten times as much.
  mkdir -p "build/fuzz/seeds/$target"
  "build/fuzz/tests/fuzz/fuzz_$target" -set_cover_merge=1 -use_counters=0 -max_len=4000 "$new" \
    "$kept" "build/fuzz/seeds/$target" "build/fuzz/corpus/$target" 2>"build/fuzz/keep.log" ||
    { tail "build/fuzz/keep.log"; exit 1; }
  find "$kept" -type f ! -name 'found-*' -delete
  for input in "$new"/*; do
    cp "$input" "$kept/$(basename "$input" | cut -c 1-12)"
  done
  rm -r "$new"
  echo "$target: $(find "$kept" -type f | wc -l) inputs, $(du -b --max-depth=0 "$kept" | cut -f 1) octets"
done
