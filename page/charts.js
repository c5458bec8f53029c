/* The pictures, by Plotly, each drawn when it comes into view. */
const COLOURS = ["#4c8dd6", "#e08214", "#d6453d", "#2ca089", "#57a639", "#b89b00", "#a167c9", "#e377a8",
  "#9c6b4f", "#7f8a94", "#17a2d4", "#8a9a2b", "#c2478f"];
const SHAPES = ["circle", "square", "diamond", "cross", "x", "triangle-up", "triangle-down", "star", "pentagon",
  "hexagon2", "triangle-left", "triangle-right", "hourglass"];
const ACCURACIES = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999];
const FEWER_ACCURACIES = [0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99];
const LEAST_ERROR = 1e-4; // where an accuracy of 1 is drawn
const classifiers = [...new Set(table.rows.map((row) => row.classifier))];
const charts = new Map(); // element -> how it is drawn
let plotlyReady = null;

function plotly() {
  if (!plotlyReady) plotlyReady = loadPlotly();
  return plotlyReady;
}

async function loadPlotly() {
  const packed = atob(document.getElementById("plotly-compressed").textContent);
  const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
  return window.Plotly;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function layout(changes) {
  const axis = { gridcolor: colour("--line"), linecolor: colour("--faint"), zeroline: false, automargin: true };
  return { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "closest",
    font: { color: colour("--text"), family: getComputedStyle(document.body).fontFamily, size: 13 },
    hoverlabel: { align: "left" }, modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--faint"), activecolor: colour("--text") }, margin: { l: 60, r: 20, t: 20, b: 50 },
    legend: narrow() ? { orientation: "h", y: -0.2, font: { size: 10 } } : { font: { size: 12 } },
    ...changes, xaxis: { ...axis, ...changes.xaxis }, yaxis: { ...axis, ...changes.yaxis } };
}

function narrow() {
  return window.innerWidth < 700;
}

/* Accuracies on a logarithmic scale of the errors, the best at the far end. */
function errorOf(accuracy) {
  return Math.max(1 - accuracy, LEAST_ERROR);
}

function accuracyAxis(title, values) {
  const errors = values.map(errorOf);
  const span = [Math.max(...errors) * 1.15, Math.min(...errors) / 1.15].map(Math.log10);
  const ticks = narrow() ? FEWER_ACCURACIES : ACCURACIES;
  return { title, type: "log", range: span, tickvals: ticks.map(errorOf), ticktext: ticks.map(String) };
}

function bars(result) {
  return { plus: errorOf(result.interval[0]) - errorOf(result.accuracy),
    minus: errorOf(result.accuracy) - errorOf(result.interval[1]) };
}

function errorBars(results) {
  const known = results.map((result) => (result.interval ? bars(result) : { plus: 0, minus: 0 }));
  return { type: "data", symmetric: false, array: known.map((bar) => bar.plus),
    arrayminus: known.map((bar) => bar.minus), thickness: 0.7, width: 0 };
}

/* Rows of the table with an accuracy on each of the datasets. */
function rowsWith(datasets) {
  return table.rows.map((row, index) => ({ row, index, results: datasets.map((name) => resultOf(row, name)) }))
    .filter(({ results }) => results.every((result) => result && result.accuracy !== undefined));
}

function style(classifier) {
  const index = classifiers.indexOf(classifier);
  return { color: COLOURS[index % COLOURS.length], symbol: SHAPES[index % SHAPES.length], size: 8 };
}

function byClassifier(points, trace) {
  return classifiers.map((name) => [name, points.filter(({ row }) => row.classifier === name)])
    .filter(([, some]) => some.length)
    .map(([name, some]) => ({ name, mode: "markers", type: "scatter", marker: style(name),
      customdata: some.map(({ index }) => index), ...trace(some) }));
}

function hoverText(row, lines) {
  return "<b>" + row.classifier + "</b><br>" + row.label + "<br>" + lines.join("<br>");
}

function accuracyLine(result) {
  const interval = result.interval ? " (" + rangeText(result.interval, 4) + ")" : "";
  return titleOf(result.dataset) + ": " + accuracyText(result.accuracy) + interval;
}

function pairChart() {
  const names = ["pair-x", "pair-y"].map((id) => document.getElementById(id).value);
  const points = rowsWith(names);
  const traces = byClassifier(points, (some) => ({
    x: some.map(({ results }) => errorOf(results[0].accuracy)),
    y: some.map(({ results }) => errorOf(results[1].accuracy)),
    error_x: errorBars(some.map(({ results }) => results[0])),
    error_y: errorBars(some.map(({ results }) => results[1])),
    text: some.map(({ row, results }) => hoverText(row, results.map(accuracyLine))), hoverinfo: "text",
  }));
  const axes = names.map((name, side) => accuracyAxis("accuracy on " + titleOf(name),
    points.map(({ results }) => results[side].accuracy)));
  return { traces, layout: layout({ xaxis: axes[0], yaxis: axes[1] }) };
}

/* Rows that are at least as accurate as every row that takes no longer. */
function front(points, key) {
  const sorted = [...points].sort((a, b) => a.results[0][key] - b.results[0][key]
    || b.results[0].accuracy - a.results[0].accuracy);
  let best = -1;
  return sorted.filter(({ results }) => {
    const isBetter = results[0].accuracy > best;
    best = Math.max(best, results[0].accuracy);
    return isBetter;
  });
}

function timeChart(key, title) {
  const points = rowsWith([document.getElementById("time-dataset").value]);
  const at = (some) => ({ x: some.map(({ results }) => Math.max(results[0][key], 1e-4)),
    y: some.map(({ results }) => errorOf(results[0].accuracy)) });
  const traces = byClassifier(points, (some) => ({ ...at(some), hoverinfo: "text",
    error_y: errorBars(some.map(({ results }) => results[0])),
    text: some.map(({ row, results }) => hoverText(row, [accuracyLine(results[0]),
      title + ": " + secondsText(results[0][key]) + " s"])) }));
  traces.unshift({ ...at(front(points, key)), name: "not beaten", mode: "lines", hoverinfo: "skip",
    line: { shape: "hv", color: colour("--faint"), width: 1.5, dash: "dot" } });
  return { traces, layout: layout({ xaxis: { type: "log", dtick: 1, title: title + ", seconds" },
    yaxis: accuracyAxis("accuracy", points.map(({ results }) => results[0].accuracy)) }) };
}

function rankTicks(n) {
  return [1, ...Array.from({ length: Math.floor(n / 10) }, (_, i) => 10 * (i + 1))];
}

function rankChart() {
  const points = rowsWith(datasetNames).filter(({ results }) => results.every((result) => result.rank));
  const traces = byClassifier(points, (some) => ({ mode: "lines+markers", line: { width: 1 },
    x: some.flatMap(() => [...datasetNames.map(titleOf), null]),
    y: some.flatMap(({ results }) => [...results.map((result) => result.rank), null]),
    customdata: some.flatMap(({ index, results }) => [...results.map(() => index), null]),
    text: some.flatMap(({ row, results }) => [...results.map(() => hoverText(row, results.map((result) =>
      titleOf(result.dataset) + ": rank " + result.rank))), null]), hoverinfo: "text" }));
  return { traces, layout: layout({ xaxis: { type: "category", range: [-0.15, datasetNames.length - 0.85] },
    yaxis: { title: "rank", range: [points.length + 1, 0], tickvals: rankTicks(points.length) } }) };
}

function mapChart(dataset, kind) {
  const picture = pictures[dataset];
  const labels = [...new Set(picture.labels)].sort((a, b) => a - b);
  const traces = labels.map((label, index) => {
    const some = picture[kind].filter((point, image) => picture.labels[image] === label);
    return { name: className(dataset, label), mode: "markers", type: "scatter", hoverinfo: "name",
      x: some.map((point) => point[0]), y: some.map((point) => point[1]),
      marker: { size: 4, color: COLOURS[index % COLOURS.length], symbol: SHAPES[index % SHAPES.length] } };
  });
  const bare = { showticklabels: false, showgrid: false, showline: false };
  return { traces, layout: layout({ xaxis: bare, yaxis: { ...bare, scaleanchor: "x" },
    margin: { l: 10, r: 10, t: 10, b: 10 }, legend: { orientation: "h", y: -0.02, itemsizing: "constant" } }) };
}

function confusionChart(dataset, confusion) {
  const labels = datasetOf(dataset).classes.map((label) => className(dataset, label));
  const shares = confusion.map((line) => {
    const sum = line.reduce((a, b) => a + b, 0);
    return line.map((count) => (sum ? count / sum : 0));
  });
  const annotations = labels.length > 12 ? [] : confusion.flatMap((line, i) => line.map((count, j) => ({
    x: j, y: i, text: count ? String(count) : "", showarrow: false,
    font: { size: 11, color: shares[i][j] > 0.45 ? "#ffffff" : colour("--text") } })));
  const axis = { tickvals: labels.map((label, i) => i), ticktext: labels, showgrid: false };
  return { traces: [{ type: "heatmap", z: shares, zmin: 0, zmax: 1, showscale: false, hoverinfo: "text",
    colorscale: [[0, "rgba(5,80,174,0)"], [0.1, "rgba(5,80,174,0.25)"], [1, "rgba(5,80,174,1)"]],
    text: confusion.map((line, i) => line.map((count, j) => `${labels[i]} taken for ${labels[j]}: ${count}`)) }],
  layout: layout({ annotations, xaxis: { ...axis, title: { text: "predicted", standoff: 8 }, tickangle: -45 },
    yaxis: { ...axis, title: { text: "true", standoff: 8 }, autorange: "reversed" }, margin: { l: 60, r: 10, t: 10, b: 60 } }) };
}

async function drawChart(place) {
  const { make } = charts.get(place);
  const library = await plotly();
  const { traces, layout: shape } = make();
  await library.react(place, traces, shape, { displaylogo: false, responsive: true,
    displayModeBar: place.classList.contains("square") ? false : "hover",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] });
  if (!place.dataset.drawn) {
    place.on("plotly_click", (event) => {
      const row = event.points[0].customdata;
      if (typeof row === "number") chooseRow(row);
    });
  }
  place.dataset.drawn = "yes";
}

