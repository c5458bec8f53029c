#!/usr/bin/env bash
# docs/reliability.md: every test that it names is there, every promise names one, and its figures are
# those of tests/figures.txt and of what can be counted.
#
#   tests/reliability.sh PROGRAM
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
cd "$root"
page=docs/reliability.md

scripts/reliability --page "$folder/page.md"
cmp -s "$folder/page.md" "$page" ||
  fail "$page is not what 'make reliability' writes: $(diff "$page" "$folder/page.md" | head -n 5)"
pass "the page is that of the figures and of what can be counted"

# Words in backquotes with a slash, without what is built: files and folders, else suite/test.
# shellcheck disable=SC2016 # these are the marks of Markdown
named() {
  grep -oE '`[a-z_]+/[A-Za-z0-9_./-]+`' "$page" | tr -d '`' | grep -v '^build/' | sort -u
}
# shellcheck disable=SC2016
targets() {
  grep -oE '`make [a-z]+' "$page" | cut -d ' ' -f 2 | sort -u
}
n=0
while read -r name; do
  [ -e "$name" ] || grep -qzE "Test\(${name%/*},\s*${name#*/}[,)]" tests/test_*.c ||
    fail "$page names '$name', which is no file and no unit test"
  n=$((n + 1))
done < <(named)
[ "$n" -ge 40 ] || fail "only $n tests are named"
while read -r target; do
  grep -qE "^$target:.*##" Makefile || fail "$page names 'make $target', which the Makefile has not"
done < <(targets)
pass "the $n tests and files that are named are there"

# Of the tables of three columns the second.
# shellcheck disable=SC2016
empty_handed=$(awk -F '|' 'NF == 5 && !/^\|---/ && $2 !~ /^ (Promise|What) / &&
  $3 !~ /`[a-z_]+\/|`make / { print $2 }' "$page")
[ -z "$empty_handed" ] || fail "nothing holds this promise: $empty_handed"
[ "$(awk -F '|' 'NF == 5' "$page" | wc -l)" -ge 30 ] || fail "the tables are not found"
pass "every promise names what holds it"

figures() {
  sed -n "s/^| $1 .*| \([0-9,]*\) |.*|.*|.*|\$/\1/p" "$page" | tr -d ,
}
readers=(idx:IDX csv:CSV npy:NumPy grid:grids journal:journals reply:answers)
[ "$(find tests/malformed -name '*.json' | wc -l)" -eq ${#readers[@]} ] || fail "a reader is not in $page"
for reader in "${readers[@]}"; do
  counted=$(jq '.cases | length' "tests/malformed/${reader%:*}.json")
  [ "$(figures "${reader#*:}")" = "$counted" ] ||
    fail "$page has '$(figures "${reader#*:}")' malformed inputs of $reader, and there are $counted"
done
pass "the counts of malformed inputs are true"

# What the script does with what a test has measured: in a copy, to be changed.
mkdir "$folder/copy"
tar -cf - docs scripts/reliability tests results/processors.md | tar -C "$folder/copy" -xf -
cd "$folder/copy"
printf 'kills_survived 1234\nkills_survived 5678\nnobody_asks 1\n' >more.txt
scripts/reliability more.txt
grep -q '^kills_survived 5678$' tests/figures.txt || fail "a measured figure is not kept"
! grep -q nobody_asks tests/figures.txt || fail "a figure is kept that the page does not name"
grep -q '5,678 kills' "$page" || fail "a measured figure does not come into the page"
sed -i /kills_survived/d tests/figures.txt
! scripts/reliability 2>err.txt || fail "a page is written without one of its figures"
grep -q 'names kills_survived' err.txt || fail "$(cat err.txt)"
pass "what tests measure comes into the page, and what nobody measured is an error"

echo "$passed passed, 0 failed"
