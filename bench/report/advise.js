// The rules of bench/advise/rules.py and answer.py, for the form in the report. A test compares their answers.
const TIE = 1.1;

function sustained(taskMs, kind, rate, workers, cores) {
  if (!taskMs) return rate;
  const slots = kind === "cpu" ? Math.min(workers, cores) : workers;
  return slots / (workers / rate + taskMs / 1000);
}

// A value at a number of workers, on a straight line between the measured numbers around it.
function betweenWorkers(points, name, workers) {
  const below = points.filter((p) => p.workers <= workers), above = points.filter((p) => p.workers >= workers);
  if (!below.length || !above.length) return [null, ""];
  const low = below[below.length - 1], high = above[0];
  if (low[name] === null || high[name] === null) return [null, ""];
  if (low.workers === high.workers) return [low[name], `cell ${low.cells}`];
  const share = (workers - low.workers) / (high.workers - low.workers);
  return [low[name] + share * (high[name] - low[name]), `between the cells ${low.cells} and ${high.cells}`];
}

// The fewest workers that do it, or those that were asked for; null where that was not measured.
function size(asked, arm, known) {
  const points = arm.work[asked.kind].filter((p) => p.rate !== null);
  if (!points.length || asked.task_ms < known.work_ms) return null;
  let best = null;
  const first = asked.workers || points[0].workers, last = asked.workers || points[points.length - 1].workers;
  for (let workers = first; workers <= last; workers++) {
    const [measured, cells] = betweenWorkers(points, "rate", workers);
    if (measured === null) continue;
    const rate = asked.kind === "cpu" ? (measured * known.work_ms) / asked.task_ms : workers / (workers / measured + (asked.task_ms - known.work_ms) / 1000);
    const found = { workers: workers, rate: rate, memory: betweenWorkers(points, "memory", workers)[0], cells: cells, enough: asked.rate === null || rate >= asked.rate };
    if (found.enough) return found;
    if (!best || found.rate > best.rate) best = found;
  }
  return best;
}

function rateCheck(asked, arm, known) {
  const points = arm.work[asked.kind], check = (met, text, most) => ({ requirement: "rate", met: met, text: text, ...(met === null ? {} : { headroom: most / asked.rate }) });
  const range = () => `${points[0].workers} to ${points[points.length - 1].workers}`;
  if (points.length && asked.task_ms >= known.work_ms) {
    const found = size(asked, arm, known);
    if (!found) return check(null, `measured with ${range()} workers only`);
    let text = `${short(found.rate)} tasks/s with ${found.workers} workers (${found.cells})` + (found.memory === null ? "" : `, ${short(found.memory)} MB`);
    if (!found.enough && !asked.workers) text = `at most ${text}, of ${range()} that were measured`;
    const how = asked.kind === "cpu" ? "no more computing per second" : `${asked.task_ms - known.work_ms} ms more for each in its slot`;
    if (asked.task_ms > known.work_ms) text += `, extrapolated from tasks of ${known.work_ms} ms: ${how}`;
    return check(found.enough, text, found.rate);
  }
  if (asked.workers !== null && asked.workers !== known.workers) return check(null, `tasks of ${asked.task_ms} ms were measured with ${known.workers} workers only`);
  if (!arm.rate) return check(null, "neither capacity nor burst was measured");
  const [measured, cells] = betweenWorkers(points, "rate", known.workers), empty = arm.rate.value;
  if (asked.task_ms && measured !== null) {
    const most = 1 / (1 / empty + ((1 / measured - 1 / empty) * asked.task_ms) / known.work_ms);
    return check(most >= asked.rate, `${short(most)} tasks/s with ${known.workers} slots, between ${arm.rate.what} (cell ${arm.rate.cells}) and ${known.work_ms} ms (${cells})`, most);
  }
  const most = sustained(asked.task_ms, asked.kind, empty, known.workers, known.cores);
  const how = asked.task_ms ? `, extrapolated: ${short(empty)}/s of empty tasks, and ${asked.task_ms} ms more for each in its slot` : "";
  return check(most >= asked.rate, `${short(most)} tasks/s with ${known.workers} slots (${arm.rate.what}, cell ${arm.rate.cells})${how}`, most);
}

function memoryCheck(asked, arm, known) {
  const check = (value, text) => ({ requirement: "memory_mb", met: value <= asked.memory_mb, headroom: asked.memory_mb / value, text: text });
  const found = asked.rate !== null || asked.workers ? size(asked, arm, known) : null;
  if (found && found.memory !== null) return check(found.memory, `${short(found.memory)} MB with ${found.workers} workers (${found.cells})`);
  if (asked.workers !== null && asked.workers !== known.workers) return { requirement: "memory_mb", met: null, text: `measured with ${known.workers} workers only` };
  if (!arm.memory) return { requirement: "memory_mb", met: null, text: "not measured" };
  return check(arm.memory.value, `${short(arm.memory.value)} MB in the burst (cell ${arm.memory.cells})`);
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
  if (asked.rate !== null) found.push(rateCheck(asked, arm, known));
  if (asked.p99_ms !== null) {
    if (asked.rate === null) found.push({ requirement: "p99_ms", met: null, text: "a P99 needs a rate" });
    else if (asked.task_ms) found.push({ requirement: "p99_ms", met: null, text: "the latency of empty tasks was measured, not that of longer ones" });
    else if (asked.workers !== null && asked.workers !== known.workers) found.push({ requirement: "p99_ms", met: null, text: `latency was measured with ${known.workers} workers only` });
    else {
      const [p99, why] = atRate(arm.p99, asked.rate);
      if (p99 === null) found.push({ requirement: "p99_ms", met: why.startsWith("the backlog") ? false : null, text: why });
      else found.push({ requirement: "p99_ms", met: p99 <= asked.p99_ms, headroom: asked.p99_ms / p99, text: `${short(p99)} ms at ${short(asked.rate)} tasks/s, ${why}` });
    }
  }
  if (asked.memory_mb !== null) found.push(memoryCheck(asked, arm, known));
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
