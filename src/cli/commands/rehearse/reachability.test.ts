import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCustodians } from '../../../../test/support/custodians.ts';
import { rehearseReachability } from './reachability.ts';

test('a packet that is no answer is not handed in as one', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-answer-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const [anna] = await makeCustodians('Anna');
  const file = join(folder, 'anna-acknowledge.json');
  const domain = 'A'.repeat(43);
  writeFileSync(file, anna?.says({ purpose: 'acknowledge', domain, proof: domain }) ?? '');
  const client = { who: 'dev', ask: () => assert.fail('nothing is asked of the service') };
  const address = ' --hsm-name west';
  const options = {
    client,
    address,
    days: 7,
    out: undefined,
    answers: [file],
    finish: false,
    record: undefined,
    json: false,
  };
  await assert.rejects(rehearseReachability(options, { out: assert.fail, err: assert.fail }), {
    name: 'CommandError',
    message:
      /anna-acknowledge\.json: is a packet of purpose 'acknowledge', and no answer: .*'\.\/strongroom custodian submit \S+\/anna-acknowledge\.json --hsm-name west'/,
  });
});
