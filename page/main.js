/* Starts the parts of the page, each from the table's data alone. */
function viewButtons() {
  const views = datasetNames.length > 1 ? [...datasetNames, SIDE_BY_SIDE] : datasetNames;
  const title = (view) => (view === SIDE_BY_SIDE ? "Side-by-Side" : titleOf(view));
  const buttons = views.map((view) => {
    const button = element("button", { type: "button", "data-view": view }, title(view));
    button.addEventListener("click", () => choose({ view }));
    return button;
  });
  const press = () => buttons.forEach((button) =>
    button.setAttribute("aria-pressed", button.dataset.view === state.view ? "true" : "false"));
  document.getElementById("views").append(...buttons);
  press();
  onChange(press);
}

function startControls() {
  const filter = document.getElementById("filter");
  const published = document.getElementById("published");
  const hasPublished = table.rows.some((row) => row.results.some((result) => result.published !== undefined));
  if (!hasPublished) document.getElementById("published-label").remove();
  filter.value = state.filter;
  published.checked = state.published;
  filter.addEventListener("input", () => choose({ filter: filter.value }));
  published.addEventListener("change", () => choose({ published: published.checked }));
  document.querySelectorAll("nav a").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector(link.getAttribute("href")).scrollIntoView();
  }));
}

function writeLead() {
  const sizes = table.datasets.map((dataset) => `${titleOf(dataset.name)} (${dataset.n_train} training and `
    + `${dataset.n_test} test images${dataset.synthetic ? ", SYNTHETIC" : ""})`);
  const n = Math.max(...table.datasets.map((dataset) => dataset.n_ok));
  document.getElementById("lead").textContent =
    `${n} configurations of ${classifiers.length} classic classifiers on ${sizes.join(" and ")}.`;
  const notes = ["Seconds are medians over the repeats, for the row alone.",
    "Rows of one group do not differ significantly from its best row (exact McNemar tests, Holm's correction).",
    "\u2020: stopped by the iteration limit."];
  if (datasetNames.includes("fashion")) {
    notes.push("Published values of Fashion-MNIST were measured before its images were corrected on 31 August 2017: "
      + "differences up to about 0.02 come from that, 0.06 for GaussianNB.");
  }
  document.getElementById("table-notes").textContent = notes.join(" ");
}

function datasetFacts(dataset) {
  return element("div", {}, element("h3", {}, titleOf(dataset.name)), definitions([
    ["rows", `${dataset.n_train} training, ${dataset.n_test} test, ${dataset.n_features} pixels, ${dataset.n_classes} classes`],
    ["SHA-256", dataset.hash],
    ["seeds", dataset.seeds.join(", ")],
    ["threads of a row", dataset.threads.join(", ")],
    ["hosts", dataset.hosts.join(", ")],
    ["versions", dataset.versions.join(", ")],
  ]));
}

function writeMade() {
  const place = document.getElementById("made");
  const run = runData.last;
  const rows = table.rows.flatMap((row) => row.results);
  const repeats = Math.max(0, ...rows.map((result) => result.n_repeats || 0));
  place.append(element("p", {}, "The results again: ", element("code", {}, `make bench REPEATS=${repeats}`),
    ", and then this page: ", element("code", {}, "make page"), "."));
  if (run) {
    place.append(element("h3", {}, "Machine of the last run"), definitions([
      ["processor", `${run.processor}, ${run.cores} cores, ${run.simd}`],
      ["memory", (run.memory_bytes / 2 ** 30).toFixed(0) + " GiB"],
      ["BLAS", run.blas],
      ["rows at once", `${run.jobs}, with ${run.threads} thread each`],
      ["version", run.version],
      ["started", new Date(1000 * run.start_time).toISOString().slice(0, 16).replace("T", " ") + " UTC"],
    ]));
  }
  place.append(element("div", { class: "pair" }, ...table.datasets.map(datasetFacts)));
  const packages = Object.entries(runData.packages).map(([name, version]) => name + " " + version);
  place.append(element("p", { class: "notes" }, "Within this page: jQuery (MIT), DataTables (MIT) and plotly.js (MIT), "
    + "from Debian's packages " + packages.join(", ") + "."));
}

Object.assign(state, readAddress());
writeLead();
viewButtons();
startControls();
startTable();
startCharts();
startDetail();
startImages();
writeMade();
document.documentElement.dataset.ready = "yes";
