import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../arguments.ts';
import { readSearchArguments } from './arguments.ts';
import { QUESTIONS } from './questions.ts';
import { searchReport } from './report.ts';
import { wrongAnswers } from './results.ts';
import { runSearchBench } from './run.ts';

test('a short log is asked both ways, which agree, and the report has each question', async () => {
  const words = ['--entries', '20000', '--rounds', '1', '--only', 'key,rare-text,absent-text'];
  const results = await runSearchBench(readSearchArguments(words, QUESTIONS), () => undefined);
  assert.deepEqual(
    results.questions.map(({ name, found }) => [name, found]),
    [
      ['key', { command: 100, service: 100 }],
      ['rare-text', { command: 1, service: 1 }],
      ['absent-text', { command: 0, service: 0 }],
    ],
  );
  assert.ok((results.build?.cpuMs ?? 0) > 0 && results.indexBytes > 100_000);
  assert.deepEqual(wrongAnswers(results), []);
  assert.match(searchReport(results), /^19,968 entries, [^]*\nrare-text +1 +\d/m);
  const [first, ...others] = results.questions;
  assert.ok(first !== undefined);
  const missed = { ...first, found: { command: 99, service: 100 } };
  assert.deepEqual(wrongAnswers({ entries: 20_000, questions: [missed, ...others] }), [missed]);
  const long = { entries: 1_000_000, questions: [{ ...first, found: { command: 99, service: 99 } }] };
  assert.equal(wrongAnswers(long).length, 1);
});

test('a question that there is none of, and a log that is too short, are refused', () => {
  for (const words of [['--only', 'keys'], ['--entries', '100'], ['--rounds', '0'], ['key']]) {
    assert.throws(() => readSearchArguments(words, QUESTIONS), UsageError, words.join(' '));
  }
});
