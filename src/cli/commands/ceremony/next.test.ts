// What `ceremony next` says of how to go on, whatever a step came to.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { CeremonyKind } from '../../../formats/ceremony-kind.ts';
import { Ceremony } from '../../../tools/ceremony/ceremony.ts';
import { kinds } from '../../../tools/ceremony/engine.ts';
import { REPORT_STEP } from '../../../tools/ceremony/step.ts';
import { nounsOf } from '../../command.ts';
import { dispatch } from '../../dispatch.ts';
import { keygen } from '../custodian/keys.ts';
import { next } from './next.ts';

const root = mkdtempSync(join(tmpdir(), 'strongroom-next-'));
after(() => rmSync(root, { recursive: true }));
const at = (name: string): string => join(root, name);
const hand = { who: 'olga', now: () => new Date('2026-01-31T12:00:00Z') };

before(async () => {
  writeFileSync(at('passphrase'), 'correct horse battery staple\n', { mode: 0o600 });
  const options = ['--out', root, '--bits', '2048', '--passphrase-file', at('passphrase')];
  for (const name of ['anna', 'boris']) {
    assert.equal((await run(['custodian', 'keygen', '--name', name, ...options])).code, 0);
  }
});

async function run(words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  return { code: await dispatch(nounsOf([keygen, next]), '0', words, terminal), out, err };
}

function call(folder: string, ...words: string[]): ReturnType<typeof run> {
  return run(['ceremony', 'next', '--folder', folder, ...words]);
}

function start(name: string, kind: CeremonyKind, address: Readonly<Record<string, string>> = {}): Ceremony {
  const people = kind === 'recovery' ? {} : { custodians: 3, required: 2 };
  return Ceremony.start(at(name), { kind, instance: 'two', ...people, address }, hand);
}

function finish(ceremony: Ceremony, isMeant: (id: string) => boolean): void {
  for (const { id } of kinds[ceremony.settings.kind].filter((step) => isMeant(step.id))) {
    ceremony.add({ step: id, what: 'done', text: 'done' });
  }
}

test('a step that is not over says how it goes on', async () => {
  start('activation', 'activation')[Symbol.dispose]();
  const { code, out } = await call(at('activation'), '--file', at('anna.cer'));
  assert.equal(code, 0);
  assert.match(
    out,
    /^1 of 3 certificates are here\nto go on: .*'\.\/strongroom custodian keygen --name NAME'.*Missing: 2\./,
  );
});

test('a step that is left out is followed by the next', async () => {
  {
    using ceremony = start('skipping', 'resharing');
    finish(ceremony, (id) => !['destroy', 'complete'].includes(id));
  }
  const { out } = await call(at('skipping'), '--skip', 'it never left the safe');
  assert.match(out, /^left out: Destroy the old file\nnext: Have the register confirm it\nThe HSM's register is asked/);
});

test('a command that a step names is for the instance and the folder of the ceremony', async () => {
  const named = async (name: string, address: Readonly<Record<string, string>>, step: string): Promise<string> => {
    {
      using ceremony = start(name, 'recovery', address);
      const before = kinds.recovery.slice(
        0,
        kinds.recovery.findIndex(({ id }) => id === step),
      );
      finish(ceremony, (id) => before.some((each) => each.id === id));
    }
    return (await call(at(name))).out;
  };
  const near = { instance: 'two', data: '/srv/my data' };
  const transferKey = "'./strongroom ceremony transfer-key --hsm-name two --data '/srv/my data''";
  assert.ok((await named('near', near, 'transfer-read-back')).includes(transferKey));
  const far = { instance: 'dev', url: 'https://two.example', ca: '/ca.pem' };
  const restore = "'./strongroom backup restore DIR --replace-everything --url https://two.example --ca /ca.pem'";
  assert.ok((await named('far', far, 'restore')).includes(restore));
  const missing = await call(at('no such'));
  assert.match(missing.err, /begin one with '\.\/strongroom ceremony start KIND --folder '\S+no such''/);
});

test('where every step is done, the folder is in the command that is named, and nothing is taken any more', async () => {
  const folder = at('ended');
  {
    using ceremony = start('ended', 'recovery');
    finish(ceremony, () => true);
  }
  const closing = `every step is done: close the ceremony with './strongroom ceremony report --folder ${folder}'\n`;
  assert.deepEqual(await call(folder), { code: 0, out: closing, err: '' });
  const refused = await call(folder, '--file', at('anna.cer'));
  assert.deepEqual([refused.code, refused.err], [1, `strongroom ceremony next: nothing is taken any more: ${closing}`]);
  {
    using ceremony = Ceremony.open(folder, hand);
    ceremony.add({ step: REPORT_STEP, what: 'begun', text: 'closed' });
  }
  const late = await call(folder, '--file', at('anna.cer'));
  assert.equal(late.code, 1);
  assert.match(late.err, /nothing is taken any more: the ceremony is closed by its report, .*\/ended\/report\.md/);
});
