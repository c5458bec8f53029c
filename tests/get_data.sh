#!/bin/bash
# Tests of scripts/get-data, on a copy of it with a list of datasets of its own: no network.
# Prints each failure and exits 1 if there was one.
set -uo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
failures=0
status=0
unset DATA_MIRRORS

fail() {
    printf 'get_data.sh: %s: %s\n' "$test_name" "$*" >&2
    sed 's/^/    | /' "$work/log" >&2
    failures=$((failures + 1))
}

# run [VARIABLE=VALUE]... ARGUMENT...: the script; its status in $status, its messages in the log.
run() {
    local -a settings=()
    while [[ ${1-} == *=* ]]; do
        settings+=("$1")
        shift
    done
    status=0
    env "${settings[@]}" "$project/scripts/get-data" "$@" >"$work/log" 2>&1 || status=$?
}

expect_status() { [[ $status == "$1" ]] || fail "expected status $1, found $status"; }
expect_said() { grep -qF -- "$1" "$work/log" || fail "expected a message with: $1"; }
expect_silence() { [[ ! -s $work/log ]] || fail "expected no message"; }
expect_content() { [[ $(cat -- "$1" 2>&1) == "$2" ]] || fail "$1: expected the content: $2"; }
expect_only() { # FOLDER NAME...: these files and no other, hidden ones included
    local found
    found=$(cd -- "$1" && find . -mindepth 1 -printf '%P\n' | sort | tr '\n' ' ')
    [[ $found == "$2" ]] || fail "$1: expected the files: $2; found: $found"
}

# Every test starts with a project that knows the dataset "two", of two files, and an empty mirror.
start() {
    test_name=$1
    rm -rf -- "$work/project" "$work/mirror" "$work/data" "$work/origin"
    project=$work/project
    mkdir -p "$project/scripts" "$project/configs" "$work/mirror/two" "$work/origin" "$work/shared"
    cp -- "$root/scripts/get-data" "$project/scripts/"
    sum_a=$(printf 'content of a' | md5sum | cut -d' ' -f1)
    sum_b=$(printf 'content of b' | md5sum | cut -d' ' -f1)
    sum_wrong=$(printf 'something else' | md5sum | cut -d' ' -f1)
    jq -n --arg a "$sum_a" --arg b "$sum_b" --arg origin "file://$work/origin/" \
        '{two: {urls: [$origin], files: [{name: "a.gz", md5: $a}, {name: "b.gz", md5: $b}]},
          made: {generated: {variant: "easy"}}}' >"$project/configs/datasets.json"
}

start "a mirror folder has the files"
printf 'content of a' >"$work/mirror/two/a.gz"
printf 'content of b' >"$work/mirror/two/b.gz"
chmod 400 "$work/mirror/two/a.gz"
run DATA_MIRRORS="$work/mirror" -d "$work/data" two
expect_status 0
expect_content "$work/data/two/a.gz" "content of a"
expect_content "$work/data/two/b.gz" "content of b"
expect_only "$work/data" "two two/a.gz two/b.gz "
[[ $(stat -c %a "$work/data/two/a.gz") == $(printf '%o' $((0666 & ~$(umask)))) ]] ||
    fail "the file does not have the permissions of a new file"

test_name="files that are there are left alone"
before=$(stat -c '%i %y' "$work/data/two/a.gz")
run DATA_MIRRORS=/nowhere -d "$work/data" two
expect_status 0
expect_silence
[[ $(stat -c '%i %y' "$work/data/two/a.gz") == "$before" ]] || fail "the file was replaced"

start "the default mirror is ../shared/data and the default destination is data"
mkdir -p "$work/shared/data/two"
printf 'content of a' >"$work/shared/data/two/a.gz"
printf 'content of b' >"$work/shared/data/two/b.gz"
run two
expect_status 0
expect_content "$project/data/two/a.gz" "content of a"
rm -rf "$work/shared/data"

