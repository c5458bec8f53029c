#!/usr/bin/env bash
# A real Slurm on this machine, of two nodes: a grid that is submitted as a job array comes to the
# results of one machine, prediction for prediction, when nothing happens, and when a task is killed,
# a node dies, a task is pre-empted and a node is lost that runs on unseen.
#
#   tests/slurm.sh PROGRAM
#
# As root, with munge, slurmctld, slurmd and slurm-client; `make slurm-test` installs them. A node is a
# slurmd in process and host name spaces of its own, so that killing its first process kills all of it.
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
cd "$folder"
[ "$(id -u)" -eq 0 ] || fail "needs root, for slurmd and for name spaces"
export SLURM_CONF=$folder/slurm.conf FMBENCH=$program COSTS=$root/configs/costs.json
nodes=(node1 node2)
declare -A node_pid

tear_down() {
  local name
  for name in "${nodes[@]}"; do
    [ -z "${node_pid[$name]:-}" ] || kill -9 "${node_pid[$name]}" || true
  done
  for name in slurmctld munged; do
    [ ! -e "$folder/$name.pid" ] || kill -9 "$(cat "$folder/$name.pid")" || true
  done
  sleep 1
  rm -rf "$folder"
}
trap 'tear_down 2>/dev/null' EXIT

# wait_until SECONDS WHAT COMMAND...: until the command succeeds.
wait_until() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  while ! "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $end ]; then
      squeue >&2
      tail -n 5 slurmctld.log run-*/log/task-*.txt >&2
      fail "$what: not in time"
    fi
    sleep 0.2
  done
}

