// What every explorer shares: sliders with typed values, a legend, panels, one line that says what they show.

import { STYLE } from "./style.js";
import { escapeText, plain } from "./chart.js";

// Slider positions of a control {min, max, step, log, whole, choices, names}: 0 to last.
export const lastPosition = (c) => (c.choices?.length
  ? c.choices.length - 1
  : Math.round((c.log ? Math.log10(c.max / c.min) : c.max - c.min) / c.step));

// Returns the value at a slider position; on a log scale, rounded to three digits.
export function valueAt(c, position) {
  if (c.choices?.length) return c.choices[position];
  const raw = c.log ? c.min * 10 ** (position * c.step) : c.min + position * c.step;
  const value = Number(raw.toPrecision(c.log ? 3 : 12));
  return Math.min(c.max, Math.max(c.min, value));
}

export function positionFor(c, value) {
  if (c.choices?.length) return c.choices.indexOf(value);
  const raw = (c.log ? Math.log10(value / c.min) : value - c.min) / c.step;
  return Math.round(raw);
}

// Returns a value as the control shows it: its name, if it has one.
export const shownAs = (c, value) => (c.names?.length ? c.names[value] : String(value));

// Returns {value} for what a reader typed, or {problem} in words: nothing is clipped or guessed.
export function parse(c, text) {
  if (c.names?.length) {
    const value = c.names.findIndex((name) => name.toLowerCase() === text.trim().toLowerCase());
    return value >= 0 ? { value }
      : { problem: `${c.label}: needs one of ${c.names.join("; ")}, got “${text}”. The figure still shows ${c.names[c.now]}.` };
  }
  const value = text.trim() === "" ? NaN : Number(text.trim().replace(/,(?=\d{3}\b)/g, ""));
  const range = `from ${plain(c.min)} to ${plain(c.max)}`;
  const kind = c.whole ? "a whole number" : "a number";
  const needs = c.choices?.length ? `one of ${c.choices.map(plain).join("; ")}` : `${kind} ${range}`;
  const strange = c.choices?.length ? !c.choices.includes(value) : c.whole && !Number.isInteger(value);
  if (!Number.isFinite(value) || strange || value < c.min || value > c.max) {
    return { problem: `${c.label}: needs ${needs}, got “${text}”. The figure still shows ${plain(c.now)}.` };
  }
  return { value };
}

// Fills `root`. `spec` is {title, controls}; `view` is {panels: count, legend: [{as, name}], compute(values),
// draw(panels, state, values), read(state, values), drag: {on, control}, turn}.
export function explorer(root, spec, view) {
  if (!document.querySelector("style[data-lrx]")) {
    document.head.insertAdjacentHTML("beforeend", `<style data-lrx>${STYLE}</style>`);
  }
  const controls = spec.controls.map((c) => ({ ...c, now: c.value }));
  root.innerHTML = `<div class="lrx-controls">${controls.map(controlHtml).join("")}</div>
    <p class="lrx-message" role="alert"></p>
    <p class="lrx-reading" aria-live="polite"></p>
    <div class="lrx-bar">${(view.legend || []).map(keyHtml).join("")}<button type="button">Start values</button></div>
    <div class="lrx-panels">${'<div class="lrx-panel"></div>'.repeat(view.panels)}</div>`;
  const [message, reading] = [root.querySelector(".lrx-message"), root.querySelector(".lrx-reading")];
  const panels = [...root.querySelectorAll(".lrx-panel")];
  let state = null, waiting = false, charts = [];

  function show(recompute) {
    const start = performance.now(), values = Object.fromEntries(controls.map((c) => [c.key, c.now]));
    try {
      if (recompute || state === null) state = view.compute(values);
      charts = view.draw(panels, state, values) || [];
      reading.textContent = view.read(state, values);
      root.dataset.drawn = String(Number(root.dataset.drawn || 0) + 1);
      root.dataset.milliseconds = (performance.now() - start).toFixed(2);
    } catch (error) { // the last drawing stays, and the reader learns that it is the last one
      message.textContent = `This setting could not be drawn: ${error.message}`;
    }
  }
  function soon() { // several moves within one frame cost one redraw
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; show(true); });
  }
  function settle(k, value) {
    const c = controls[k], [slider, field] = inputs(k);
    c.now = value;
    slider.value = positionFor(c, value);
    slider.setAttribute("aria-valuetext", c.names?.length ? c.names[value] : plain(value));
    field.value = shownAs(c, value);
    field.removeAttribute("aria-invalid");
    message.textContent = "";
  }
  const inputs = (k) => root.querySelectorAll(".lrx-control")[k].querySelectorAll("input");

  controls.forEach((c, k) => {
    const [slider, field] = inputs(k);
    settle(k, c.value);
    slider.addEventListener("input", () => { settle(k, valueAt(c, Number(slider.value))); soon(); });
    field.addEventListener("change", () => {
      const { value, problem } = parse(c, field.value);
      if (problem) { field.setAttribute("aria-invalid", "true"); message.textContent = problem; return; }
      settle(k, value);
      soon();
    });
  });
  root.querySelector(".lrx-bar button").addEventListener("click", () => { controls.forEach((c, k) => settle(k, c.value)); soon(); });
  if (view.drag) allowDrag(view.drag, controls, panels, () => charts, (k, v) => { settle(k, v); soon(); });
  if (view.turn) allowTurn(view.turn, controls, panels, (k, v) => { settle(k, v); soon(); });
  if (view.point) allowPoint(view.point, controls, panels, () => charts, (k, v) => { settle(k, v); soon(); });
  let width = root.clientWidth;
  new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    show(false);
  }).observe(root);
  show(true);
}

