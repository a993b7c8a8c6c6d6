// The look of an explorer. Colours carry the book's meanings: vermilion early, blue late, grey never or control.

export const STYLE = `
.lrx { --lrx-early: #a5490e; --lrx-late: #0f5a8f; --lrx-grey: #717171; --lrx-good: #3d935b; --lrx-amber: #bd8606; --lrx-ink: #1a1a1a; --lrx-rim: #fff;
  margin: 1rem 0; color: var(--lrx-ink); max-width: 100%; }
html[data-theme="dark"] .lrx { --lrx-early: #ff9a57; --lrx-late: #429fd2; --lrx-grey: #a4a4a4; --lrx-good: #5fdc9d; --lrx-amber: #f9cf3b;
  --lrx-ink: #e6e6e6; --lrx-rim: #14181e; }
html[data-theme="dark"] .bd-content div.cell_output .text_html:has(.lrx) {
  background: transparent !important; color: inherit !important; padding: 0 !important; } /* off the theme's white card */
.lrx-controls { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 190px), 1fr)); gap: .3rem 1.5rem; }
.lrx-control { display: flex; align-items: end; gap: .5rem; }
.lrx-control label { flex: 1; min-width: 0; font-size: .9rem; }
.lrx-control input[type=range] { display: block; width: 100%; margin: .2rem 0 0; height: 1.75rem; accent-color: var(--lrx-late); touch-action: pan-y; }
.lrx-control input[type=text] { width: 5.2em; font: inherit; font-size: .9rem; font-variant-numeric: tabular-nums; text-align: right;
  padding: .1rem .3rem; color: inherit; background: transparent; border: 1px solid var(--lrx-grey); border-radius: 4px; }
.lrx-control input[inputmode=text] { width: 6.5em; }
.lrx-control input[aria-invalid=true] { border: 2px solid var(--lrx-early); }
.lrx :is(input, button, svg):focus-visible { outline: 3px solid var(--lrx-late); outline-offset: 0; }
.lrx-bar { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; align-items: center; margin: .5rem 0; font-size: .88rem; }
.lrx-bar button { font: inherit; color: inherit; background: transparent; border: 1px solid var(--lrx-grey); border-radius: 4px;
  padding: .15rem .6rem; cursor: pointer; margin-left: auto; min-height: 1.75rem; }
.lrx-key { white-space: nowrap; }
.lrx-key svg { vertical-align: middle; margin-right: .35rem; }
.lrx-panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 265px), 1fr)); gap: .5rem 1rem; }
.lrx-panel { min-width: 0; overflow: hidden; }
.lrx-panel svg { display: block; max-width: 100%; }
.lrx svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
.lrx svg .lrx-title { font-weight: 600; font-size: 13px; }
.lrx svg .lrx-name { paint-order: stroke; stroke: var(--lrx-rim); stroke-width: 3px; }
.lrx-grid { stroke: currentColor; stroke-opacity: .16; fill: none; }
.lrx-line { fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linejoin: round; }
.lrx-rule { fill: none; stroke: currentColor; stroke-width: 1.2; stroke-dasharray: 2 3; }
.lrx-dot { fill: currentColor; stroke: var(--lrx-rim); stroke-width: 1.5; }
.lrx-dot.lrx-open { fill: var(--lrx-rim); stroke: currentColor; stroke-width: 2; }
.lrx .early { color: var(--lrx-early); } .lrx .late { color: var(--lrx-late); }
.lrx .never { color: var(--lrx-grey); } .lrx .amber { color: var(--lrx-amber); } .lrx .good { color: var(--lrx-good); } .lrx .ink { color: var(--lrx-ink); }
.lrx-line.train { stroke-dasharray: 5 2; } .lrx-line.mixed { stroke-dasharray: 8 3 2 3; } .lrx-line.thin { stroke-width: .9; } .lrx-line.faint { stroke-opacity: .45; }
.lrx-line.thicker { stroke-width: 4; stroke-linecap: round; } .lrx-line.thick { stroke-width: 2.4; } .lrx-line.dotted { stroke-dasharray: 1.5 3; stroke-linecap: round; stroke-width: 2.2; }
.lrx-halo { fill: none; stroke: #fff; stroke-opacity: .75; stroke-width: 3; } .lrx-thread { fill: none; stroke: #222; stroke-width: 1.3; }
.lrx-hair { fill: none; stroke: #222; stroke-width: 1.2; } .lrx-mark { stroke: #fff; stroke-width: 1.5; } .lrx-mark:is(polygon) { stroke: #222; stroke-width: 1; }
.lrx-mark.lrx-chosen { fill: none; stroke: #222; stroke-width: 2; } .lrx-mark.lrx-now { fill: #fff; stroke: #222; stroke-width: 2; }
.lrx svg .lrx-on-map { fill: #1a1a1a; font-weight: 600; paint-order: stroke; stroke: #fff; stroke-width: 3px; }
.lrx-bands path { stroke: #222; stroke-opacity: .28; stroke-width: .6; vector-effect: non-scaling-stroke; fill-rule: evenodd; }
.lrx-reading { margin: .5rem 0; min-height: 3.2em; }
.lrx-message { margin: .3rem 0; font-weight: 600; color: var(--lrx-early); }
.lrx-message:empty { display: none; }
.lrx figcaption { font-size: .95rem; text-align: left; color: inherit; }
.lrx [data-lrx-turn] { cursor: grab; touch-action: none; }
.lrx [data-lrx-drag] { cursor: ew-resize; touch-action: pan-y; }
.lrx [data-lrx-point] { cursor: crosshair; touch-action: none; }
@media print { .lrx-control input[type=range], .lrx-bar button { display: none; } .lrx-panel { break-inside: avoid; } }
`;
