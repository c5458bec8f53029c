#!/usr/bin/env bash
# The program from outside: a small grid on the synthetic data. Predictions do not depend on threads,
# jobs or sharing; bad input gets its exit status.
#
#   tests/end_to_end.sh PROGRAM
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

small=("$program" run --data data --dataset glyphs-easy --grid "$root/tests/small.json")
run() {
  "${small[@]}" "$@" 2>>log.txt
}
same() {
  cmp -s <(content "$1") <(content "$2") || fail "$1 and $2 differ: $(diff <(content "$1") <(content "$2") | head -5)"
}

"$program" glyphs --data data --n-train 600 --n-test 200 2>log.txt

run --results one --jobs 1
[ "$(jq -r .status one/glyphs-easy.jsonl | sort -u)" = ok ] || fail "a cell is not ok"
n=$(wc -l <one/glyphs-easy.jsonl)
pass "$n cells of the small grid are ok"

run --results two --jobs 2 --threads 2
same one two
pass "the same predictions with 2 jobs of 2 threads"

run --results alone --jobs 2 --no-share
same one alone
pass "cells that share a run get what they get alone"

run --results one --jobs 1
[ "$(wc -l <one/glyphs-easy.jsonl)" -eq "$n" ] || fail "a finished cell ran twice"
pass "a second run has nothing to do"

expect_status 0 "$program" --help
expect_status 0 "$program" list --grid "$root/configs/published.json"
grep -q "143 points: 129 planned, 12 rejected, 2 unsupported" out.txt || fail "$(tail -1 out.txt)"
status=0
"$program" list --grid "$root/configs/published.json" >/dev/full 2>err.txt || status=$?
[ "$status" -eq 1 ] || fail "a list that could not be written exited with $status"
grep -q "standard output: No space left" err.txt || fail "no word about it: $(cat err.txt)"
expect_status 2 "$program" rum
grep -q "did you mean 'run'" err.txt || fail "no suggestion: $(cat err.txt)"
expect_status 2 "$program" run --grids x
grep -q "did you mean '--grid'" err.txt || fail "no suggestion: $(cat err.txt)"
expect_status 2 "$program" run --jobs 0
expect_status 2 "$program" run --jobs two
expect_status 2 "$program" run --grid /nowhere.json
expect_status 2 "$program" run fashion
expect_status 2 "${small[@]}" --results --force
[ ! -e ./--force ] || fail "an option was taken for the name of a folder"
# Said before the data are looked for.
expect_status 2 "$program" run --data nowhere --results nothing --only SVC --only 'KNeighbours*' \
  --grid "$root/configs/published.json"
grep -q "'KNeighbours\*', did you mean 'KNeighborsClassifier'" err.txt || fail "$(cat err.txt)"
expect_status 2 "$program" list --grid "$root/configs/published.json" --only nothing
grep -q "unknown classifier 'nothing'" err.txt || fail "no word about --only: $(cat err.txt)"
expect_status 2 "$program" list --grid "$root/configs/published.json" --jobs 2
grep -q "'--jobs' (.* need --plan)" err.txt || fail "an option was ignored: $(cat err.txt)"
expect_status 3 "$program" run --grid "$root/tests/small.json" --data data --dataset nothing
grep -q "data/nothing: no such dataset" err.txt || fail "the missing file is not named: $(cat err.txt)"
pass "usage errors exit with 2, data errors with 3"

# Each way in which the command of an external classifier can end, and nothing left behind.
external=("$program" run --data data --dataset glyphs-easy --grid "$root/tests/external.json")
expect_status 1 "${external[@]}" --results external --jobs 2 --timeout 10 --memory 700M \
  --only 'test*' --only GaussianNB
outcome() {
  jq -r "select(.name == \"test\" and .parameter.mode == \"$1\") | .status + \": \" + (.reason // \"\")" \
    external/glyphs-easy.jsonl
}
expect_outcome() {
  # shellcheck disable=SC2053 # a pattern it is
  [[ $(outcome "$1") == $2 ]] || fail "external classifier, mode $1: $(outcome "$1")"
}
expect_outcome good "ok: "
expect_outcome noise "ok: "
expect_outcome escape "ok: "
expect_outcome exit "failed: the command exited with status 3: no such luck"
expect_outcome absent "failed: not installed: luck is not installed"
expect_outcome killed "crashed: the command ended by signal 11*"
expect_outcome few "failed: bad reply: * has 199 labels for 200 test images"
expect_outcome alien "failed: bad reply: label 0 * is 77, which is none of the classes"
expect_outcome rubbish "failed: bad reply: reply.json:*"
expect_outcome silent "failed: bad reply: there is no reply.json*"
expect_outcome memory "out_of_memory: *"
expect_outcome sleep "timeout: exceeded 10 seconds"
if grep "must not be seen" out.txt err.txt; then fail "the output of a command was let through"; fi
[ "$(jq -c 'select(.parameter.mode == "good") | [.score, .fit_s, .n_iter, .implementation]' \
  external/glyphs-easy.jsonl)" = '[[0.1],[0.001],[7],"0.1"]' ] || fail "what a command says is lost"
