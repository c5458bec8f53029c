#!/usr/bin/env bash
# Every row of the published grid predicts the same, to the bit, for any number of threads and of
# cells at once, in any order of the cells, with and without sharing, and after interruptions; and so
# does what its record measures, such as the loss: a sum whose rounding changes shows there first.
#
#   tests/determinism.sh PROGRAM [RUN_OPTION...]
#
# RUN_OPTIONs name the data (`make determinism` has more of it); without any these are synthetic
# images of a quarter of the size, DETERMINISM_ROWS (1000) of them.
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
shift
if [ $# -eq 0 ]; then
  "$program" glyphs --data "$folder/large" --n-train "${DETERMINISM_ROWS:-1000}" \
    --n-test 300 2>/dev/null
  /usr/bin/python3 "$root/tests/halve_images.py" "$folder/large/glyphs-easy" \
    "$folder/data/glyphs-easy"
  set -- --data "$folder/data" --dataset glyphs-easy
fi
grid=$root/configs/published.json

# run NAME OPTION...: the grid into a folder of this name.
run() {
  local name=$1
  shift
  "$program" run --grid "$grid" --results "$folder/$name" "${data_options[@]}" "$@" \
    2>"$folder/$name.log" || fail "$name: $(tail -n 3 "$folder/$name.log")"
}
data_options=("$@")
n_records() {
  (cd "$folder" && mkdir -p "$1" && find "$1" -maxdepth 1 -name '*.jsonl' -exec cat {} + | wc -l)
}
expect_same() {
  local different
  different=$(diff "$folder/alone.txt" <(content "$folder/$1")) ||
    fail "$(grep -c '^> {' <<<"$different") records and $(grep -c '^> \./' <<<"$different") files of" \
      "predictions differ $2: $(head -c 2000 <<<"$different")"
  rm -rf "${folder:?}/$1"
  pass "the same $n x $n_labels predictions and measures $2"
}

run alone --jobs 1 --threads 1
content "$folder/alone" >"$folder/alone.txt"
n=$(grep -c '^\./.*idx2' "$folder/alone.txt")
n_labels=$(jq -s '.[0].n_test * .[0].num_repeat' "$folder"/alone/*.jsonl)
[ "$n" -eq 129 ] || fail "$n rows have predictions, not 129"
first_cell=$(head -n 1 "$folder"/alone/*.jsonl | jq -r .cell)

for threads in 2 3; do
  run "threads$threads" --jobs 1 --threads "$threads"
  expect_same "threads$threads" "with $threads threads"
done
run jobs --jobs 2 --threads 1
expect_same jobs "with 2 jobs"
run no-share --jobs 1 --threads 1 --no-share
expect_same no-share "without sharing"

jq '.classifiers |= (map_values(map(map_values(reverse))) | to_entries | reverse | from_entries)' \
  "$grid" >"$folder/reversed.json"
grid=$folder/reversed.json run reversed --jobs 1 --threads 1
[ "$(head -n 1 "$folder"/reversed/*.jsonl | jq -r .cell)" != "$first_cell" ] ||
  fail "the reversed grid began with the same cell"
expect_same reversed "in the reverse order"

# As soon as so many cells are done, with more threads than before each time.
threads=1
for signal in KILL TERM; do
  target=$(($(n_records interrupted) + 30))
  "$program" run --grid "$grid" --results "$folder/interrupted" "${data_options[@]}" --jobs 2 \
    --threads $threads 2>"$folder/interrupted.log" &
  pid=$!
  while kill -0 $pid 2>/dev/null && [ "$(n_records interrupted)" -lt $target ]; do
    sleep 0.02
  done
  kill "-$signal" $pid 2>/dev/null || fail "the run ended before it was interrupted"
  wait $pid 2>/dev/null || true
  [ "$(n_records interrupted)" -lt "$n" ] || fail "the run was done before it was interrupted"
  threads=$((threads + 1))
done
run interrupted --jobs 1 --threads $threads
expect_same interrupted "after two interruptions, with other threads and jobs each time"

figure determinism_rows "$n"
figure determinism_predictions "$((n * n_labels))"
echo "$passed passed, 0 failed"
