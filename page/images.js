/* The images of each dataset: sprite, maps, and those that most rows get wrong. */
function mapFigure(dataset, kind, title) {
  const figure = element("figure", {}, element("figcaption", {}, element("h4", {}, title)));
  if (!pictures[dataset][kind]) {
    figure.append(element("p", { class: "notes" }, "It is missing: python3-sklearn was not installed where the page was made."));
    return figure;
  }
  const place = element("div", { class: "chart square map" });
  figure.append(place);
  addChart(place, () => mapChart(dataset, kind), title + " of " + dataset);
  return figure;
}

function hardestImages({ name, hardest, classes }) {
  const taken = ({ predicted, label }) => predicted.map((count, index) => ({ count, label: classes[index] }))
    .filter((candidate) => candidate.count && candidate.label !== label)
    .sort((a, b) => b.count - a.count)[0];
  return tiles(name, hardest, (image) => {
    const most = taken(image);
    return lines("it is " + className(name, image.label), `${image.n_wrong} of ${image.n_rows} rows`,
      most ? "most say " + className(name, most.label) : "");
  });
}

function imagesOf(dataset) {
  const box = element("div", { class: "dataset" }, element("h3", {}, titleOf(dataset.name)));
  const picture = pictures[dataset.name];
  if (!picture) {
    box.append(element("p", { class: "notes" }, "The images were not there when the page was made."));
    return box;
  }
  const shares = picture.pca_shares.map((share) => (100 * share).toFixed(0) + " %").join(" and ");
  box.append(element("img", { class: "sprite", src: picture.sprite, loading: "lazy",
    alt: `test images of ${dataset.name}, some of each class in turn` }),
  mapFigure(dataset.name, "pca", `Two principal components (${shares} of the variance)`),
  mapFigure(dataset.name, "tsne", "t-SNE"));
  if (dataset.hardest && dataset.hardest.length) {
    box.append(element("h4", {}, "Wrong in most rows"), hardestImages(dataset));
  }
  return box;
}

function startImages() {
  const place = document.getElementById("images");
  place.className = "pair";
  place.append(...table.datasets.map(imagesOf));
}
