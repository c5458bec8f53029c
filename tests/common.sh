# shellcheck shell=bash
# What the end-to-end tests have in common, sourced by them: the program under test, their first
# argument; the checkout; a folder of their own, which goes with them; what they say.
root=$(cd "$(dirname "$0")/.." && pwd)
program=$(realpath "${1:-build/fmbench}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
test_name=$(basename "$0" .sh)
passed=0

fail() {
  echo "$test_name: FAILED: $*" >&2
  exit 1
}
pass() {
  passed=$((passed + 1))
  echo "$test_name: $*"
}

# expect_status STATUS COMMAND...: what it writes is in out.txt and err.txt of the folder it runs in.
expect_status() {
  local expected=$1 status=0
  shift
  "$@" >out.txt 2>err.txt || status=$?
  [ "$status" -eq "$expected" ] || fail "'$*' exited with $status, not $expected: $(cat err.txt)"
}

# figure NAME VALUE: something counted that is worth publishing, for whoever names a file in FIGURES.
figure() {
  [ -z "${FIGURES:-}" ] || echo "$1 $2" >>"$FIGURES"
}

# content RESULTS: what must not change between runs, a line a record and one a file of predictions:
# everything but times, memory, threads, what it ran with, and order.
content() {
  jq -cS 'del(.cpu_s, .fit_s, .predict_s, .start_time, .done_time, .time_per_repeat,
              .peak_rss_bytes, .needed_bytes, .mapped_bytes, .threads, .environment)' "$1"/*.jsonl | sort
  (cd "$1/predictions" && find . -type f | sort | while read -r file; do
    echo "$file $(zcat "$file" | sha256sum)"
  done)
}

# small_fashion_and_mnist N_TRAIN N_TEST: synthetic datasets of these names in the folder data.
small_fashion_and_mnist() {
  local variant
  for variant in easy hard; do
    "$program" glyphs --data data --variant "$variant" --n-train "$1" --n-test "$2" 2>/dev/null
  done
  mv data/glyphs-easy data/fashion
  mv data/glyphs-hard data/mnist
}

# The small grid, and a row that does not end well, on standard output.
small_grid_with_a_failure() {
  jq --arg command "$root/tests/external_command" \
    '.external.test = {command: [$command], parameters: [{mode: ["exit"]}]}' \
    "$root/tests/small.json"
}
