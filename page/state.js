/* What the reader chose, kept in the address: view, filter, published values, row. */
const table = JSON.parse(document.getElementById("data-table").textContent);
const pictures = JSON.parse(document.getElementById("data-pictures").textContent);
const runData = JSON.parse(document.getElementById("data-run").textContent);
const datasetNames = table.datasets.map((dataset) => dataset.name);
const SIDE_BY_SIDE = "side-by-side";

const state = { view: "", filter: "", published: false, row: null };
const listeners = [];

function onChange(listener) {
  listeners.push(listener);
}

/* Tells the listeners which keys changed. */
function choose(changes) {
  const keys = Object.keys(changes).filter((key) => state[key] !== changes[key]);
  Object.assign(state, changes);
  writeAddress();
  if (keys.length) listeners.forEach((listener) => listener(keys));
}

function writeAddress() {
  const parts = new URLSearchParams();
  parts.set("view", state.view);
  if (state.filter) parts.set("filter", state.filter);
  if (state.published) parts.set("published", "1");
  if (state.row !== null) parts.set("row", rowName(table.rows[state.row]));
  history.replaceState(null, "", "#" + parts);
}

function rowName(row) {
  return row.label ? row.classifier + ": " + row.label : row.classifier;
}

/* An address that names a part of the page leaves the choices as they are. */
function readAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const views = [...datasetNames, SIDE_BY_SIDE];
  const row = table.rows.findIndex((candidate) => rowName(candidate) === parts.get("row"));
  return {
    view: views.includes(parts.get("view")) ? parts.get("view") : views[0],
    filter: parts.get("filter") || "",
    published: parts.get("published") === "1",
    row: row < 0 ? null : row,
  };
}

function resultOf(row, dataset) {
  return row.results.find((result) => result.dataset === dataset) || null;
}

function datasetOf(name) {
  return table.datasets.find((dataset) => dataset.name === name);
}

/* The datasets whose columns the table shows. */
function shownDatasets() {
  return state.view === SIDE_BY_SIDE ? datasetNames : [state.view];
}
