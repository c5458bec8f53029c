#!/usr/bin/env bash
# Every command of the README runs, in a copy of the checkout whose datasets are small; what it shows
# of the committed run is what that run says.
#
#   tests/readme.sh PROGRAM
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
unset MAKEFLAGS MAKELEVEL MAKEOVERRIDES MODE

mkdir "$folder/checkout"
tar -C "$root" --exclude=./.git --exclude=./build --exclude=./data --exclude='./results/*' -cf - . |
  tar -C "$folder/checkout" -xf -
cp -r "$root/results/journals" "$folder/checkout/results"
cd "$folder/checkout"
# The program under test, packages that are there, and datasets that are small.
mkdir build "$folder/bin"
ln -s "$program" build/fmbench
ln -s "$program" "$folder/bin/fmbench"
sed -i 's/^all: .*/all:/' Makefile
for script in install-packages get-data image-test; do
  printf '#!/bin/sh\n' >"scripts/$script"
done
small_fashion_and_mnist 500 100
cp -r data/mnist data/kmnist

# Those in blocks, with their continuations, and those within sentences; no forms such as JOBS=N.
commands() {
  sed -n '/^    \(make\|build\/fmbench\|echo\|mkdir\|docker\) /{:next;/\\$/{N;s/\\\n *//;bnext;};s/^    //;s/  *# .*//;p}' \
    README.md
  # shellcheck disable=SC2016 # these are the marks of Markdown
  grep -oE '`(make|build/fmbench|fmbench) [^`]*`' README.md | tr -d '`'
}
is_form() {
  grep -qE '(^| |=)([A-Z]|[A-Z]{3,}|I/N)(\.\.\.)?( |$)|^fmbench [a-z]+$' <<<"$1"
}
# What takes long takes as long with these, on few rows.
shortened() {
  case $1 in
    "make bench"* | "make quick"*) echo "$1 RUN_OPTIONS='--only GaussianNB --only *NB'" ;;
    "make demo") echo "$1 RUN_OPTIONS='--only GaussianNB --limit-train 500'" ;;
    "make peers") echo "$1 PEERS_OPTIONS='-n 1 --only GaussianNB*'" ;;
    "make peers "*) echo "${1/-n 5/-n 1}" ;;
    "make scaling") echo "$1 SCALING_OPTIONS='-q --only GaussianNB'" ;;
    "make memory") echo "$1 MEMORY_OPTIONS=1000" ;;
    *" --n-train 8100000 "*) echo "${1/8100000/600}" ;;
    "make processors") echo "$1 PROCESSORS_OPTIONS='--settings Haswell+avx2 -- --dataset fashion --only GaussianNB --only SVC:C=1'" ;;
    "make determinism") echo "make -n determinism" ;; # `make run-tests` has it on small images
    "make page-test") echo "make -n page-test" ;; # needs a browser
    "make slurm-test") echo "make -n slurm-test" ;; # needs root, and Slurm
    # With packages that only the page needs.
    "make page") command -v esbuild >/dev/null && echo "$1" || echo "make -n page" ;;
    "make install" | "make uninstall") echo "$1 DESTDIR=$folder/installed" ;;
    *) echo "$1" ;;
  esac
}
sed -n 's/^# *//p' Dockerfile | sed ':next;/\\$/{N;s/ *\\\n */ /;bnext;}' >docker.txt
PATH=$folder/bin:$PATH
n=0
while read -r command; do
  is_form "$command" && continue
  case $command in
    "make test" | "make verify") continue ;; # this very test; the rows of other data differ
    "make asan" | "make coverage" | "make kills" | "make analyse") continue ;; # its longer forms
    "make valgrind" | "make mutations" | "make reliability") continue ;; # of the tests themselves
    "make fuzz") continue ;; # for hours
    "docker "*) # an engine is not everywhere; `make image-test` runs what the Dockerfile says
      grep -qxF "$command" docker.txt || fail "the Dockerfile does not say '$command'"
      continue ;;
  esac
  status=0
  bash -c "$(shortened "$command")" >"$folder/log.txt" 2>&1 || status=$?
  [ $status -eq 0 ] || fail "'$command' exited with $status: $(tail -n 5 "$folder/log.txt")"
  [ -z "${V:-}" ] || echo "readme: $SECONDS s: $command" >&2
  n=$((n + 1))
done < <(commands | awk '!seen[$0]++')
[ "$n" -ge 15 ] || fail "only $n commands were found"
pass "$n commands run"

# `make readme` was among them: it writes again what is committed.
for file in README.md results/table.md results/table.json; do
  cmp "$file" "$root/$file" || fail "$file is not what 'make readme' writes"
done
pass "the README and the table show the committed run"

echo "$passed passed, 0 failed"
