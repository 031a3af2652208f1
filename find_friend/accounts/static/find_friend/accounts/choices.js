// Suggests cities and interests while somebody types their names. Without this file the names are written whole.
const { cities, interests } = document.getElementById("ff-choices").dataset;
const addresses = { cities, interests };
const WAIT = 200;
const countries = new Intl.DisplayNames([document.documentElement.lang, "en"].filter(Boolean), { type: "region" });
let lists = 0;

const label = ({ name, region, country }) => [name, region, country].filter(Boolean).join(", ");

/** What is written into the field has the code of the country; what one reads has its name too. */
function option(item, before) {
  const value = label(item);
  const shown = /^[A-Z]{2}$/.test(item.country) ? label({ ...item, country: countries.of(item.country) }) : "";
  return new Option(shown, `${before}${before && " "}${value}`.trim());
}

function suggest(input) {
  const many = "ffMany" in input.dataset;
  const list = document.createElement("datalist");
  list.id = `ff-list-${++lists}`;
  input.after(list);
  input.setAttribute("list", list.id);
  let timer, asked = "";

  async function ask() {
    const before = many ? input.value.replace(/[^,]*$/, "") : "";
    const begun = input.value.slice(before.length).trim();
    if (!begun || begun === asked) return;
    asked = begun;
    const address = `${addresses[input.dataset.ffChoices]}?limit=8&search=${encodeURIComponent(begun.split(",")[0])}`;
    const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok || asked !== begun) return;
    const { results } = await answer.json();
    list.replaceChildren(...results.map((item) => option(item, before)));
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
}

document.querySelectorAll("[data-ff-choices]").forEach(suggest);
