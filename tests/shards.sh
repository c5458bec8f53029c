#!/usr/bin/env bash
# Shards of a plan are the plan, and merged they are the results of one run, prediction for
# prediction. A merge refuses what does not belong together, changes nothing the second time, and
# killed at any point leaves each journal as it was or whole.
#
#   tests/shards.sh PROGRAM
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

expect_said() {
  grep -qF -- "$1" err.txt || fail "no word of '$1' in: $(cat err.txt)"
}
same() {
  cmp -s <(content "$1") <(content "$2") || fail "$1 and $2 differ: $(diff <(content "$1") <(content "$2") | head -5)"
}
# The files of a folder with their content and when they were written.
state() {
  (cd "$1" && find . -type f -printf '%p %i %T@\n' -exec sha256sum {} + | sort)
}
grid=(--data data --grid "$root/tests/small.json" --costs "$root/configs/costs.json")
small_fashion_and_mnist 300 100

# All cells of plans, or those of each fit, one a line.
cells() {
  jq -c '.fits[].cells[]' "$@" | sort
}
fits() {
  jq -c '.fits[].cells | sort' "$@" | sort
}
for n in 1 2 7; do
  rm -f plan-*.json
  for i in $(seq "$n"); do
    "$program" list --plan "${grid[@]}" --shard "$i/$n" --format json >"plan-$i.json"
  done
  [ "$n" -gt 1 ] || cp plan-1.json whole.json
  cmp -s <(cells plan-*.json) <(cells whole.json) || fail "$n shards are not the plan"
  cmp -s <(fits plan-*.json) <(fits whole.json) || fail "a fit is cut in $n shards"
done
[ "$(jq -r '.n_cells' whole.json)" -eq "$(cells whole.json | wc -l)" ] || fail "n_cells is wrong"
"$program" list --plan "${grid[@]}" --shard 2/3 | grep -q '^expected: ' || fail "no plan of a shard"
expect_status 2 "$program" list --plan "${grid[@]}" --format csv
expect_said "it takes json"
pass "1, 2 and 7 shards are the plan, and no fit is cut"

expect_status 0 "$program" run "${grid[@]}" --results whole --jobs 2
for i in 1 2 3; do
  expect_status 0 "$program" run "${grid[@]}" --results "shard-$i" --shard "$i/3"
  [ "$(cat "shard-$i"/*.jsonl | wc -l)" -lt "$(cat whole/*.jsonl | wc -l)" ] || fail "shard $i is all"