start "a wrong file in a mirror is named and the next place is tried"
printf 'something else' >"$work/mirror/two/a.gz"
printf 'content of b' >"$work/mirror/two/b.gz"
printf 'content of a' >"$work/origin/a.gz"
run DATA_MIRRORS="/nowhere $work/mirror" -d "$work/data" two
expect_status 0
expect_said "/nowhere/two/a.gz: no such file"
expect_said "$work/mirror/two/a.gz: wrong file: expected MD5 $sum_a, found $sum_wrong"
expect_said "$work/data/two/a.gz: from file://$work/origin/a.gz"
expect_content "$work/data/two/a.gz" "content of a"
expect_only "$work/data" "two two/a.gz two/b.gz "

start "a mirror may be a URL"
printf 'content of a' >"$work/mirror/two/a.gz"
printf 'content of b' >"$work/mirror/two/b.gz"
run DATA_MIRRORS="file://$work/mirror/" -d "$work/data" two
expect_status 0
expect_said "$work/data/two/b.gz: from file://$work/mirror/two/b.gz"
expect_content "$work/data/two/b.gz" "content of b"

start "a file that is nowhere: the others are still fetched"
printf 'content of b' >"$work/mirror/two/b.gz"
run DATA_MIRRORS="$work/mirror" -d "$work/data" two
expect_status 3
expect_said "$work/data/two/a.gz: could not be had; tried: $work/mirror/two/a.gz file://$work/origin/a.gz"
expect_said "set DATA_MIRRORS"
expect_only "$work/data" "two two/b.gz "

start "only wrong files: none is kept under the real name"
printf 'something else' >"$work/mirror/two/a.gz"
printf 'something else' >"$work/origin/a.gz"
printf 'content of b' >"$work/origin/b.gz"
run DATA_MIRRORS="$work/mirror" -d "$work/data" two
expect_status 3
expect_said "file://$work/origin/a.gz: wrong file: expected MD5 $sum_a, found $sum_wrong"
expect_only "$work/data" "two two/b.gz "

start "a wrong file in the destination is reported and replaced"
mkdir -p "$work/data/two"
printf 'something else' >"$work/data/two/a.gz"
printf 'content of a' >"$work/mirror/two/a.gz"
printf 'content of b' >"$work/mirror/two/b.gz"
run DATA_MIRRORS="$work/mirror" -d "$work/data" two
expect_status 0
expect_said "$work/data/two/a.gz: wrong file: expected MD5 $sum_a, found $sum_wrong"
expect_content "$work/data/two/a.gz" "content of a"

start "an interrupted transfer leaves nothing behind"
mkfifo "$work/mirror/two/a.gz"
DATA_MIRRORS="file://$work/mirror" "$project/scripts/get-data" -d "$work/data" two >"$work/log" 2>&1 &
process=$!
for ((i = 0; i < 100; i++)); do # until curl waits at the pipe
    compgen -G "$work/data/two/.get-data.*" >/dev/null && break
    sleep 0.05
done
compgen -G "$work/data/two/.get-data.*" >/dev/null || fail "the transfer did not start"
sleep 0.2
kill -TERM "$process"
for ((i = 0; i < 100; i++)); do
    kill -0 "$process" 2>/dev/null || break
    sleep 0.05
done
kill -KILL "$process" 2>/dev/null && fail "the script did not stop"
: 1<>"$work/mirror/two/a.gz" # ends a curl that was left behind
status=0
wait "$process" || status=$?
expect_status 143
expect_only "$work/data" "two "

start "a file without a sum is taken and said to be unverified"
jq 'del(.two.files[0].md5)' "$project/configs/datasets.json" >"$work/config" &&
    mv -- "$work/config" "$project/configs/datasets.json"
printf 'content of a' >"$work/mirror/two/a.gz"
printf 'content of b' >"$work/mirror/two/b.gz"
for ((i = 0; i < 2; i++)); do # when it comes, and whenever it is there
    run DATA_MIRRORS="$work/mirror" -d "$work/data" two
    expect_status 0
    expect_said "$work/data/two/a.gz: UNVERIFIED: configs/datasets.json has no MD5 sum of it; that of this file is $sum_a"
    expect_content "$work/data/two/a.gz" "content of a"
    ! grep -q 'b.gz: UNVERIFIED' "$work/log" || fail "a file with a sum is said to be unverified"
