import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../arguments.ts';
import { readGrowthArguments } from './arguments.ts';
import { axes } from './axes.ts';
import type { Axis, GrowthResults } from './axis.ts';
import { chart } from './chart.ts';

const axis: Axis = {
  name: 'keys',
  along: 'keys & names',
  scale: 'log',
  sizes: [100, 10_000],
  least: 100,
  most: 10_000,
  remark: 'Simulated: nothing <here>.',
  panels: [{ title: 'Cost', unit: 'µs', scale: 'linear', lines: { sign: 'sign', get: 'get' } }],
  title: (times, first, last) => `From ${first} to ${last} keys, a sign takes ${times('sign')}`,
  measure: () => Promise.resolve([]),
};
const calm = { foreign: 0, stolen: 0 };
const results: GrowthResults = {
  axis: 'keys',
  environment: {
    ...{ time: '2026-11-27T08:00:00.000Z', cpu: 'AMD EPYC', cores: 2, memoryMiB: 1, system: 'Linux', node: '26' },
    ...{ nodeOpenssl: '3', systemOpenssl: '3', commit: 'aaaaaaa' },
  },
  points: [
    { size: 100, figures: { sign: 100, get: 50 }, disturbance: calm },
    { size: 10_000, figures: { sign: 150, get: 50 }, disturbance: { foreign: 0.5, stolen: 0 } },
  ],
};

test('a chart says what is seen, in what units, on what, and what is not as it seems', () => {
  const svg = chart(axis, results);
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, content]) => content);
  for (const expected of [
    'From 100 to 10,000 keys, a sign takes 1.5×',
    'Cost, µs',
    'keys &amp; names',
    'sign',
    'get',
    'Simulated: nothing &lt;here&gt;.',
    'AMD EPYC, 2 cores, Node 26, commit aaaaaaa, 2026-11-27. Other programs had part of the cores at 10,000.',
  ]) {
    assert.ok(texts.includes(expected), expected);
  }
  assert.match(svg, /prefers-color-scheme: dark/);
  assert.equal(svg.match(/<circle/g)?.length, 4);
});

test('larger figures are higher, and what costs the same is level', () => {
  const circles = [...chart(axis, results).matchAll(/<circle class="(d\d)" cx="[\d.]+" cy="([\d.]+)"/g)];
  const heights = (style: string): number[] => circles.filter(([, of]) => of === style).map(([, , y]) => Number(y));
  const [signs, gets] = [heights('d0'), heights('d1')];
  assert.ok((signs[1] ?? Number.NaN) < (signs[0] ?? Number.NaN));
  assert.equal(gets[0], gets[1]);
});

test('a figure that was not measured is not drawn as if it were', () => {
  const [first] = results.points;
  assert.ok(first !== undefined);
  const missing = { ...results, points: [first, { ...first, size: 10_000, figures: { sign: 150 } }] };
  assert.throws(() => chart(axis, missing), RangeError);
});

test('sizes are of one axis, ascending and within what it takes', () => {
  const { axes: chosen, sizes } = readGrowthArguments(['keys', '--sizes', '100,200'], axes);
  assert.deepEqual([chosen.map(({ name }) => name), sizes], [['keys'], [100, 200]]);
  assert.equal(readGrowthArguments([], axes).axes.length, axes.length);
  for (const words of [
    ['--sizes', '100,200'],
    ['keys', '--sizes', '200,100'],
    ['keys', '--sizes', '100'],
    ['keys', '--sizes', '1,100'],
    ['keys', '--sizes', '100,200', '--draw'],
    ['people'],
  ]) {
    assert.throws(() => readGrowthArguments(words, axes), UsageError, words.join(' '));
  }
});

test('every axis measures sizes that it takes, and says what each line is', () => {
  for (const { sizes, least, most, panels, remark } of axes) {
    assert.ok(sizes.every((size, index) => size >= least && size <= most && size > (sizes[index - 1] ?? 0)));
    assert.ok(remark !== '' && panels.every(({ unit, lines }) => unit !== '' && Object.keys(lines).length > 0));
  }
});
