/* Numbers and elements as the page writes them. */
/* What configs/datasets.json calls a dataset and its classes, in the rising order of their labels. */
const stanzas = JSON.parse(document.getElementById("data-stanzas").textContent);

function className(dataset, label) {
  const { classes } = stanzas[dataset] || {};
  const word = classes && classes[datasetOf(dataset).classes.indexOf(label)];
  return word === undefined ? String(label) : word;
}

function titleOf(dataset) {
  return (stanzas[dataset] || {}).title || dataset;
}

function accuracyText(value) {
  return value.toFixed(4);
}

function secondsText(value) {
  if (value >= 100) return value.toFixed(0);
  return value >= 1 ? value.toPrecision(3) : value.toFixed(3);
}

function differenceText(value) {
  return (value < 0 ? "\u2212" : "+") + Math.abs(value).toFixed(4);
}

function rangeText(range, digits) {
  const [low, high] = range.map((value) => value.toFixed(digits));
  return low === high ? low : low + "\u2013" + high;
}

/* An element with attributes and children, which are elements or texts. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  Object.entries(attributes || {}).forEach(([key, value]) => made.setAttribute(key, value));
  made.append(...children);
  return made;
}

function definitions(pairs) {
  const list = element("dl");
  pairs.filter(([, text]) => text !== undefined && text !== null && text !== "").forEach(([name, text]) => {
    list.append(element("dt", {}, name), element("dd", {}, String(text)));
  });
  return list;
}
