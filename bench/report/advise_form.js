// The form: reads its fields, asks the rules, shows the answer. Everything it says is put in as text, never as markup.
(function () {
  const known = JSON.parse(document.getElementById("advise-facts").textContent);
  const form = document.getElementById("advise-form"), place = document.getElementById("advise-answer");
  const number = (name) => (form.elements[name].value === "" ? null : Number(form.elements[name].value));
  const ticked = (name) => [...form.querySelectorAll(`input[name=${name}]:checked`)].map((box) => box.value);

  function asked() {
    return {
      rate: number("rate"), task_ms: number("task_ms") || 0, kind: form.elements.kind.value, workers: number("workers"), p99_ms: number("p99_ms"), memory_mb: number("memory_mb"),
      may_lose: form.elements.may_lose.checked, may_double: form.elements.may_double.checked, needs: ticked("needs"), brokers: ticked("brokers"),
    };
  }

  function element(tag, text, name) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (name) made.className = name;
    return made;
  }

  function show() {
    place.replaceChildren();
    const wanted = asked(), found = advise(wanted, known);
    if (wanted.rate === null && wanted.workers === null && wanted.p99_ms === null && wanted.memory_mb === null && wanted.may_lose && wanted.may_double && !wanted.needs.length) {
      place.append(element("p", `Nothing is asked for yet but a broker: ${found.filter((each) => each.state === "meets").length} of ${found.length} arms would do.`, "muted"));
      return;
    }
    for (const [state, title] of [["meets", "Meet all of it"], ["not known", "Something is not known"], ["excluded", "Excluded"]]) {
      const mine = found.filter((each) => each.state === state);
      place.append(element("h3", `${title}: ${mine.length}`));
      for (const each of mine) {
        const box = element("details", "");
        box.open = state === "meets";
        const room = each.place && each.headroom ? ` (meets its tightest ${short(each.headroom)} times over)` : "";
        box.append(element("summary", `${each.place ? each.place + ". " : ""}${each.arm}${room}`));
        const list = element("ul", "");
        for (const check of each.checks) list.append(element("li", `${{ true: "✓", false: "✗", null: "?" }[check.met]} ${check.requirement}: ${check.text}`, check.met === false ? "bad" : ""));
        box.append(list);
        place.append(box);
      }
    }
  }
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  show();
})();
