#!/usr/bin/env bash
# With the kernels of other processors forced, few predictions change: of every classifier at most 1 %
# on small data, but for stochastic gradient descent, whose steps carry a rounding on to the end. (So
# do those of networks, on more data and without fused products: results/processors.md.)
#
#   tests/processors.sh PROGRAM
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
cd "$folder"

"$program" glyphs --data data --variant hard --n-train 600 --n-test 500 2>/dev/null
# share NAME PERCENT PATTERN...: the rows that match, and the largest share that may change.
share() {
  local name=$1 bound=$2 status=0 only=()
  shift 2
  for pattern in "$@"; do
    only+=(--only "$pattern")
  done
  FMBENCH=$program "$root/scripts/processors" --results "$name" --at-most "$bound" \
    --settings Nehalem+portable Haswell+avx2 Prescott Sandybridge -- \
    --data data --dataset glyphs-hard --grid "$root/tests/small.json" "${only[@]}" 2>err.txt ||
    status=$?
  [ $status -eq "${expected:-0}" ] || fail "$name: $(tail -n 2 err.txt)"
  sed -n 's/.* change (\(.*\) %).*/\1/p' err.txt
}
rest=$(share rest 1 '[!S]*' 'SVC')
sgd=$(share sgd 20 'SGD*')
grep -q '^| SVC (4) .* [0-9] |' rest.md || fail "the page lacks a classifier: $(cat rest.md)"
grep -q '^| SGDClassifier (4) ' sgd.md || fail "the page lacks a classifier: $(cat sgd.md)"
figure processors_changed_percent "$rest"
figure processors_changed_percent_sgd "$sgd"
pass "other kernels change at most $rest % of a row's predictions, $sgd % of SGD's"

# A label that is not what it was counts, and more than the bound is an exit status.
/usr/bin/python3 - rest/Prescott/predictions/glyphs-hard/SVC-* <<'P'
import gzip, sys
for path in sys.argv[1:]:
    with gzip.open(path) as file:
        content = bytearray(file.read())
    for i in range(50):
        content[12 + i] ^= 1
    with gzip.open(path, "wb") as file:
        file.write(content)
P
more=$(expected=1 share rest 1 '[!S]*' 'SVC')
[ "${more%.*}" -ge 10 ] || fail "50 of 500 changed labels are $more %"
pass "labels that change beyond the bound are an exit status"

echo "$passed passed, 0 failed"