no_sleepers() {
  local _
  for _ in $(seq 50); do
    pgrep -x -f 'sleep 4321' >/dev/null || return 0
    sleep 0.1
  done
  fail "what a command started is still there"
}
no_sleepers
[ ! -e external/scratch ] || fail "the files of external classifiers are still there"
pass "an external classifier ends in a status of its own, however it ends"

for signal in KILL TERM; do
  "${external[@]}" --results gone --only test:mode=sleep 2>>log.txt &
  pid=$!
  for _ in $(seq 100); do
    pgrep -x -f 'sleep 4321' >/dev/null && break
    sleep 0.1
  done
  kill "-$signal" "$pid"
  wait "$pid" 2>/dev/null || true
  no_sleepers
done
[ ! -e gone/scratch ] || fail "an interrupted run left files behind"
mkdir -p gone/scratch/old
expect_status 0 "${external[@]}" --results gone --only test:mode=good
[ ! -e gone/scratch ] || fail "what a killed run left behind is still there"
pass "an interrupted or killed run leaves nothing of an external classifier behind"

for seed in 0 1; do
  expect_status 0 "${external[@]}" --results peers --only GaussianNB --only test.peer --jobs 1 \
    --no-share --seed "$seed"
done
[ "$(jq -r .name peers/glyphs-easy.jsonl | paste -sd' ')" = \
  "GaussianNB test.peer GaussianNB test.peer" ] || fail "a peer did not run right behind its row"
expect_status 0 "$program" peers peers
grep -q '| GaussianNB | defaults *| test.peer *|.*| *2 |$' out.txt || fail "$(cat out.txt)"
expect_status 3 "$program" peers one
expect_status 1 "${external[@]}" --results slow --only test:mode=sleep --only test:mode=good \
  --timeout 2
expect_status 0 "${external[@]}" --results slow --only test:mode=sleep --only test:mode=good \
  --timeout 2 --seed 1 --skip-exceeded slow
[ "$(jq -r .status slow/glyphs-easy.jsonl | sort | paste -sd' ')" = "ok ok timeout" ] ||
  fail "what exceeded its time ran again"
expect_status 1 "${external[@]}" --results less --only-exceeded slow --limit-train 100 --timeout 2
[ "$(jq -r '.parameter.mode' less/glyphs-easy.jsonl)" = sleep ] || fail "more than that ran on less"
pass "ours and theirs run in turn, and what exceeds a limit is left out or run on less"

small_grid=("${small[@]}" --jobs 1 --only 'SVC*' --only 'GaussianNB*' --only 'Decision*')
expect_status 0 "${small_grid[@]}" --results few --limit-train 100
expect_status 0 "$program" limits --results one
grep -q '| SVC .*| float32 arithmetic\|| SVC .*| double arithmetic' out.txt || fail "$(cat out.txt)"
grep -q '| not counted' out.txt && fail "the work of a classifier is not counted: $(cat out.txt)"
expect_status 1 "$program" limits --results nowhere
expect_status 0 "$program" scaling few one
grep -q '| Classifier .*| *100 | *600 |' out.txt ||
  fail "$(cat out.txt)"
expect_status 0 "$program" scaling --format gnuplot few one
grep -q '^plot ' out.txt || fail "$(cat out.txt)"
expect_status 2 "$program" scaling --format csv few
pass "the work of the rows is beside the machine's peaks, and their growth over two sizes"

expect_status 0 "$program" compare one one
grep -q ' tested: 0 differ in accuracy, 0 are slower, 0 faster; 0 lost, 0 added' out.txt ||
  fail "$(cat out.txt)"
cp -r one fewer
sed -i '/"name":"GaussianNB"/d' fewer/glyphs-easy.jsonl
expect_status 1 "$program" compare one fewer
grep -q '| GaussianNB .*| *lost |' out.txt || fail "$(cat out.txt)"
expect_status 0 "$program" compare fewer one --format json
expect_status 3 "$program" compare one few
grep -q 'is not the same data' err.txt || fail "$(cat err.txt)"
expect_status 2 "$program" compare one
expect_status 2 "$program" compare one one --alpha 0
pass "two results folders are compared, and a lost row is an exit status"

(cd "$root" && "$program" table --results "$folder/one" --grid tests/small.json) >table.md
grep -qi synthetic table.md || fail "the table does not say that the data is synthetic"
grep -q KNeighborsClassifier table.md || fail "the table lacks a classifier"
pass "the table says that the data is synthetic"

echo "$passed passed, 0 failed"