done
expect_status 0 "$program" run "${grid[@]}" --results shard-1 --shard 1/3
expect_said "0 cells to run"
n=$(cat whole/*.jsonl | wc -l)
expect_status 0 "$program" merge --results merged shard-1 shard-2 shard-3
expect_said "merged: $n cells added, 0 in place of some that did not end well, 0 were there"
same merged whole
[ "$(wc -l <merged/log/runs.jsonl)" -eq 3 ] || fail "the log of runs has not those of the shards"
figure merged_cells_same "$n"
pass "three shards merged are the $n cells of one run, prediction for prediction"

state merged >before.txt
expect_status 0 "$program" merge --results merged shard-3 merged shard-1 shard-2 shard-2
expect_said "0 cells added, 0 in place of some that did not end well, $n were there"
state merged | cmp -s before.txt - || fail "a second merge changes: $(state merged | diff before.txt -)"
expect_status 0 "$program" run "${grid[@]}" --results merged
expect_said "0 cells to run"
expect_status 0 "$program" merge --results stepwise shard-2
expect_status 0 "$program" merge --results stepwise shard-1
expect_status 0 "$program" merge --results stepwise shard-3
same stepwise whole
pass "a second merge changes nothing, and one by one comes to the same"

# refused STATUS WORDS ARGUMENT...: nothing is written, neither into what is there nor anew.
refused() {
  local status=$1 words=$2
  shift 2
  state merged >before.txt
  expect_status "$status" "$program" merge --results merged "$@"
  expect_said "$words"
  state merged | cmp -s before.txt - || fail "a refused merge changes: $(state merged | diff before.txt -)"
  expect_status "$status" "$program" merge --results new shard-1 shard-2 shard-3 "$@"
  [ ! -e new ] || fail "a refused merge makes a folder"
}
# edit FOLDER FILTER: a copy of shard-1 as FOLDER, its records of fashion through jq.
edit() {
  rm -rf "$1"
  cp -r shard-1 "$1"
  jq -cS "$2" shard-1/fashion.jsonl >"$1/fashion.jsonl"
}
cp -r shard-1 spoilt
file=$(jq -r .predictions shard-1/fashion.jsonl | head -1)
/usr/bin/python3 - "spoilt/$file" <<'P'
import gzip, sys
with gzip.open(sys.argv[1]) as file:
    content = bytearray(file.read())
content[-1] ^= 1
with gzip.open(sys.argv[1], "wb") as file:
    file.write(content)
P
refused 1 "nothing was merged" spoilt
expect_said "spoilt"
expect_said "shard-1"
edit scores 'if input_line_number == 1 then .score[0] |= . / 2 | .mean_accuracy = .score[0] else . end'
refused 1 "scores differ in what" scores
pass "one label or one score that differs is a conflict, and nothing is written"

edit data_ '.dataset.hash |= gsub("[0-9]"; "0")'
refused 3 "is not of the same data as" data_
edit data_ '.n_train = 299'
refused 3 "is not of the same data as" data_ --mixed
edit program '.environment.source = "aa" | .cell |= gsub("[0-9]"; "0") | del(.predictions)'
refused 3 "records of another program" program
cp -r merged other
expect_status 0 "$program" merge --results other --mixed program
expect_said "$(wc -l <program/fashion.jsonl) cells added"
edit astray 'if input_line_number == 1 then .predictions = "fashion.jsonl" else . end'
refused 3 "where a run writes 'predictions/fashion/" astray
cp -r shard-1 lost
rm "lost/$file"
refused 3 "$file" lost
mkdir nothing
refused 3 "no journal" nothing
refused 1 "cannot read the folder nowhere" nowhere
expect_status 2 "$program" merge --results merged
echo "{" >nothing/fashion.jsonl
refused 3 "nothing/fashion.jsonl:1" nothing
pass "other data, other programs, lost and misplaced labels, and folders without journals are refused"

# A row that did not end well in one folder and did in the other, either first.
edit bad 'if input_line_number == 1 then {cell, name, parameter, dataset, n_train, n_test, seed,
  threads, start_time, done_time, host, version, environment, status: "timeout", num_repeat: 0,
  reason: "exceeded"} else . end'
for order in "bad shard-1" "shard-1 bad"; do
  rm -rf either
  # shellcheck disable=SC2086 # two folders
  expect_status 0 "$program" merge --results either $order shard-2 shard-3
  same either whole
done
rm -rf either
expect_status 0 "$program" merge --results either bad shard-2
[ "$(jq -r 'select(.status != "ok") | .status' either/fashion.jsonl)" = timeout ] || fail "no timeout"
expect_status 0 "$program" merge --results either shard-1 shard-3
expect_said "1 in place of some that did not end well"
expect_status 0 "$program" run "${grid[@]}" --results either
expect_said "0 cells to run"
state either >before.txt
expect_status 0 "$program" merge --results either shard-1 bad
state either | cmp -s before.txt - || fail "a merge of what is there changes it"
pass "a record that is ok comes in the place of one that is not, and never the other way"

cp -r shard-1 torn
printf '{"cell":"torn' >>torn/fashion.jsonl
rm -rf either
expect_status 0 "$program" merge --results either shard-2 torn shard-3
expect_said "torn/fashion.jsonl: the last line is torn; its 13 bytes are passed over"
same either whole
rm -rf either
expect_status 0 "$program" merge --results torn shard-2 shard-3
same torn whole
pass "torn last lines are passed over, of what is merged and of what is merged into"

for held in shard-2 merged; do
  flock "$held/.lock" sleep 60 &
  holder=$!
  for _ in $(seq 100); do
    [ ! -e "$held/.lock" ] || flock -n "$held/.lock" true || break
    sleep 0.05
  done
  status=0
  "$program" merge --results merged shard-1 shard-2 2>err.txt || status=$?
  kill "$holder"
  wait "$holder" 2>/dev/null || true
  [ "$status" -eq 1 ] || fail "$held is merged while it is in use: $status"
  expect_said "$held is in use by another run"
  rm -f "$held/.lock"
done
pass "a folder that is in use is not merged, nor merged into"

# A run that was given up and goes on, when another has taken its lock and its folder.
external=("${grid[@]}" --dataset fashion --grid "$root/tests/external.json" --only test:mode=good
  --only test:mode=noise --only test:mode=exit --jobs 1 --results taken)
"$program" run "${external[@]}" 2>given-up.txt &
given_up=$!
for _ in $(seq 600); do
  [ ! -s taken/fashion.jsonl ] || break
  sleep 0.05
done
kill -STOP $given_up
rm taken/.lock
expect_status 1 "$program" run "${external[@]}"
mkdir -p taken/scratch/of-another
cp taken/fashion.jsonl before.txt
kill -CONT $given_up
status=0
wait $given_up || status=$?
[ "$status" -eq 1 ] || fail "a run that lost its lock exited with $status"
cat given-up.txt >err.txt
expect_said "taken was removed or replaced during the run"
cmp -s before.txt taken/fashion.jsonl || fail "a run that lost its lock goes on writing"
[ -d taken/scratch/of-another ] || fail "a run that lost its lock removes what is another's"
pass "a run that was given up writes nothing any more into what another has taken"

# What is sent to all processes of a job, as Slurm does, reaches a worker before its parent.
signalled=("$program" run "${grid[@]}" --dataset fashion --grid "$root/tests/external.json"
  --only test:mode=sleep --jobs 1 --results signalled)
for to_parent in yes ''; do
  "${signalled[@]}" 2>err.txt &
  run=$!
  for _ in $(seq 600); do
    compgen -G "signalled/scratch/$run-*" >/dev/null && break
    sleep 0.05
  done
  status=0
  kill "$(tr -d ' ' <"/proc/$run/task/$run/children")"
  [ -z "$to_parent" ] || { sleep 0.2 && kill $run; } || true
  wait $run || status=$?
  if [ -n "$to_parent" ]; then
    [ "$status" -eq 143 ] || fail "a run that was stopped exited with $status"
    [ ! -s signalled/fashion.jsonl ] || fail "recorded: $(cat signalled/fashion.jsonl)"
  else
    [ "$status" -eq 1 ] || fail "a run whose worker was killed exited with $status"
    [ "$(jq -r .reason signalled/fashion.jsonl)" = "signal 15 (Terminated)" ] || fail "no crash"
  fi
done
pass "a signal to all processes of a run is no fault of its cells, and one to a worker alone is"

# Killed before each file gets its name, and before each is synced.
cat >killed.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void pass(void)
{
    static int n;
    if (++n == atoi(getenv("KILLED_AT")))
        kill(getpid(), SIGKILL);
}
int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    pass();
    return real(from, to);
}
int fsync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    pass();
    return real(fd);
}
C
${CC:-cc} -shared -fPIC -o killed.so killed.c -ldl
few=("${grid[@]}" --only GaussianNB --only 'Perceptron*' --only 'ExtraTree*')
for i in 1 2; do
  expect_status 0 "$program" run "${few[@]}" --results "few-$i" --shard "$i/2"
done
expect_status 0 "$program" merge --results few few-1 few-2
n_killed=0
for ((at = 1; ; at++)); do
  rm -rf killed
  cp -r few-1 killed
  status=0
  { # bash has a word to say as well
    KILLED_AT=$at LD_PRELOAD=$PWD/killed.so ASAN_OPTIONS=verify_asan_link_order=0 \
      "$program" merge --results killed few-2 || status=$?
  } 2>err.txt
  [ "$status" -ne 0 ] || break
  [ "$status" -eq 137 ] || fail "the merge that is to be killed at $at exits with $status: $(cat err.txt)"
  for name in fashion mnist; do
    cmp -s "killed/$name.jsonl" "few/$name.jsonl" || cmp -s "killed/$name.jsonl" "few-1/$name.jsonl" ||
      fail "killed at $at: the journal of $name is neither as it was nor whole"
    jq -r 'select(.predictions) | .predictions' "killed/$name.jsonl" | while read -r file; do
      cmp "killed/$file" "few/$file" || fail "killed at $at: $file"
    done
  done
  expect_status 0 "$program" merge --results killed few-2
  same killed few
  n_killed=$((n_killed + 1))
done
[ "$n_killed" -ge 12 ] || fail "the merge was killed at only $n_killed places"
figure merges_killed "$n_killed"
pass "killed at each of $n_killed places, a merge leaves each journal as it was or whole, and is completed"

echo "$passed passed, 0 failed"