// Lets a finger or a mouse set a control on a panel's x axis; the slider does the same for the keyboard.
function allowDrag({ on, control }, controls, panels, charts, set) {
  const k = controls.findIndex((c) => c.key === control), c = controls[k];
  for (const at of on) {
    const move = (event) => {
      const value = charts()[at]?.valueAt(event.clientX);
      if (Number.isFinite(value)) set(k, valueAt(c, positionFor(c, Math.min(c.max, Math.max(c.min, value)))));
    };
    panels[at].setAttribute("data-lrx-drag", "");
    panels[at].addEventListener("pointerdown", (event) => { panels[at].setPointerCapture(event.pointerId); move(event); });
    panels[at].addEventListener("pointermove", (event) => { if (event.buttons) move(event); });
  }
}

// Lets a mouse over a panel, or a finger on it, set two controls, those of `pointAt`; sliders do it for the keyboard.
function allowPoint({ on, keys }, controls, panels, charts, set) {
  for (const at of on) {
    const move = (event) => {
      const found = charts()[at]?.pointAt(event.clientX, event.clientY);
      if (!found) return;
      keys.forEach((key, j) => {
        const k = controls.findIndex((c) => c.key === key), c = controls[k];
        set(k, valueAt(c, positionFor(c, Math.min(c.max, Math.max(c.min, found[j])))));
      });
    };
    panels[at].setAttribute("data-lrx-point", "");
    panels[at].addEventListener("pointerdown", (event) => { panels[at].setPointerCapture(event.pointerId); move(event); });
    panels[at].addEventListener("pointermove", move);
  }
}

// Lets a drag across a panel change one control and a drag up or down another, half a degree for each pixel.
function allowTurn({ on, across, down }, controls, panels, set) {
  const panel = panels[on];
  panel.setAttribute("data-lrx-turn", "");
  panel.addEventListener("pointerdown", (event) => panel.setPointerCapture(event.pointerId));
  panel.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    for (const [key, by] of [[across, -event.movementX], [down, event.movementY]]) {
      const k = controls.findIndex((c) => c.key === key), c = controls[k];
      let value = c.now + by / 2;
      if (key === across) value = ((((value - c.min) % 360) + 360) % 360) + c.min;
      set(k, Math.round(Math.min(c.max, Math.max(c.min, value))));
    }
  });
}

const controlHtml = (c) => `<div class="lrx-control"><label>${escapeText(c.label)}
  <input type="range" min="0" max="${lastPosition(c)}" step="1" data-key="${c.key}" data-lm-suppress-shortcuts="true"></label>
  <input type="text" inputmode="${c.names?.length ? "text" : "decimal"}" autocomplete="off" aria-label="${escapeText(c.label)}, typed" data-lm-suppress-shortcuts="true"></div>`;

const keyHtml = ({ as, name, dot }) => `<span class="lrx-key"><svg width="26" height="12" aria-hidden="true">${dot
  ? `<circle class="lrx-dot ${as}" cx="13" cy="6" r="5"/>`
  : `<path class="lrx-line ${as}" d="M1 6H25"/>`}</svg>${escapeText(name)}</span>`;