const watcher = new IntersectionObserver((entries) => {
  entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
    watcher.unobserve(entry.target);
    drawChart(entry.target);
  });
}, { rootMargin: "200px" });

function addChart(place, make, label) {
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", label);
  charts.set(place, { make });
  watcher.observe(place);
}

function redraw(places) {
  (places || [...charts.keys()]).filter((place) => place.dataset.drawn && place.isConnected).forEach(drawChart);
}

function fillSelect(id, chosen, change) {
  const select = document.getElementById(id);
  select.append(...datasetNames.map((name) => element("option", { value: name }, titleOf(name))));
  select.value = chosen;
  select.addEventListener("change", change);
}

function writeAgreement() {
  const names = ["pair-x", "pair-y"].map((id) => document.getElementById(id).value);
  const found = table.comparisons.find(({ datasets }) => names.every((name) => datasets.includes(name)));
  const interval = ({ estimate, low, high }) => `${estimate.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
  const percent = ({ estimate, low, high }) => [estimate, low, high].map((share) => (100 * share).toFixed(1));
  const text = found && found.spearman ? (() => {
    const [share, low, high] = percent(found.swapped);
    return `Rank correlation over ${found.n_rows} rows: Spearman ${interval(found.spearman)}, Kendall `
      + `${interval(found.kendall)}. ${share} % of the pairs of rows (${low} to ${high}) change order.`;
  })() : "";
  document.getElementById("agreement").textContent = text;
}

function startCharts() {
  const place = (id) => document.getElementById(id);
  if (datasetNames.length > 1) {
    const change = () => {
      writeAgreement();
      redraw([place("chart-pair")]);
    };
    fillSelect("pair-x", datasetNames[1], change);
    fillSelect("pair-y", datasetNames[0], change);
    writeAgreement();
    addChart(place("chart-pair"), pairChart, "accuracies of each row on two datasets");
    addChart(place("chart-ranks"), rankChart, "ranks of each row on all datasets");
  } else {
    place("figure-pair").remove();
    place("figure-ranks").remove();
  }
  fillSelect("time-dataset", datasetNames[0], () => redraw([place("chart-fit"), place("chart-predict")]));
  addChart(place("chart-fit"), () => timeChart("fit_s", "fit"), "accuracy and seconds of fitting");
  addChart(place("chart-predict"), () => timeChart("predict_s", "predict"), "accuracy and seconds of predicting");
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
  window.addEventListener("beforeprint", () => redraw());
  window.addEventListener("afterprint", () => redraw());
}
