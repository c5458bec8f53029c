#!/usr/bin/env bash
# What other programs read: the table in each format, and the journals, by readers that are not ours.
#
#   tests/table_formats.sh PROGRAM
set -euo pipefail

# shellcheck source=tests/common.sh
. "$(dirname "$0")/common.sh"
cd "$folder"

for variant in easy hard; do
  "$program" glyphs --data data --variant "$variant" --n-train 300 --n-test 100 >/dev/null 2>&1
done
small_grid_with_a_failure >grid.json
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
  fail "the table does not tell of lost predictions"
if command -v pdflatex >/dev/null; then
  printf '%s\n' '\documentclass{article}' '\usepackage[T1]{fontenc}' \
    '\usepackage{booktabs,longtable,array}' '\begin{document}' '\input{table.tex}' \
    '\end{document}' >document.tex
  pdflatex -interaction=nonstopmode -halt-on-error document.tex >latex.txt 2>&1 ||
    fail "LaTeX does not compile the table: $(tail -n 20 latex.txt)"
  pass "LaTeX compiles the table"
else
  echo "table_formats: no pdflatex here, the LaTeX table was not compiled"
fi
/usr/bin/python3 "$root/tests/table_formats.py" "$root/schemas/table.schema.json" \
  "$root/schemas/record.schema.json"

# One dataset, three and five: each column has its figures, and every pair its agreement.
mkdir many
names=(one two three four five)
for i in "${!names[@]}"; do
  "$program" glyphs --data data --variant hard --n-train 200 --n-test 100 --seed "$i" >/dev/null 2>&1
  rm -rf "data/${names[i]}"
  mv data/glyphs-hard "data/${names[i]}"
done
"$program" run --data data "${names[@]/#/--dataset=}" --grid grid.json --jobs 1 \
  --results many/results --only GaussianNB --only 'KNeighbors*' --only 'test*' >/dev/null 2>&1 || [ $? -eq 1 ]
cp grid.json many
for n in 1 3 5; do
  some=("${names[@]:0:n}")
  for format in json csv html tex md; do
    (cd "$root" && "$program" table --results "$folder/many/results" --grid "$folder/grid.json" \
      --format "$format" "${some[@]/#/--dataset=}") >"many/table.$format"
  done
  (cd many && /usr/bin/python3 "$root/tests/table_formats.py" "$root/schemas/table.schema.json" \
    "$root/schemas/record.schema.json")
  [ "$(grep -c 'rows: rank correlation' many/table.md)" -eq $((n * (n - 1) / 2)) ] ||
    fail "with $n datasets Markdown does not compare every pair"
  [ "$(grep -c 'Spearman' many/table.tex)" -eq $((n * (n - 1) / 2)) ] ||
    fail "with $n datasets LaTeX does not compare every pair"
done
"$program" compare many/results many/results >compare.txt 2>&1 ||
  fail "five datasets differ from themselves: $(cat compare.txt)"
for name in "${names[@]}"; do
  grep -q "$name" compare.txt || fail "the comparison of five datasets passes over $name: $(cat compare.txt)"
done
pass "tables and comparisons of one, three and five datasets"
