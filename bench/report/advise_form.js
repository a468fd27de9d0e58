// The form: reads its fields, asks `advice`, shows the answer.
// Everything it says is put in as text, never as markup.
(function () {
  const known = JSON.parse(document.getElementById("advise-facts").textContent);
  const form = document.getElementById("advise-form");
  const place = document.getElementById("advise-answer");
  const STATES = [
    ["meets", "Meet all of it"],
    ["not known", "Something is not known"],
    ["excluded", "Excluded"],
  ];
  const MARKS = { true: "✓", false: "✗", null: "?" };

  function number(name) {
    const text = form.elements[name].value;
    return text === "" ? null : Number(text);
  }

  function ticked(name) {
    return [...form.querySelectorAll(`input[name=${name}]:checked`)].map((box) => box.value);
  }

  function asked() {
    return {
      rate: number("rate"),
      task_ms: number("task_ms") || 0,
      kind: form.elements.kind.value,
      workers: number("workers"),
      p99_ms: number("p99_ms"),
      memory_mb: number("memory_mb"),
      backlog: number("backlog"),
      may_lose: form.elements.may_lose.checked,
      may_double: form.elements.may_double.checked,
      needs: ticked("needs"),
      brokers: ticked("brokers"),
    };
  }

  // Whether anything but a broker is asked for.
  function isAsked(wanted) {
    const numbers = [wanted.rate, wanted.workers, wanted.p99_ms, wanted.memory_mb];
    const strict = !wanted.may_lose || !wanted.may_double;
    return strict || wanted.needs.length > 0 || numbers.some((value) => value !== null);
  }

  function element(tag, text, name) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (name) made.className = name;
    return made;
  }

  function candidate(found) {
    const box = element("details", "");
    box.open = found.state === "meets";
    const times = found.place && found.headroom ? advice.short(found.headroom) : "";
    const room = times ? ` (meets its tightest ${times} times over)` : "";
    const rank = found.place ? `${found.place}. ` : "";
    box.append(element("summary", `${rank}${found.arm}${room}`));
    const list = element("ul", "");
    for (const check of found.checks) {
      const text = `${MARKS[check.met]} ${check.requirement}: ${check.text}`;
      list.append(element("li", text, check.met === false ? "bad" : ""));
    }
    box.append(list);
    return box;
  }

  function show() {
    const wanted = asked(), answer = advice.answer(wanted, known);
    place.replaceChildren();
    if (!isAsked(wanted)) {
      const count = answer.filter((each) => each.state === "meets").length;
      const said = `${count} of ${answer.length} arms would do.`;
      const text = `Nothing is asked for yet but a broker: ${said}`;
      place.append(element("p", text, "muted"));
      return;
    }
    for (const [state, title] of STATES) {
      const mine = answer.filter((each) => each.state === state);
      place.append(element("h3", `${title}: ${mine.length}`), ...mine.map(candidate));
    }
  }

  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  show();
})();
