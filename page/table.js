/* The table, by DataTables: a line a row of the grid, columns by view. */
let grid = null;

function cell(get, show) {
  return (row, type) => {
    const value = get(row);
    if (type === "display") return value === null ? "" : show(value);
    if (type === "sort" || type === "type") return value === null ? -Infinity : value;
    return value === null ? "" : String(value);
  };
}

function column(title, render, options) {
  return { title, data: null, searchable: false, className: "number", render,
    orderSequence: ["desc", "asc"], ...options };
}

function escaped(text) {
  return element("span", {}, text).innerHTML;
}

/* A key of the result of a dataset, or null. */
function keyOf(dataset, key) {
  return (row) => {
    const result = resultOf(row, dataset);
    return result && result[key] !== undefined ? result[key] : null;
  };
}

function accuracyColumn(dataset, prefix) {
  const render = (row, type) => {
    const result = resultOf(row, dataset);
    if (!result) return type === "display" ? "" : -2;
    if (result.accuracy === undefined) {
      return type === "display"
        ? `<span class="failed" title="${escaped(result.reason || "")}">${escaped(result.status)}</span>` : -1;
    }
    const mark = result.converged === false ? "\u2020" : "";
    return type === "display" ? accuracyText(result.accuracy) + mark : result.accuracy;
  };
  return column(prefix + "accuracy", render);
}

function datasetColumns(dataset) {
  const all = shownDatasets().length > 1;
  const prefix = all ? dataset + " " : "";
  const small = { orderSequence: ["asc", "desc"] };
  const columns = [accuracyColumn(dataset, prefix)];
  const add = (title, key, show, options) =>
    columns.push(column(prefix + title, cell(keyOf(dataset, key), show), options));
  add("95 % interval", "interval", (value) => rangeText(value, 4), { orderable: false });
  if (state.published) {
    add("published", "published", (value) => value.toFixed(3));
    add("difference", "difference", (value) =>
      `<span class="${value < 0 ? "worse" : "better"}">${differenceText(value)}</span>`);
  }
  add("group", "tie_group", String, small);
  if (!all) {
    columns.push(column("ranks", (row, type) => {
      const result = resultOf(row, dataset);
      if (!result || !result.rank_interval) return type === "display" ? "" : Infinity;
      return type === "display" ? rangeText(result.rank_interval, 0) : result.rank;
    }, small));
  }
  add("fit s", "fit_s", secondsText, small);
  add("predict s", "predict_s", secondsText, small);
  return columns;
}

/* The parameters, and a mark where the table of 2017 has no such row. */
function markedLabel(row) {
  return row.beyond_2017 ? row.label + " \u2021" : row.label;
}

function allColumns() {
  const text = { searchable: true, orderSequence: ["asc", "desc"] };
  return [
    column("classifier", cell((row) => row.classifier, escaped), { ...text, className: "" }),
    column("parameters", cell(markedLabel, escaped), { ...text, className: "label" }),
    ...shownDatasets().flatMap(datasetColumns),
  ];
}

function mark(line, isSelected) {
  line.setAttribute("aria-selected", isSelected ? "true" : "false");
}

function drawTable() {
  const order = grid ? grid.order() : [];
  if (grid) {
    grid.destroy();
    document.getElementById("rows").replaceChildren();
  }
  const columns = allColumns();
  grid = $("#rows").DataTable({
    data: table.rows, columns, paging: false, dom: "ti", autoWidth: false,
    order: order.every(([index]) => index < columns.length) ? order : [],
    search: { search: state.filter },
    language: { info: "_TOTAL_ rows", infoFiltered: "of _MAX_", infoEmpty: "no rows", emptyTable: "no rows",
      zeroRecords: "no row matches the filter" },
    createdRow: (line, row, index) => {
      line.tabIndex = 0;
      mark(line, index === state.row);
    },
  });
}

function markRow() {
  grid.rows().every(function () {
    mark(this.node(), this.index() === state.row);
  });
}

function startTable() {
  const lines = document.getElementById("rows");
  const chooseLine = (event) => {
    const line = event.target.closest("tbody tr");
    const row = line && grid.row(line).index();
    if (row !== undefined && row !== null) chooseRow(row);
  };
  lines.addEventListener("click", chooseLine);
  lines.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.tagName === "TR") chooseLine(event);
  });
  drawTable();
  onChange((keys) => {
    if (keys.includes("view") || keys.includes("published")) drawTable();
    if (keys.includes("filter")) grid.search(state.filter).draw();
    if (keys.includes("row")) markRow();
  });
}
