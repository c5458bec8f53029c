#!/usr/bin/env bash
# A record names what it was made with, rows of different programs or data do not get into one table
# unnoticed, and `verify --rerun` finds each label that is not what the program predicts.
#
#   tests/same_program.sh PROGRAM
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
cd "$folder"

expect_said() {
  grep -qF -- "$2" "$1" || fail "no word of '$2' in: $(cat "$1")"
}
run=("$program" run --data data --dataset glyphs-easy --grid "$root/tests/small.json")
# edit RESULTS FILTER: the records of its journal through jq.
edit() {
  jq -c "$2" "$1/glyphs-easy.jsonl" >edited.jsonl
  mv edited.jsonl "$1/glyphs-easy.jsonl"
}
"$program" glyphs --data data --n-train 300 --n-test 100 2>/dev/null
"${run[@]}" --results one --repeats 2 --jobs 2 --threads 2 --timeout 600 --memory 2G \
  --only 'GaussianNB*' --only 'LogisticRegression*' --only 'MLP*' --only 'KNeighbors*' 2>log.txt
n=$(wc -l <one/glyphs-easy.jsonl)

[ "$(jq -c '[.environment | .jobs, .repeats, .timeout_s, .memory_limit_bytes]' \
  one/glyphs-easy.jsonl | sort -u)" = '[2,2,600,2147483648]' ] || fail "the limits are not recorded"
forced() {
  "${run[@]}" --results "forced-$1-$2" --only GaussianNB 2>log.txt
  jq -r '.environment | .blas_kernel + " " + .simd' "forced-$1-$2/glyphs-easy.jsonl"
}
forced_both=$(OPENBLAS_CORETYPE=Nehalem FMBENCH_SIMD=portable forced Nehalem portable)
[ "$forced_both" = "Nehalem portable" ] || fail "the kernels are recorded as '$forced_both'"
pass "a record names limits, jobs, repeats and the kernels that ran"

source_of() {
  head -n 1 "$1/glyphs-easy.jsonl" | jq -r '.environment | [.source, .compiler, .flags] | @tsv'
}
[[ $(source_of one) =~ ^[0-9a-f]{64}.*-O ]] || fail "no source, compiler or flags: $(source_of one)"
report=(--grid "$root/tests/small.json" --reference "$root/reference/published.jsonl")
expect_status 0 "$program" show --results one "${report[@]}" GaussianNB
expect_said out.txt "$(source_of one | cut -f 1)"
pass "a record names source, compiler and flags"

tabulate() {
  "$program" table --results "$1" "${report[@]}" "${@:2}"
}
for change in '.environment.source = "aa"' '.environment.compiler = "cc 1"' \
  '.environment.flags = "-O0"' 'del(.environment) | .version = "old"'; do
  cp -r one mixed
  edit mixed "if input_line_number == $n then $change else . end"
  expect_status 3 tabulate mixed
  expect_said err.txt "mixed/glyphs-easy.jsonl:$n: made by another program than line 1"
  expect_status 3 "$program" compare one mixed
  expect_status 0 tabulate mixed --mixed
  expect_status 0 "$program" compare one mixed --mixed
  expect_status 0 "$program" show --results mixed "${report[@]}" GaussianNB
  rm -rf mixed
done
cp -r one mixed
edit mixed "if input_line_number == $n then .dataset.hash |= gsub(\"[0-9]\"; \"0\") else . end"
expect_status 3 tabulate mixed --mixed
expect_said err.txt "mixed/glyphs-easy.jsonl:$n: dataset hash"
rm -rf mixed
expect_status 0 tabulate one
pass "rows of two programs are tabulated only when told to, rows of two datasets never"

cp -r one other
edit other '.environment.source = "aa" | .environment.modified = true'
expect_status 0 tabulate other
expect_said out.txt "made by a modified program: $n rows"
expect_status 0 "${run[@]}" --results other --only DecisionTreeClassifier
expect_said err.txt "$n records there are of another program"
expect_status 3 tabulate other
pass "a modified program is told, and a run warns of records of another program"

verify=("$program" verify --data data)
expect_status 0 "${verify[@]}" --results one --rerun 1000
expect_said out.txt "$n of $n repeated cells give the same predictions"
[ ! -s err.txt ] || ! grep warning err.txt || fail "a warning without a reason: $(cat err.txt)"
for seed in 1 2; do
  expect_status 0 "${verify[@]}" --results one --rerun 3 --seed $seed
  expect_said out.txt "3 of 3 repeated cells"
  mv out.txt "drawn-$seed.txt"
