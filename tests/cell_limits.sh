#!/usr/bin/env bash
# Limits of time and memory from outside: commands that go wrong in each way, each between cells that
# do not. A cell that exceeds a limit ends within two seconds, all its processes are gone when the
# run ends, and the others are not touched.
#
#   tests/cell_limits.sh PROGRAM
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
cd "$folder"

factor=${TIME_FACTOR:-1} # a whole number, where the machine is busy: tests/time_limits.c
within_ms=$((2000 * factor)) timeout_ms=$((1000 * factor))
near=$folder/near
export NEAR=$near

# grid MODE: the command in that mode between two cells that are well.
grid() {
  jq -n --arg command "$root/tests/cell_limits_command" --arg mode "$1" \
    '{classifiers: {GaussianNB: []},
      external: {test: {command: [$command], parameters: [{mode: [$mode, "good"]}]}}}'
}

# run_mode MODE: the run, and in `late_ms` how long it went on after what the command noted.
run_mode() {
  local status=0
  rm -f "$near"
  grid "$1" >grid.json
  "$program" run --data data --dataset glyphs-easy --grid grid.json --results "$1" --jobs 2 \
    --timeout $((timeout_ms / 1000)) --memory 700M 2>err.txt || status=$?
  local end_ms
  end_ms=$(date +%s%3N)
  if pgrep -f "$folder/$1/scratch" >/dev/null; then
    pkill -KILL -f "$folder/$1/scratch"
    fail "$1: processes of the command are still there"
  fi
  [ "$status" -eq 1 ] || fail "$1: exited with $status: $(cat err.txt)"
  [ -s "$near" ] || fail "$1: the command did not start: $(cat err.txt)"
  late_ms=$((end_ms - $(cat "$near")))
}

# expect MODE PATTERN: how the cell ends; the others are well, and no file is left.
expect() {
  local outcome
  outcome=$(jq -r --arg mode "$1" 'select(.parameter.mode == $mode) | .status + ": " + .reason' \
    "$1/glyphs-easy.jsonl")
  # shellcheck disable=SC2053 # a pattern it is
  [[ $outcome == $2 ]] || fail "$1: $outcome"
  [ "$(jq -c --arg mode "$1" 'select(.parameter.mode != $mode) | .status' "$1/glyphs-easy.jsonl" |
    paste -sd' ')" = '"ok" "ok"' ] || fail "$1: another cell was not ok"
  [ ! -e "$1/scratch" ] || fail "$1: files of the command are still there"
  n_modes=$((n_modes + 1))
}

longest_ms=0 n_modes=0
in_time() {
  [ "$2" -le "$within_ms" ] || fail "$1: ended $2 ms after its limit"
  [ "$2" -le "$longest_ms" ] || longest_ms=$2
}

"$program" glyphs --data data --n-train 200 --n-test 100 2>/dev/null

for mode in ignore tree daemon chain stop stop_worker babble close; do
  run_mode "$mode"
  in_time "$mode" $((late_ms - timeout_ms))
  expect "$mode" "timeout: exceeded $factor seconds"
done
pass "a limit of time ends a command that ignores signals, multiplies, hides, stops, or babbles"

for mode in fill fill_shared fill_in_grandchild fill_in_daemon fill_fast; do
  timeout_ms=30000 run_mode "$mode"
  in_time "$mode" "$late_ms"
  expect "$mode" "out_of_memory: *"
done
pass "a limit of memory ends a command that fills it, in whichever process, shared, or at once"
figure seconds_beyond_a_limit "$((longest_ms / 1000)).$(printf %03d $((longest_ms % 1000)))"

while read -r mode pattern; do
  run_mode "$mode"
  expect "$mode" "$pattern"
done <<'END'
segv crashed: the command ended by signal 11 (Segmentation fault)
abort crashed: the command ended by signal 6 (Aborted)
fpe crashed: the command ended by signal 8 (Floating point exception)
kill_worker crashed: signal 9 (Killed)
exit failed: bad reply: there is no reply.json*
long_reply failed: bad reply: reply.json has more than 65536 bytes
long_labels failed: bad reply: *
END
pass "a command that crashes, ends early, answers too much or kills its worker ends its cell alone"
figure commands_that_misbehave "$n_modes"

grid exit >grid.json
"$program" run --data data --dataset glyphs-easy --grid grid.json --only GaussianNB --results held \
  --jobs 2 --memory 900T 2>err.txt
grep -q '^held back: 1 at once, not 2: each may hold 921600.0 GiB' err.txt || fail "$(cat err.txt)"
grep -q '^1 at once with 1 thread each, at most ' err.txt || fail "$(cat err.txt)"
limits=$(jq '.environment | .jobs == 1 and (.memory_limit_bytes | . > 0 and . < 1e15)' held/*.jsonl)
[ "$limits" = true ] || fail "not the limits that it ran with: $(jq -c .environment held/*.jsonl)"
"$program" list --plan --data data --dataset glyphs-easy --grid grid.json --only GaussianNB \
  --results nothing --jobs 2 >out.txt 2>err.txt
if grep 'held back' err.txt; then fail "two small cells do not fit this machine"; fi
pass "a run starts no more workers than fit the machine, and says so"

echo "$passed passed, 0 failed"
