#!/usr/bin/env bash
# `fmbench data check` from outside: what it says of datasets, and its exit status.
#
#   tests/data_check.sh PROGRAM
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
cd "$folder"
mkdir configs

# expect STATUS ARGUMENT...: `fmbench data ARGUMENT...` exits with it; what it says is in out.txt.
expect() {
  local expected=$1 status=0
  shift
  "$program" data "$@" >out.txt 2>err.txt || status=$?
  [ "$status" -eq "$expected" ] || fail "data $* exited with $status: $(cat out.txt err.txt)"
}

"$program" glyphs --n-train 600 --n-test 100 2>/dev/null
mv data/glyphs-easy data/one
echo '{}' >configs/datasets.json
expect 0 check one
grep -q '600 training rows, 100 rows of t10k, 28 x 28 pixels, 10 classes' out.txt || fail "$(cat out.txt)"
content=$(sed -n 's/^ *content *//p' out.txt)
[ ${#content} -eq 64 ] || fail "no hash of the content: $(cat out.txt)"
pass "a dataset without anything suspicious"

echo "{\"one\": {\"content\": \"$content\"}, \"two\": {\"title\": \"no content\"}}" >configs/datasets.json
cp -r data/one data/two
expect 0 check one two
grep -q 'note *the content is that of one' out.txt || fail "$(cat out.txt)"
echo "{\"one\": {\"content\": \"$content\"}, \"two\": {\"content\": \"0\"}}" >configs/datasets.json
expect 1 check two
grep -q 'warning *the content is that of one, not that of two' out.txt || fail "$(cat out.txt)"
gunzip data/two/*.gz
expect 1 check two
grep -q 'warning *the content is that of one, not that of two' out.txt || fail "$(cat out.txt)"
pass "one dataset under the name of another, however it is packed"

cp data/one/train-images-idx3-ubyte.gz data/one/train-labels-idx1-ubyte.gz data/two
for kind in images-idx3 labels-idx1; do
  rm data/two/*-"$kind"-ubyte
  cp "data/one/train-$kind-ubyte.gz" "data/two/t10k-$kind-ubyte.gz"
done
expect 1 check two
grep -q 'warning *600 of 600 rows of t10k have the image of a training row' out.txt || fail "$(cat out.txt)"
expect 3 check missing
expect 3 check missing one
grep -q '^one: ' out.txt || fail "a dataset behind one that is missing is not looked at"
expect 2
expect 2 chek one
expect 2 check one --alpha 1
echo '[' >configs/datasets.json
expect 2 check one
grep -q 'configs/datasets.json' err.txt || fail "$(cat err.txt)"
pass "exit status of what is wrong"

echo '{}' >configs/datasets.json
expect 0 export one exported
[ "$(find exported -type f -printf '%f\n' | sort | tr '\n' ' ')" = "t10k-images-idx3-ubyte \
t10k-labels-idx1-ubyte train-images-idx3-ubyte train-labels-idx1-ubyte " ] || fail "$(ls exported)"
content_of() {
  "$program" data check "$1" --data "${2:-data}" | sed -n 's/^ *content *//p'
}
[ "$(content_of exported .)" = "$content" ] || fail "what is exported has another content"
expect 0 export one exported # into a folder that is there
expect 3 export missing elsewhere
[ ! -e elsewhere ] || fail "a folder for a dataset that is not there"
expect 1 export one no/such/folder
expect 2 export one
pass "a dataset is exported with the same content"

echo '{"one": {"transposed": true}}' >configs/datasets.json
[ "$(content_of one)" != "$content" ] || fail "the stanza does not transpose the images"
expect 0 export one turned
echo '{"turned": {"transposed": true}}' >configs/datasets.json
[ "$(content_of turned .)" = "$content" ] || fail "twice transposed is not as before"
echo '{"one": {"transposed": 1}}' >configs/datasets.json
expect 2 check one
grep -q 'configs/datasets.json: one: transposed: expected true or false' err.txt || fail "$(cat err.txt)"
"$program" run --dataset one --only GaussianNB --results turned 2>err.txt &&
  fail "a run passes over a malformed configs/datasets.json"
pass "a stanza says whether images are transposed"

expect_real() {
  expect 0 check "$1" --data "$2"
  ! grep -q warning out.txt || fail "$(cat out.txt)"
}
cp "$root/configs/datasets.json" configs
real=$root/../shared/data
if [ -e "$real/fashion/train-images-idx3-ubyte.gz" ] && [ -e "$real/mnist/train-images-idx3-ubyte.gz" ]; then
  expect_real fashion "$real"
  expect_real mnist "$real"
  mkdir swapped
  ln -s "$(realpath "$real")/mnist" swapped/fashion
  expect 1 check fashion --data swapped
  grep -q 'warning *the content is that of mnist, not that of fashion' out.txt || fail "$(cat out.txt)"
  pass "the real datasets, and MNIST as Fashion-MNIST"
fi