done
! cmp -s drawn-1.txt drawn-2.txt || fail "two seeds draw the same cells"
pass "cells run again with the same predictions, drawn by the seed"

# Labels that are not the numbers of the classes.
mkdir data/shifted
for file in data/glyphs-easy/*; do
  case $file in
    *labels*) zcat "$file" | /usr/bin/python3 -c '
import sys
content = sys.stdin.buffer.read()
sys.stdout.buffer.write(content[:8] + bytes(3 * label + 40 for label in content[8:]))' ;;
    *) zcat "$file" ;;
  esac >"data/shifted/$(basename "$file" .gz)"
done
"${run[@]}" --dataset shifted --results shifted --only GaussianNB 2>log.txt
expect_status 0 "${verify[@]}" --results shifted --dataset shifted --rerun 1
expect_said out.txt "shifted: GaussianNB priors=None: the same 100 labels"
pass "labels may be any numbers"

expect_status 0 "${verify[@]}" --results other --rerun 1000
expect_said err.txt "was made by another program: source 'aa'"
FMBENCH_SIMD=portable OPENBLAS_CORETYPE=Nehalem expect_status 0 "${verify[@]}" --results one \
  --rerun 1000 --dataset glyphs-easy
if [ "$(jq -r .environment.simd one/glyphs-easy.jsonl | head -n 1)" != portable ]; then
  expect_said err.txt "was made with the kernels"
fi
pass "another program and other kernels are warnings"

# In each file of predictions alone one label, in each repeat another.
n_found=0
while read -r file; do
  cp -r one spoilt
  /usr/bin/python3 - "spoilt/$file" $((n_found % 2)) <<'P'
import gzip, sys
with gzip.open(sys.argv[1]) as file:
    content = bytearray(file.read())
content[12 + 100 * int(sys.argv[2]) + 41] ^= 1
with gzip.open(sys.argv[1], "wb") as file:
    file.write(content)
P
  expect_status 1 "${verify[@]}" --results spoilt --rerun 1000
  expect_said out.txt "DIFFERS in 1 of 200 labels (by repeat: $([ $((n_found % 2)) -eq 0 ] && echo '1 0' || echo '0 1'))"
  expect_said out.txt "$((n - 1)) of $n repeated cells give the same predictions"
  rm -rf spoilt
  n_found=$((n_found + 1))
done < <(jq -r .predictions one/glyphs-easy.jsonl)
[ "$n_found" -eq "$n" ] || fail "only $n_found of $n files of predictions were spoilt"
figure rerun_spoilt_labels_found "$n_found"
pass "each of $n_found labels that were altered is found"

cp -r data changed
gunzip changed/glyphs-easy/train-images-idx3-ubyte.gz
printf '\001' |
  dd of=changed/glyphs-easy/train-images-idx3-ubyte bs=1 seek=5000 conv=notrunc 2>/dev/null
expect_status 3 "$program" verify --data changed --results one --rerun 1
expect_said err.txt "is not what the journal was made with"
cp -r one altered
edit altered '.seed = 7'
expect_status 3 "${verify[@]}" --results altered --rerun 1
expect_said err.txt "does not give the recorded parameters that identity"
cp -r one lost
rm -r lost/predictions/glyphs-easy
expect_status 3 "${verify[@]}" --results lost --rerun 1
jq -c 'del(.predictions)' one/glyphs-easy.jsonl >lost/glyphs-easy.jsonl
expect_status 3 "${verify[@]}" --results lost --rerun 1
expect_said err.txt "no row of a classifier of ours"
cp -r one short
edit short 'select(.name == "MLPClassifier") | .environment.timeout_s = 0.000001'
expect_status 1 "${verify[@]}" --results short --rerun 1
expect_said out.txt "DIFFERS: now ends as timeout"
expect_status 2 "$program" verify --results one
expect_said err.txt "needs --reference FILE or --rerun N"
expect_status 2 "$program" verify --results one --rerun 0
pass "other data, altered records and lost predictions are refused, a limit that is exceeded is told"

echo "$passed passed, 0 failed"