done

# An archive of the datasets "three" and "four", at its origin.
start_archive() {
    start "$1"
    mkdir -p "$work/packed/inside"
    for name in three four; do
        printf 'content of %s' "$name" >"$work/packed/inside/$name.gz"
    done
    /usr/bin/python3 -m zipfile -c "$work/origin/all.zip" "$work/packed/inside"
    sum_all=$(md5sum <"$work/origin/all.zip" | cut -d' ' -f1)
    jq -n --arg sum "$sum_all" --arg origin "file://$work/origin" \
        '{name: "both/all.zip", folder: "inside/", md5: $sum, urls: [$origin]} as $archive |
          {three: {archive: $archive, files: [{name: "three.gz"}]},
            four: {archive: $archive, files: [{name: "four.gz"}]}}' \
        >"$project/configs/datasets.json"
}

start_archive "datasets from one archive, which is fetched once"
run DATA_MIRRORS= -d "$work/data" three four
expect_status 0
expect_content "$work/data/three/three.gz" "content of three"
expect_content "$work/data/four/four.gz" "content of four"
expect_only "$work/data" "both both/all.zip four four/MD5SUMS four/four.gz three three/MD5SUMS three/three.gz "
[[ $(grep -c "all.zip: from file" "$work/log") == 1 ]] || fail "the archive was not fetched once"

test_name="what came from an archive is left alone, and mended"
rm -- "$work/data/both/all.zip"
run DATA_MIRRORS= -d "$work/data" three four
expect_status 0
expect_silence
printf 'something else' >"$work/data/three/three.gz"
mkdir -p "$work/mirror/both"
cp -- "$work/origin/all.zip" "$work/mirror/both"
run DATA_MIRRORS="$work/mirror" -d "$work/data" three
expect_status 0
expect_said "$work/data/both/all.zip: from $work/mirror/both/all.zip"
expect_content "$work/data/three/three.gz" "content of three"
expect_only "$work/data/three" "MD5SUMS three.gz "

start_archive "a wrong archive is not used"
printf 'x' >>"$work/origin/all.zip"
run DATA_MIRRORS= -d "$work/data" three
expect_status 3
expect_said "file://$work/origin/all.zip: wrong file: expected MD5 $sum_all"
expect_only "$work/data" "both "

start_archive "a file that the archive does not have"
jq '.three.files[0].name = "five.gz"' "$project/configs/datasets.json" >"$work/config" &&
    mv -- "$work/config" "$project/configs/datasets.json"
run DATA_MIRRORS= -d "$work/data" three
expect_status 3
expect_said "$work/data/both/all.zip: cannot unpack inside/five.gz"
expect_only "$work/data" "both both/all.zip three "

start "usage"
run
expect_status 2
expect_said "expected the name of a dataset"
run two other
expect_status 2
expect_said 'unknown dataset "other"'
expect_said "known names: made, two"
run made
expect_status 2
expect_said 'dataset "made" is not fetched'
run -x two
expect_status 2
expect_said "unknown option -x"

test_name="the list of datasets"
: >"$work/log"
is_sum='type == "string" and test("^[0-9a-f]{32}$")'
jq -e "to_entries | all(.value | (.title | type == \"string\") and (.classes | length >= 2) and
    (keys - [\"title\", \"content\", \"classes\", \"transposed\", \"urls\", \"archive\", \"files\",
             \"generated\"] == []) and (.generated or ((.files | length == 4) and
        if .archive then (.archive | (.name | contains(\"/\")) and .folder and (.urls | length > 0) and
                                     (.md5 | $is_sum)) and all(.files[]; keys == [\"name\"])
        else (.urls | length > 0) and all(.files[]; .md5 | $is_sum) end)))" \
    "$root/configs/datasets.json" >/dev/null || fail "configs/datasets.json is not complete"

((failures == 0)) || exit 1
