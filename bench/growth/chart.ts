// A chart of an axis as SVG: one panel for each kind of figure, two beside each other. It is text, follows the reader's light or
// dark colours, and says on what and when it was measured.
import { isDisturbed } from '../machine/disturbance.ts';
import type { Axis, GrowthPoint, GrowthResults, Panel } from './axis.ts';
import { type Scale, scaleOf } from './scale.ts';

const WIDTH = 960;
const PANEL = { width: 470, height: 280, left: 62, right: 128, top: 34, bottom: 46 };
const LABEL_GAP = 14;

const STYLE = `
  .paper { fill: #ffffff } text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 17px; font-weight: 600 } .panel { font-weight: 600 } .quiet { fill: #59636e }
  .grid { stroke: #d1d9e0 } .line { fill: none; stroke-width: 2 }
  .c0 { stroke: #0969da } .d0 { fill: #0969da } .c1 { stroke: #bc4c00 } .d1 { fill: #bc4c00 } .c2 { stroke: #1a7f37 }
  .d2 { fill: #1a7f37 } .c3 { stroke: #8250df } .d3 { fill: #8250df } .c4 { stroke: #bf3989 } .d4 { fill: #bf3989 }
  .c5 { stroke: #7d6000 } .d5 { fill: #7d6000 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } text { fill: #f0f6fc } .quiet { fill: #9198a1 } .grid { stroke: #3d444d }
    .c0 { stroke: #58a6ff } .d0 { fill: #58a6ff } .c1 { stroke: #f0883e } .d1 { fill: #f0883e } .c2 { stroke: #3fb950 }
    .d2 { fill: #3fb950 } .c3 { stroke: #bc8cff } .d3 { fill: #bc8cff } .c4 { stroke: #f778ba } .d4 { fill: #f778ba }
    .c5 { stroke: #e3b341 } .d5 { fill: #e3b341 }
  }`;

/** @throws RangeError when a figure cannot be drawn */
export function chart(axis: Axis, { environment: on, points }: GrowthResults): string {
  const sizes = points.map(({ size }) => size);
  const title = lines(axis.title(growth(points), count(sizes[0] ?? 0), count(sizes.at(-1) ?? 0)), 84);
  const top = 16 + title.length * 24;
  const rows = Math.ceil(axis.panels.length / 2);
  const disturbed = points.filter(({ disturbance }) => isDisturbed(disturbance)).map(({ size }) => count(size));
  const notes = [
    ...lines(axis.remark, 150),
    `${on.cpu}, ${on.cores} cores, Node ${on.node}, commit ${on.commit}, ${on.time.slice(0, 10)}.` +
      (disturbed.length === 0 ? '' : ` Other programs had part of the cores at ${disturbed.join(', ')}.`),
  ];
  const height = top + rows * PANEL.height + notes.length * 18 + 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escaped(title.join(' '))}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    ...title.map((line, index) => text(16, 28 + index * 24, line, 'title')),
    ...axis.panels.flatMap((panel, index) => [
      `<g transform="translate(${(index % 2) * (WIDTH - PANEL.width)} ${top + Math.floor(index / 2) * PANEL.height})">`,
      ...drawPanel(axis, panel, points),
      '</g>',
    ]),
    ...notes.map((line, index) => text(16, top + rows * PANEL.height + 16 + index * 18, line, 'quiet')),
    '</svg>',
    '',
  ].join('\n');
}

function drawPanel(axis: Axis, panel: Panel, points: readonly GrowthPoint[]): string[] {
  const across = PANEL.width - PANEL.left - PANEL.right;
  const upwards = PANEL.height - PANEL.top - PANEL.bottom;
  const sizes = points.map(({ size }) => size);
  const xScale = scaleOf(sizes, axis.scale);
  const names = Object.keys(panel.lines);
  const valuesOf = (name: string): number[] => points.map(({ figures }) => figures[name] ?? Number.NaN);
  const yScale = scaleOf(names.flatMap(valuesOf), panel.scale);
  const x = (value: number): number => round(PANEL.left + xScale.at(value) * across);
  const y = (value: number): number => round(PANEL.top + (1 - yScale.at(value)) * upwards);
  const bottom = PANEL.top + upwards;
  const labels = spread(
    names.map((name) => ({ name, y: y(valuesOf(name).at(-1) ?? Number.NaN) })),
    bottom,
  );
  return [
    text(16, 16, `${panel.title}, ${panel.unit}`, 'panel'),
    ...yScale.ticks.flatMap((tick) => [
      `<path class="grid" d="M${PANEL.left} ${y(tick)}h${across}"/>`,
      text(PANEL.left - 6, y(tick) + 4, count(tick), 'quiet', 'end'),
    ]),
    ...xTicks(axis, xScale, sizes).flatMap((tick) => [
      `<path class="grid" d="M${x(tick)} ${bottom}v5"/>`,
      text(x(tick), bottom + 19, count(tick), 'quiet', 'middle'),
    ]),
    text(PANEL.left + across / 2, bottom + 37, axis.along, 'quiet', 'middle'),
    ...names.flatMap((name, index) => {
      const places = points.map(({ size }, point) => [x(size), y(valuesOf(name)[point] ?? Number.NaN)] as const);
      return [
        `<path class="line c${index % 6}" d="M${places.map((place) => place.join(' ')).join('L')}"/>`,
        ...places.map(([cx, cy]) => `<circle class="d${index % 6}" cx="${cx}" cy="${cy}" r="3"/>`),
        text(PANEL.left + across + 8, (labels.get(name) ?? 0) + 4, panel.lines[name] ?? name, `d${index % 6}`),
      ];
    }),
  ];
}

/** Along a logarithmic axis its own ticks, else just what was measured. */
function xTicks(axis: Axis, scale: Scale, sizes: readonly number[]): readonly number[] {
  return axis.scale === 'log' ? scale.ticks : sizes;
}

/** Names beside the ends of their lines, moved apart where they would cover each other. */
function spread(labels: readonly { name: string; y: number }[], bottom: number): ReadonlyMap<string, number> {
  const placed = new Map<string, number>();
  let limit = bottom + 4;
  for (const { name, y } of labels.toSorted((a, b) => b.y - a.y)) {
    const at = Math.min(y, limit);
    placed.set(name, at);
    limit = at - LABEL_GAP;
  }
  return placed;
}

function growth(points: readonly GrowthPoint[]): (figure: string) => string {
  return (figure) => {
    const [first, last] = [points[0], points.at(-1)].map((point) => point?.figures[figure] ?? Number.NaN);
    const times = (last ?? Number.NaN) / (first ?? Number.NaN);
    return `${times < 10 ? times.toFixed(1) : times.toFixed(0)}×`;
  };
}

function lines(sentence: string, length: number): string[] {
  const found: string[] = [];
  for (const word of sentence.split(' ')) {
    const last = found.at(-1);
    if (last !== undefined && last.length + word.length < length) found[found.length - 1] = `${last} ${word}`;
    else found.push(word);
  }
  return found;
}

function text(x: number, y: number, content: string, style: string, anchor = 'start'): string {
  return `<text x="${round(x)}" y="${round(y)}" class="${style}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function count(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 2, ...(value >= 1e6 ? { notation: 'compact' } : {}) });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
