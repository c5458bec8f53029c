#!/usr/bin/env bash
# Memory from outside: images that are mapped give what those that are read give; what each
# classifier is estimated to need is what it takes, within a factor; what cannot fit is refused.
#
#   tests/memory.sh PROGRAM
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
cd "$folder"

# So many rows of 784 pixels behind a header of 16 bytes end where a page does, as do 256 more: a
# kernel that reads beyond the last row dies of it.
rows_to_end_of_page=47
n_test=$((rows_to_end_of_page + 256))

"$program" glyphs --data mapped --variant hard --n-train $n_test --n-test $n_test --plain 2>/dev/null
cp -r mapped read
gzip read/glyphs-hard/*
for data in mapped read; do
  "$program" run --grid "$root/tests/small.json" --data $data --dataset glyphs-hard \
    --results $data/results 2>err.txt || fail "$data: $(tail -n 3 err.txt)"
done
different=$(diff <(content mapped/results) <(content read/results)) ||
  fail "mapped images give other results: $(head -c 2000 <<<"$different")"
[ "$(jq -s 'map(has("mapped_bytes")) | all' mapped/results/*.jsonl)" = true ] || fail "nothing is mapped"
[ "$(jq -s 'map(has("mapped_bytes")) | any' read/results/*.jsonl)" = false ] || fail "gzip is mapped"
pass "$(cat mapped/results/*.jsonl | wc -l) rows are the same on images that are mapped"

# Sanitizers have memory of their own.
[ "$(nm -D "$program" 2>/dev/null | grep -c __asan_init)" = 0 ] || exit 0

# What libraries reserve and never touch counts for nothing.
"$program" run --grid "$root/tests/small.json" --data mapped --dataset glyphs-hard --memory 100M \
  --results little 2>err.txt || fail "$(tail -n 3 err.txt): $(grep -h reason little/*.jsonl)"
diff <(content mapped/results) <(content little) >/dev/null || fail "a small limit gives other results"
pass "a limit of 100 MB is enough for $(cat little/*.jsonl | wc -l) rows that need less"

n_train=$((rows_to_end_of_page + 32 * 256)) factor=2
"$program" glyphs --data large --variant hard --n-train $n_train --n-test $n_test --plain 2>/dev/null
"$program" run --grid "$root/tests/memory.json" --data large --dataset glyphs-hard --no-share \
  --results large/results --jobs 1 2>err.txt || fail "large: $(tail -n 3 err.txt)"
jq -r '[.name, (.parameter | tojson), .needed_bytes / (.peak_rss_bytes - .mapped_bytes)] | @tsv' \
  large/results/glyphs-hard.jsonl >ratios.tsv
wrong=$(awk -F '\t' -v f=$factor '$3 > f || $3 < 1 / f' ratios.tsv)
[ -z "$wrong" ] || fail "estimates that are not within a factor of $factor of the peak: $wrong"
pass "the estimates of $(wc -l <ratios.tsv) rows are within a factor of $factor of the peaks"

echo '{"classifiers": {"MLPClassifier": [{"hidden_layer_sizes": ["(9000,9000)"]}], "GaussianNB": [{}]}}' \
  >wide.json
status=0
"$program" run --grid wide.json --data large --dataset glyphs-hard --memory 500M --results refused \
  2>err.txt || status=$?
[ $status -eq 1 ] || fail "a row that cannot fit: exited with $status"
reason=$(jq -r 'select(.name == "MLPClassifier") | .status + ": " + .reason' refused/*.jsonl)
[[ $reason == "out_of_memory: not started: it would need about 1.3 GiB for $n_train rows, mostly for "* ]] ||
  fail "a row that cannot fit: $reason"
[ "$(jq -r 'select(.name == "GaussianNB") | .status' refused/*.jsonl)" = ok ] ||
  fail "a row that fits did not run: $(cat refused/*.jsonl)"
pass "a row that cannot fit is refused, one that fits runs"
