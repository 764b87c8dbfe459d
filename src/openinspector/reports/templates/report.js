(() => {
  "use strict";
  const form = document.querySelector(".controls");
  const home = document.getElementById("groups");
  if (!form || !home) return;
  const nothing = home.querySelector(".nothing");
  const shown = form.querySelector(".shown");
  const groups = [...home.querySelectorAll(".group")].map((element) => ({
    element,
    head: element.querySelector("header").textContent.toLowerCase(),
    issues: [...element.querySelectorAll(".issue")].map((issue) => ({
      element: issue,
      text: issue.textContent.toLowerCase(),
    })),
  }));
  const total = groups.reduce((sum, group) => sum + group.issues.length, 0);
  const number = (group, name) => Number(group.element.dataset[name]);
  const orders = {
    worst: (a, b) => number(a, "order") - number(b, "order"),
    epss: (a, b) => number(b, "epss") - number(a, "epss") || number(a, "order") - number(b, "order"),
    many: (a, b) => number(b, "many") - number(a, "many") || number(a, "order") - number(b, "order"),
    name: (a, b) => (a.element.dataset.name < b.element.dataset.name ? -1 : 1),
  };

  const filter = () => {
    const words = form.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = new Set([...form.querySelectorAll("[name=severity]:checked")].map((box) => box.value));
    let visible = 0;
    for (const group of groups) {
      let some = false;
      for (const issue of group.issues) {
        const data = issue.element.dataset;
        const fits = severities.has(data.severity)
          && (!form.fixable.checked || data.fixable === "1")
          && (!form.exploited.checked || data.exploited === "1")
          && words.every((word) => group.head.includes(word) || issue.text.includes(word));
        issue.element.hidden = !fits;
        some ||= fits;
        visible += fits;
      }
      group.element.hidden = !some;
    }
    nothing.hidden = visible > 0;
    shown.textContent = visible === total ? `${total} findings by package` : `${visible} of ${total} findings by package`;
  };

  const sort = () => {
    groups.sort(orders[form.sort.value]);
    home.prepend(...groups.map((group) => group.element));
  };

  form.addEventListener("input", filter);
  form.sort.addEventListener("change", sort);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
})();
