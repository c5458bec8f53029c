#!/usr/bin/env bash
# What other programs read: the table in each format, and the journals, by readers that are not ours.
#
#   tests/table_formats.sh PROGRAM
set -euo pipefail

program=$(realpath "${1:-build/fmbench}")
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

for variant in easy hard; do
  "$program" glyphs --data data --variant "$variant" --n-train 300 --n-test 100 >/dev/null 2>&1
done
# The small grid, and a row that does not end well.
jq --arg command "$root/tests/external_command" \
  '.external.test = {command: [$command], parameters: [{mode: ["exit"]}]}' \
  "$root/tests/small.json" >grid.json
"$program" run --data data --dataset glyphs-easy --dataset glyphs-hard --grid grid.json --jobs 1 \
  --results results --repeats 2 >/dev/null 2>&1 || [ $? -eq 1 ]
table() {
  (cd "$root" && "$program" table --results "$folder/results" --grid "$folder/grid.json" "$@")
}
for format in json csv html tex; do
  table --format "$format" >"table.$format"
done
rm "$(find results/predictions/glyphs-hard -name 'GaussianNB-*')"
table | grep -q 'glyphs-hard: rows without interval .* gone: 1' ||
  { echo "table_formats: FAILED: the table does not tell of lost predictions" >&2; exit 1; }
if command -v pdflatex >/dev/null; then
  printf '%s\n' '\documentclass{article}' '\usepackage[T1]{fontenc}' \
    '\usepackage{booktabs,longtable,array}' '\begin{document}' '\input{table.tex}' \
    '\end{document}' >document.tex
  pdflatex -interaction=nonstopmode -halt-on-error document.tex >latex.txt 2>&1 ||
    { tail -n 20 latex.txt; echo "table_formats: FAILED: LaTeX does not compile the table" >&2; exit 1; }
  echo "table_formats: LaTeX compiles the table"
else
  echo "table_formats: no pdflatex here, the LaTeX table was not compiled"
fi
/usr/bin/python3 "$root/tests/table_formats.py" "$root/schemas/table.schema.json"
