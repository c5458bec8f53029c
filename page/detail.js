/* All about one row: figures, confusion matrices, the images that it gets wrong most surely. */
function atlasClass(dataset) {
  return "atlas-" + datasetNames.indexOf(dataset);
}

/* The picture that tiles show parts of, once a dataset: it is long to repeat in each. */
function addAtlases() {
  const rules = datasetNames.filter((name) => pictures[name] && pictures[name].atlas)
    .map((name) => `.${atlasClass(name)} { background-image: url(${pictures[name].atlas}); }`);
  document.head.append(element("style", {}, rules.join("\n")));
}

function tile(dataset, image, scale) {
  const picture = pictures[dataset];
  const index = picture ? picture.atlas_images.indexOf(image) : -1;
  if (index < 0) return element("span", { class: "tile" });
  const [width, height] = [picture.width * scale, picture.height * scale];
  const x = (index % picture.atlas_columns) * width;
  const y = Math.floor(index / picture.atlas_columns) * height;
  const made = element("span", { class: "tile " + atlasClass(dataset), role: "img", "aria-label": `test image ${image} of ${dataset}` });
  Object.assign(made.style, { width: width + 2 + "px", height: height + 2 + "px",
    backgroundPosition: `-${x}px -${y}px`,
    backgroundSize: `${width * picture.atlas_columns}px auto` });
  return made;
}

function tiles(dataset, images, describe) {
  const scale = Math.max(1, Math.round(56 / (pictures[dataset] ? pictures[dataset].width : 28)));
  return element("ul", { class: "tiles" }, ...images.map((image) =>
    element("li", {}, tile(dataset, image.image, scale), ...describe(image))));
}

function lines(...texts) {
  return texts.flatMap((text) => [element("br"), text]).slice(1);
}

function figures(result) {
  const range = (values, show) => (values && values.length > 1 ? " (repeats: " + values.map(show).join(", ") + ")" : "");
  return definitions([
    ["accuracy", accuracyText(result.accuracy) + range(result.scores, accuracyText)],
    ["95 % interval", result.interval && rangeText(result.interval, 4)],
    ["published", result.published !== undefined && result.published.toFixed(3)
      + (result.difference !== undefined ? ", ours is " + differenceText(result.difference) : "")],
    ["group, ranks", result.tie_group !== undefined
      && result.tie_group + ", " + rangeText(result.rank_interval, 0)],
    ["standard deviation", result.sd_test !== undefined && "test images " + result.sd_test.toFixed(4)
      + (result.sd_training !== undefined ? ", training " + result.sd_training.toFixed(4) : "")],
    ["fit, predict", secondsText(result.fit_s) + " s, " + secondsText(result.predict_s) + " s"],
    ["solver", result.solver],
    ["iterations", result.n_iter !== undefined && result.n_iter
      + (result.converged === undefined ? "" : result.converged ? ", converged" : ", stopped by the limit")],
    ["peak memory", result.peak_rss_bytes && (result.peak_rss_bytes / 2 ** 20).toFixed(0) + " MiB"],
    ["seed, threads", result.seed + ", " + result.threads],
    ["version, host", result.version + ", " + result.host],
  ].filter(([, text]) => text !== false));
}

function detailOf(result) {
  const box = element("div", {}, element("h4", {}, titleOf(result.dataset)));
  if (result.accuracy === undefined) {
    box.append(element("p", { class: "failed" }, result.status + (result.reason ? ": " + result.reason : "")));
    return box;
  }
  box.append(figures(result));
  if (result.confusion) {
    const place = element("div", { class: "chart square confusion" });
    box.append(element("h5", {}, "What it takes for what"), place);
    addChart(place, () => confusionChart(result.dataset, result.confusion), "confusion matrix on " + result.dataset);
  }
  if (result.surest_errors && result.surest_errors.length) {
    box.append(element("h5", {}, "Wrong here, right in most other rows"), tiles(result.dataset, result.surest_errors,
      (image) => lines("it is " + className(result.dataset, image.label),
        "taken for " + className(result.dataset, image.predicted))));
  }
  return box;
}

function forgetCharts(place) {
  [...charts.keys()].filter((chart) => place.contains(chart)).forEach((chart) => charts.delete(chart));
}

function drawDetail() {
  const place = document.getElementById("row-detail");
  forgetCharts(place);
  if (state.row === null) return;
  const row = table.rows[state.row];
  place.replaceChildren(element("h3", {}, rowName(row)),
    element("div", { class: "pair" }, ...row.results.map(detailOf)));
}

function chooseRow(row) {
  choose({ row });
  document.getElementById("part-row").scrollIntoView();
}

function startDetail() {
  addAtlases();
  drawDetail();
  onChange((keys) => {
    if (keys.includes("row")) drawDetail();
  });
}
