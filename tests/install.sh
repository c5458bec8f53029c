#!/usr/bin/env bash
# An installed program, in a folder of its own: it finds what comes with it from anywhere, and after
# uninstalling nothing is left.
#
#   tests/install.sh PROGRAM
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"

# The program under test, whichever build it is.
make -C "$root" --no-print-directory -s install -o all PROGRAM="$program" DESTDIR="$folder" \
  PREFIX=/opt/here
mkdir "$folder/empty"
cd "$folder/empty"
installed=$folder/opt/here/bin/fmbench
"$installed" list >list.txt || fail "the published grid was not found"
grep -q '^143 points: 129 planned' list.txt || fail "$(tail -n 1 list.txt)"
"$installed" glyphs --data data --n-train 100 --n-test 20 >/dev/null 2>&1
"$installed" run --data data --dataset glyphs-easy --only 'GaussianNB*' >run.txt 2>&1 ||
  fail "$(cat run.txt)"
"$installed" table >table.md || fail "the published table was not found"
grep -q '^| GaussianNB ' table.md || fail "$(cat table.md)"
"$installed" list --plan --data data --dataset glyphs-easy >plan.txt 2>&1 || fail "$(cat plan.txt)"
make -C "$root" --no-print-directory -s uninstall DESTDIR="$folder" PREFIX=/opt/here
[ -z "$(find "$folder/opt" -type f)" ] || fail "left behind: $(find "$folder/opt" -type f)"
echo "install: the program finds its files wherever it is installed, and uninstalls"
