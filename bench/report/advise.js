// The rules of bench/advise/rules.py and answer.py, for the form in the report. A test compares their answers.
const TIE = 1.1;

function sustained(taskMs, kind, rate, workers, cores) {
  if (!taskMs) return rate;
  const slots = kind === "cpu" ? Math.min(workers, cores) : workers;
  return slots / (workers / rate + taskMs / 1000);
}

function atRate(points, rate) {
  const below = points.filter((p) => p.rate <= rate), above = points.filter((p) => p.rate >= rate);
  if (!points.length) return [null, "latency was not measured"];
  if (!below.length || !above.length) return [null, `measured from ${short(points[0].rate)} to ${short(points[points.length - 1].rate)} tasks/s only`];
  const low = below[below.length - 1], high = above[0];
  if (low.p99 === null || high.p99 === null) return [null, `the backlog grew at ${short((low.p99 === null ? low : high).rate)} tasks/s`];
  if (high.rate === low.rate) return [low.p99, `cell ${low.cells}`];
  return [low.p99 + ((rate - low.rate) / (high.rate - low.rate)) * (high.p99 - low.p99), `between the cells ${low.cells} and ${high.cells}`];
}

function short(value) {
  return Number(value.toPrecision(4)).toLocaleString("en");
}

function never(arm, fates, name, words) {
  const faults = Object.entries(arm.faults);
  if (!faults.length) return { requirement: name, met: null, text: "no fault was measured" };
  const bad = faults.flatMap(([fault, seen]) => fates.filter((fate) => seen[fate]).map((fate) => `${fault}: ${seen[fate]} of ${seen.hit} ${fate} (cell ${seen.cells})`));
  if (bad.length) return { requirement: name, met: false, text: bad.join("; ") };
  const hit = faults.reduce((sum, [, seen]) => sum + seen.hit, 0);
  return { requirement: name, met: true, text: `0 of ${hit} ${words} in ${faults.map(([fault]) => fault).join(", ")}` };
}

function checks(asked, arm, known) {
  const found = [{ requirement: "brokers", met: asked.brokers.includes(arm.broker), text: `it runs on ${arm.broker}` }];
  if (asked.rate !== null) {
    if (!arm.rate) found.push({ requirement: "rate", met: null, text: "neither capacity nor burst was measured" });
    else {
      const most = sustained(asked.task_ms, asked.kind, arm.rate.value, known.workers, known.cores);
      const how = asked.task_ms ? `, extrapolated: ${short(arm.rate.value)}/s of empty tasks, and ${asked.task_ms} ms more for each in its slot` : "";
      found.push({ requirement: "rate", met: most >= asked.rate, headroom: most / asked.rate, text: `${short(most)} tasks/s with ${known.workers} slots (${arm.rate.what}, cell ${arm.rate.cells})${how}` });
    }
  }
  if (asked.p99_ms !== null) {
    if (asked.rate === null) found.push({ requirement: "p99_ms", met: null, text: "a P99 needs a rate" });
    else if (asked.task_ms) found.push({ requirement: "p99_ms", met: null, text: "the latency of empty tasks was measured, not that of longer ones" });
    else {
      const [p99, why] = atRate(arm.p99, asked.rate);
      if (p99 === null) found.push({ requirement: "p99_ms", met: why.startsWith("the backlog") ? false : null, text: why });
      else found.push({ requirement: "p99_ms", met: p99 <= asked.p99_ms, headroom: asked.p99_ms / p99, text: `${short(p99)} ms at ${short(asked.rate)} tasks/s, ${why}` });
    }
  }
  if (asked.memory_mb !== null) {
    if (!arm.memory) found.push({ requirement: "memory_mb", met: null, text: "not measured" });
    else found.push({ requirement: "memory_mb", met: arm.memory.value <= asked.memory_mb, headroom: asked.memory_mb / arm.memory.value, text: `${short(arm.memory.value)} MB in the burst (cell ${arm.memory.cells})` });
  }
  if (!asked.may_lose) found.push(never(arm, ["lost", "stuck", "failed"], "may_lose", "lost, stuck or failed"));
  if (!asked.may_double) found.push(never(arm, ["doubled"], "may_double", "run twice"));
  for (const name of asked.needs) {
    const outcome = (known.features[arm.system] || {})[name];
    if (outcome === undefined || outcome === null || outcome === "unknown") found.push({ requirement: name, met: null, text: outcome ? "the trial came to no end" : "not tried" });
    else found.push({ requirement: name, met: outcome === "works" || outcome === "partly", text: outcome });
  }
  return found;
}

function candidate(arm, seen) {
  const rooms = seen.map((check) => check.headroom).filter((room) => room !== undefined);
  const state = seen.some((check) => check.met === false) ? "excluded" : seen.some((check) => check.met === null) ? "not known" : "meets";
  return { arm: arm, state: state, place: null, headroom: rooms.length ? Math.min(...rooms) : null, checks: seen };
}

function advise(asked, known) {
  const found = known.arms.map((arm) => candidate(arm.arm, checks(asked, arm, known)));
  const best = found.filter((each) => each.state === "meets").sort((a, b) => (b.headroom || 0) - (a.headroom || 0) || (a.arm < b.arm ? -1 : 1));
  best.forEach((each, index) => {
    const last = index ? best[index - 1].place : 0;
    const first = best.find((other) => other.place === last);
    each.place = index && (first.headroom || 0) <= (each.headroom || 0) * TIE ? last : index + 1;
  });
  return [...best, ...found.filter((each) => each.state === "not known"), ...found.filter((each) => each.state === "excluded")];
}
