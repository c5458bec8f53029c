#!/usr/bin/env bash
# The page in a real browser: of two, one and three small datasets, and of a results folder if named.
# Needs the packages of `scripts/install-packages page browser`.
#
#   tests/page.sh PROGRAM [RESULTS DATA]
#
# Environment: SHOTS, a folder for screenshots (none are taken without it).
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
if [ $# -gt 1 ]; then
  results=$(realpath "$2") data=$(realpath "$3")
fi
export FMBENCH=$program
cd "$folder"

dataset() { # NAME VARIANT SEED
  "$program" glyphs --data made --variant "$2" --seed "$3" --n-train 300 --n-test 200 >/dev/null 2>&1
  mkdir -p data
  mv "made/glyphs-$2" "data/$1"
}
dataset one easy 0
dataset two hard 0
dataset kmnist hard 1 # whose classes have names
small_grid_with_a_failure >grid.json
page() { # FOLDER DATASET...
  local name=$1
  shift
  "$program" run --data data --grid grid.json --jobs 1 --results "$name" --repeats 2 \
    "${@/#/--dataset=}" >/dev/null 2>&1 || [ $? -eq 1 ]
  (cd "$root" && "$root/scripts/page" --results "$folder/$name" --data "$folder/data" \
    --grid "$folder/grid.json")
}
page pair one two
page single two
page triple one two kmnist
rm -r data/two # a page without pictures of one of its datasets
(cd "$root" && "$root/scripts/page" --results "$folder/pair" --data "$folder/data" \
  --grid "$folder/grid.json" --output "$folder/bare.html")
pages=(pair/index.html single/index.html triple/index.html bare.html)
if [ -n "${results:-}" ]; then
  (cd "$root" && "$root/scripts/page" --results "$results" --data "$data" --output "$folder/real.html")
  pages+=(real.html)
fi
/usr/bin/python3 "$root/tests/page.py" "${pages[@]}"
