#!/usr/bin/env bash
# What the program says of itself: the examples of its help work, its help fits 80 columns, the
# manual page has every command and option, and the shell completes them.
#
#   tests/command_line.sh PROGRAM
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
mkdir "$folder/bin" "$folder/checkout"
ln -s "$program" "$folder/bin/fmbench"
PATH=$folder/bin:$PATH
cd "$folder/checkout"

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
small_fashion_and_mnist 600 200
fmbench run --grid "$root/tests/external.json" --only GaussianNB --only test.peer --jobs 1 \
  --no-share --results results/peers >log.txt 2>&1 || fail "$(cat log.txt)"
run_example() {
  local status=0
  bash -c "$2" >out.txt 2>err.txt || status=$?
  # What is wrong with rows and with data is what these look for.
  case $1:$status in
    *:0 | verify:1 | compare:1 | data:1) ;;
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

FMBENCH_SIMD=avx fmbench list >out.txt 2>err.txt && fail "an unknown instruction set is passed over"
grep -q "FMBENCH_SIMD is 'avx'; it takes portable, avx2 and avx512" err.txt || fail "$(cat err.txt)"
FMBENCH_SIMD=portable fmbench list >out.txt 2>err.txt || fail "$(cat err.txt)"
pass "an instruction set that is none is an error"

# As the page writes them: a hyphen that is typed is \-.
plain=$(sed 's/\\-/-/g' "$root/man/fmbench.1")
sorted() {
  printf '%s\n' "$@" | sort -u
}
for command in "${commands[@]}"; do
  options_of "$command"
done | sort -u >options.txt
sed -n 's/^\.BI* \(--[a-z-]*\)\( .*\)*$/\1/p' <<<"$plain" | sort | diff - options.txt ||
  fail "the options of the manual page are not those of the program"
sed -n '/^\.SH COMMANDS/,/^\.SH OPTIONS/s/^\.B fmbench \([a-z]*\) .*/\1/p' <<<"$plain" | sort |
  diff - <(sorted "${commands[@]}") || fail "the commands of the manual page are not the program's"
pass "the manual page has all commands and options, and no others"

# What is offered behind these words, of which the last is being typed.
completed() {
  COMP_WORDS=(fmbench "$@")
  COMP_CWORD=$#
  _fmbench
  echo "${COMPREPLY[*]}"
}
expect_completion() {
  local expected=$1 offered
  shift
  offered=$(completed "$@")
  [ "$offered" = "$expected" ] || fail "behind '$*' is offered '$offered', not '$expected'"
}
# shellcheck source=/dev/null
. "$root/completions/fmbench.bash"
[[ $(complete -p fmbench) == *'-F _fmbench fmbench' ]] || fail "no completion"
mkdir -p other/glyphs-easy other/glyphs-hard
expect_completion "${commands[*]} --help --version" ""
expect_completion "scaling" sc
for command in "${commands[@]}"; do
  mapfile -t options < <(options_of "$command")
  expect_completion "${options[*]}" "$command" --
done
expect_completion "--limit-train --limit-test" run --li
expect_completion "md csv json tex html" table --format ""
expect_completion "csv" table --format = c
expect_completion "md csv json tex html" table --format =
expect_completion "md gnuplot" scaling --results results --format ""
expect_completion "easy hard" glyphs --variant ""
expect_completion "glyphs-easy glyphs-hard" run --data other --dataset ""
expect_completion "mnist" table --dataset = m
expect_completion "" table --results nowhere --dataset ""
expect_completion "LogisticRegression LinearSVC" run --only L
expect_completion "SGDClassifier SVC" show S
expect_completion "results" compare res
expect_completion "results/peers" merge --results results/all results/pe
expect_completion "results/peers" table --results results/pe
expect_completion "reference/published.jsonl" verify --reference reference/p
expect_completion "" run --seed ""
pass "bash completes commands, options and values"

echo "$passed passed, 0 failed"
