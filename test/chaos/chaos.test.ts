// A thousand faults under load, and no promise broken: no acknowledged change lost or done twice, every answer in the log, nothing allowed
// after what forbids it, and no repeatable operation failing that a fault does not excuse. `main.ts` beside it repeats a seed.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { skipUnless } from '../system-programs.ts';
import { runChaos } from './run.ts';

/** More, or fewer, with STRONGROOM_CHAOS_FAULTS. */
const FAULTS = Number(process.env['STRONGROOM_CHAOS_FAULTS'] ?? 1000);

test(`${FAULTS} faults under load break no promise`, {
  skip: skipUnless('gcc', 'checker of histories'),
}, async (context) => {
  const seed = Number(process.env['STRONGROOM_CHAOS_SEED'] ?? randomInt(2 ** 32));
  const { findings, faults } = await runChaos({ seed, faults: FAULTS, report: (line) => context.diagnostic(line) });
  const again = `node scripts/run.mjs test/chaos/main.ts --seed ${seed} --faults ${FAULTS}`;
  assert.equal(findings.length, 0, `${findings.join('\n\n')}\n\nonce more: ${again}`);
  assert.ok(faults >= FAULTS, `${faults} faults`);
});