free_port() {
  /usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
configure() {
  cat >slurm.conf <<C
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$(free_port)
AuthInfo=socket=$folder/munge.socket,cred_expire=5
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdTimeout=10
KillWait=5
ReturnToService=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=node1 NodeAddr=127.0.0.1 Port=$(free_port) CPUs=1 RealMemory=1024
NodeName=node2 NodeAddr=127.0.0.1 Port=$(free_port) CPUs=1 RealMemory=1024
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=2 PreemptMode=OFF
C
}
start_node() {
  unshare --pid --mount-proc --fork --uts --kill-child \
    sh -c "hostname $1 && exec slurmd -D -N $1" >"out-$1.txt" 2>&1 &
  node_pid[$1]=$!
  disown
}
kill_node() {
  kill -9 "${node_pid[$1]}"
  unset "node_pid[$1]"
}
is_up() {
  sinfo --noheader --Node --nodes="$1" --format=%t | grep -qE '^(idle|mix|alloc)$'
}
start_cluster() {
  mkdir state
  (umask 077 && head -c 1024 /dev/urandom >munge.key)
  munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" \
    --pid-file="$folder/munged.pid" --seed-file="$folder/munged.seed" \
    --log-file="$folder/munged.log" 2>munged.txt
  slurmctld -i -c 2>slurmctld.txt
  local name
  for name in "${nodes[@]}"; do
    start_node "$name"
    wait_until 60 "$name comes up" is_up "$name"
  done
}

# Rows of ours, and sixteen that take three seconds each without a processor.
make_grid() {
  cat >slow <<'P'
#!/usr/bin/python3
import json, sys, time
with open(sys.argv[-1]) as file:
    r = json.load(file)
time.sleep(3)
with open(r["test_images"], "rb") as file:
    pixels = file.read()[16:]
n = r["n_features"]
with open(r["labels"], "wb") as file:
    file.write(b"\0\0\x08\x01" + r["n_test"].to_bytes(4, "big"))
    file.write(bytes(r["classes"][(sum(pixels[i * n:(i + 1) * n]) * r["parameters"]["k"] + r["seed"])
                                  % r["n_classes"]] for i in range(r["n_test"])))
with open(r["reply"], "w") as file:
    json.dump({"fit_s": 3, "predict_s": 0}, file)
P
  chmod +x slow
  jq '{classifiers: (.classifiers | {DecisionTreeClassifier, KNeighborsClassifier, GaussianNB,
        ExtraTreeClassifier, Perceptron, PassiveAggressiveClassifier}),
       external: {slow: {command: ["./slow"], parameters: [{k: [range(1; 17)]}]}}}' \
    "$root/tests/small.json" >grid.json
}
options=(--data data --dataset glyphs-easy --dataset glyphs-hard --grid grid.json)
submit() {
  "$root/scripts/slurm/submit" -n 4 -j 1 -r "$1" "${options[@]}" 2>submit.txt
}
collect() {
  local status=0
  "$root/scripts/slurm/collect" "$1" >out.txt 2>err.txt || status=$?
  [ "$status" -eq "$2" ] || fail "collect exited with $status, not $2: $(cat err.txt)"
}
queue_is_empty() {
  [ -z "$(squeue --noheader)" ]
}
# Of a task of the array: its state, its node, how often it was requeued.
state_is() {
  [ "$(squeue --noheader --array --states=all --jobs="$1_$2" --format=%T)" = "$3" ]
}
node_of() {
  squeue --noheader --jobs="$1_$2" --format=%N
}
is_on_another_node() {
  state_is "$1" "$2" RUNNING && [ "$(node_of "$1" "$2")" != "$3" ]
}
has_finished() {
  [ "$(cat "run-2/shard-$1"/*.jsonl 2>/dev/null | wc -l)" -ge "$2" ]
}
# The run of a shard, of the attempt that is under way. All nodes' processes are seen from here.
run_of() {
  pgrep -o -f "^run-2/fmbench run .*--results run-2/shard-$1 "
}
# Stops the run of a shard when it has finished two cells, so that it is met in the middle.
hold() {
  wait_until 600 "two cells of shard $1" has_finished "$1" 2
  kill -STOP "$(run_of "$1")"
  touch "held-$1"
}
# What a shard has finished, to be found again at the end.
keep() {
  mkdir "kept-$1"
  cp "run-2/shard-$1"/*.jsonl "kept-$1/"
  n_kept=$((n_kept + $(cat "kept-$1"/*.jsonl | wc -l)))
}
same() {
  cmp -s <(content_anywhere "$1") <(content_anywhere "$2") ||
    fail "$1 and $2 differ: $(diff <(content_anywhere "$1") <(content_anywhere "$2") | head -5)"
}
# The nodes have host names of their own.
content_anywhere() {
  content "$1" | sed -E 's/"host":"[^"]*"//'
}

configure
start_cluster
pass "$(slurmd -V), ${#nodes[@]} nodes; $("$program" --version)"

"$program" glyphs --data data --n-train 300 --n-test 100 2>log.txt
"$program" glyphs --data data --variant hard --n-train 300 --n-test 100 2>log.txt
make_grid
"$program" run "${options[@]}" --results whole --jobs 4 2>>log.txt || fail "$(tail -3 log.txt)"
n=$(cat whole/*.jsonl | wc -l)

# Nothing happens.
job=$(submit run-1) || fail "$(cat submit.txt)"
submit run-1 && fail "what is in the queue was submitted again"
wait_until 600 "job $job" queue_is_empty
collect run-1 0
same run-1 whole
[ "$(jq -r .host run-1/*.jsonl | sort -u | paste -sd' ')" = "node1 node2" ] || fail "not on two nodes"
[ -z "$(submit run-1)" ] || fail "what is finished was submitted again"
pass "an array of four tasks on two nodes comes to the $n cells of one machine, prediction for prediction"

n_kept=0
job=$(submit run-2) || fail "$(cat submit.txt)"
for shard in 1 2 3 4; do
  hold "$shard" &
done

# A task is killed: Slurm takes it for failed.
wait_until 120 "shard 1 is in its middle" test -e held-1
keep 1
kill -9 "$(run_of 1)"
wait_until 60 "task 1 has failed" state_is "$job" 1 FAILED
pass "a task was killed, with $(cat kept-1/*.jsonl | wc -l) cells of its shard finished"

# Another job comes first.
wait_until 120 "shard 3 is in its middle" test -e held-3
keep 3
sbatch --parsable --partition=urgent --nodelist="$(node_of "$job" 3)" --output=urgent.txt \
  --mem=1024 --wrap 'sleep 5' >urgent-job.txt
wait_until 60 "task 3 is requeued" state_is "$job" 3 PENDING
pass "a task was pre-empted, with $(cat kept-3/*.jsonl | wc -l) cells of its shard finished, and requeued"

# A node dies, with all that is on it.
wait_until 120 "shard 2 is in its middle" test -e held-2
keep 2
node=$(node_of "$job" 2)
kill_node "$node"
wait_until 120 "task 2 is requeued" state_is "$job" 2 PENDING
start_node "$node"
wait_until 60 "$node comes up again" is_up "$node"
pass "$node died, with $(cat kept-2/*.jsonl | wc -l) cells of a shard finished: its task was requeued"

# A node is lost to the others; what it runs goes on, and meets the attempt that took its place.
wait_until 240 "shard 4 is in its middle" test -e held-4
keep 4
node=$(node_of "$job" 4)
lost=$(pgrep -f "^slurmd -D -N $node\$")
unseen=$(run_of 4)
kill -STOP "$lost"
wait_until 240 "task 4 is on another node than $node" is_on_another_node "$job" 4 "$node"
wait_until 60 "task 4 goes on" has_finished 4 $(($(cat kept-4/*.jsonl | wc -l) + 1))
kill -CONT "$unseen"
wait_until 60 "the run that was given up ends" test ! -e "/proc/$unseen"
grep -q 'was removed or replaced during the run' run-2/log/task-4.txt ||
  fail "the run that was given up did not see it: $(cat run-2/log/task-4.txt)"
kill -CONT "$lost"
pass "$node was lost and its run given up: it ended when it met the one in its place"

wait_until 600 "job $job" queue_is_empty
collect run-2 1
grep -qE ' [1-9][0-9]* are left$' err.txt || fail "collect does not say what is left: $(cat err.txt)"
again=$(submit run-2) || fail "$(cat submit.txt)"
[ "$(squeue --noheader --array --jobs="$again" --format=%K)" = 1 ] || fail "not the killed task alone"

# A task is told to stop, as it is a minute before its time is up.
wait_until 120 "task 1 goes on" has_finished 1 $(($(cat kept-1/*.jsonl | wc -l) + 1))
scancel --batch --signal=TERM "${again}_1"
wait_until 60 "task 1 has stopped" state_is "$again" 1 FAILED
grep -q 'stopped by Terminated; the same command continues' run-2/log/task-1.txt ||
  fail "task 1 was not stopped: $(cat run-2/log/task-1.txt)"
[ "$(jq -r .status run-2/shard-*/*.jsonl | sort -u)" = ok ] || fail "a cell that was stopped is recorded"
again=$(submit run-2) || fail "$(cat submit.txt)"
wait_until 300 "job $again" queue_is_empty
collect run-2 0
pass "the same line runs what is left: first of the task that was killed, then of the same, told to stop"
same run-2 whole
for shard in 1 2 3 4; do
  for name in glyphs-easy glyphs-hard; do
    cmp -s -n "$(stat -c %s "kept-$shard/$name.jsonl")" {"kept-$shard","run-2/shard-$shard"}/$name.jsonl ||
      fail "what shard $shard had finished of $name is not there any more"
  done
done
[ "$(jq -r .cell run-2/shard-*/*.jsonl | sort | uniq -d | wc -l)" -eq 0 ] || fail "a cell ran twice"
figure slurm_cells_same "$n"
pass "after all of that the same $n cells, prediction for prediction; none of the $n_kept that were finished ran twice"

echo "$passed passed, 0 failed"
