// What the translated rules stand on: what Python's words do, in JavaScript.
// bench/advise/javascript.py lists them (HOST, METHODS); numbers are written as wording.py does.

// Empty lists and objects are false in Python and true here.
function truth(value) {
  if (value === null || typeof value !== "object") return Boolean(value);
  return (Array.isArray(value) ? value : Object.keys(value)).length > 0;
}

function get(mapping, key, otherwise = null) {
  return Object.hasOwn(mapping, key) ? mapping[key] : otherwise;
}

const float = Number;
const len = (values) => values.length;
const any = (values) => values.some(truth);
const sum = (values) => values.reduce((total, value) => total + value, 0);
const min = (...values) => Math.min(...values.flat());

function range(first, end) {
  return Array.from({ length: Math.max(0, end - first) }, (_, place) => first + place);
}

// Tuples in order: by the first place in which they differ.
function compare(one, other) {
  const place = one.findIndex((value, at) => value !== other[at]);
  if (place < 0) return 0;
  return one[place] < other[place] ? -1 : 1;
}

function sorted(values, key) {
  const keyed = values.map((value) => ({ key: key(value), value }));
  return keyed.sort((one, other) => compare(one.key, other.key)).map((each) => each.value);
}

// toPrecision rounds the exact value, a tie upwards; toLocaleString alone sets thousands apart.
function digits(value, count, useGrouping) {
  const rounded = Number(value.toPrecision(count));
  return rounded.toLocaleString("en", { maximumSignificantDigits: count, useGrouping });
}

const short = (value) => digits(value, 4, true);
const plain = (value) => digits(value, 6, false);
