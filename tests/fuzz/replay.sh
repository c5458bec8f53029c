#!/usr/bin/env bash
# Each fuzzed reader on the inputs that a fuzzer kept, in the folder of the programs that is given.
set -euo pipefail
here=$(dirname "$0")
for target in "$1"/*; do
  [ -d "$here/corpus/${target##*/}" ] || continue
  printf '%s: ' "${target##*/}"
  "$target" "$here/corpus/${target##*/}"/*
done
