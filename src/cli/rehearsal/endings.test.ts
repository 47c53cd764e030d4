// Every way in which a rehearsal can end other than well, and whether it makes a record that says FAILED: only what a recovery
// would suffer from does. What files and keys at hand come to is walked in test/conformance/rehearsal.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Samples } from '../../formats/rehearsal-samples.ts';
import { CommandError } from '../command.ts';
import { AnswerError, type InstanceClient } from '../instance-client.ts';
import type { BackupAtHand, Domain } from './inputs.ts';
import {
  allowUse,
  checkDomainOfBackup,
  compareCounts,
  recoverDomain,
  restoreBackup,
  useSamples,
} from './recovery-steps.ts';
import { NotRehearsed, StepFailed, Steps } from './steps.ts';

const HEX = 'ab'.repeat(32);
const BACKUP = {
  address: '/b/mhsm-dev-1',
  name: 'mhsm-dev-1',
  place: { target: { uri: 'file:///b' }, credential: { kind: 'none' } },
  manifest: { domain: HEX, instance: { name: 'dev' }, counts: { keys: 2, versions: 2, records: 0 } },
} as unknown as BackupAtHand;
const DOMAIN = { path: 'sd.json', document: '{}' } as unknown as Domain;
const SAMPLES = {
  samples: [{ name: 'k', version: '1', algorithm: 'A256KW', kind: 'unwrap', ciphertext: 'AA', hash: 'AA' }],
} as unknown as Samples;
const SHARES = [{ custodian: 'anna-thumbprint', file: 'anna.pem', packet: {} }];

type Answers = Readonly<Record<string, object | Error>>;

function refusal(status: number, innerCode = '', message = 'so it is'): Error {
  const text = JSON.stringify({ error: { code: 'Any', message, innererror: { code: innerCode } } });
  return new AnswerError('the instance', { status, headers: {}, text });
}

/** By the beginning of what is asked. */
function answering(answers: Answers): InstanceClient {
  return {
    who: 'the instance',
    ask(method, path) {
      const found = Object.entries(answers).find(([asked]) => `${method} ${path}`.startsWith(asked))?.[1];
      if (found === undefined) assert.fail(`${method} ${path} is not asked here`);
      return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
    },
  };
}

const keys = (list: string, ...names: string[]): object => ({
  value: names.map((name) => ({ kid: `https://h/${list}/${name}` })),
});
const job = (code: string): Answers => ({
  'PUT /restore': { jobId: '1' },
  'GET /restore/1/pending': { status: 'Failed', error: { code, message: 'so it is' } },
});
const upload = (client: InstanceClient): Promise<unknown> => recoverDomain(client, DOMAIN, SHARES);
const domains = (client: InstanceClient): Promise<unknown> => checkDomainOfBackup(client, DOMAIN, BACKUP);
const restore = (client: InstanceClient): Promise<unknown> => restoreBackup(client, BACKUP);
const roles = (client: InstanceClient): Promise<unknown> => allowUse(client, HEX);
const counts = (client: InstanceClient): Promise<unknown> => compareCounts(client, BACKUP);
const samples = (client: InstanceClient): Promise<unknown> => useSamples(client, SAMPLES, 'samples.json');

type Ending = readonly [
  what: string,
  step: (client: InstanceClient) => Promise<unknown>,
  answers: Answers,
  at?: string,
];

const FAILED: readonly Ending[] = [
  ['a share that was not given out', upload, { POST: refusal(400, 'DomainRefused', 'of anna-thumbprint') }, 'anna.pem'],
  ['a domain file that does not open', upload, { POST: refusal(400, 'DomainRefused') }, 'sd.json'],
  ['a damaged backup', restore, job('BackupDamaged'), '/b/mhsm-dev-1'],
  ['a backup with a part missing', restore, job('StorageNotFound'), '/b/mhsm-dev-1'],
  ['a backup that was never finished', restore, job('BackupIncomplete'), '/b/mhsm-dev-1'],
  ['a backup that this release cannot read', restore, job('BackupFormatUnknown'), '/b/mhsm-dev-1'],
  [
    'a key that did not come back',
    counts,
    { 'GET /keys': keys('keys', 'a'), 'GET /deletedkeys': keys('keys') },
    '/b/mhsm-dev-1',
  ],
  [
    'one key too many',
    counts,
    { 'GET /keys': keys('keys', 'a', 'b'), 'GET /deletedkeys': keys('keys', 'c') },
    '/b/mhsm-dev-1',
  ],
  ['a key that does not open what it wrapped', samples, { POST: refusal(400) }, 'k/1'],
  ['a key that unwraps to another value', samples, { POST: { value: 'AAAA' } }, 'k/1'],
];

const NOTHING_FILED: readonly Ending[] = [
  ['the throw-away instance is gone', upload, { POST: new CommandError('the throw-away instance ended early') }],
  ['it answers too late', upload, { POST: new CommandError('it did not answer within 60 seconds') }],
  ['it is busy', upload, { POST: refusal(429) }],
  ['its disk is full', upload, { POST: refusal(503) }],
  [
    'another HSM’s domain file',
    domains,
    { GET: { domain: null, domainFingerprint: '00'.repeat(32), warnings: [], value: [] } },
  ],
  ['the place does not let one in', restore, job('StorageAccessDenied')],
  ['the place does not answer', restore, job('StorageUnavailable')],
  ['the module was restarted', restore, job('ServiceUnavailable')],
  ['the restore came upon a defect', restore, job('InternalServerError')],
  ['the restore is refused', restore, { PUT: refusal(403) }],
  ['somebody who was no administrator then', roles, { PUT: refusal(403) }],
  ['keys cannot be listed', counts, { GET: refusal(500) }],
  ['a sample of a key that the backup does not have', samples, { POST: refusal(404) }],
  ['a sample of a key that was disabled', samples, { POST: refusal(403) }],
  ['a key is used on a machine out of memory', samples, { POST: refusal(500) }],
  ['a defect of the rehearsal itself', () => Promise.reject(new TypeError('not a function')), {}],
];

const endOf = async ([, step, answers]: Ending): Promise<{ readonly error: unknown; readonly steps: Steps }> => {
  const steps = new Steps({ out: assert.fail, err: () => undefined });
  const error = await steps
    .run('the step', 'do that', () => step(answering(answers)))
    .catch((thrown: unknown) => thrown);
  return { error, steps };
};

for (const ending of FAILED) {
  test(`is a finding: ${ending[0]}`, async () => {
    const { error, steps } = await endOf(ending);
    assert.ok(error instanceof StepFailed, String(error));
    assert.equal(error.problem.name, ending[3]);
    assert.equal(steps.list.at(-1)?.outcome, 'failed');
  });
}

for (const ending of NOTHING_FILED) {
  test(`says nothing of a recovery: ${ending[0]}`, async () => {
    const { error, steps } = await endOf(ending);
    assert.ok(error instanceof NotRehearsed, String(error));
    assert.match(error.message, /; next: .+\. This says nothing of a recovery, and nothing is filed$/);
    assert.deepEqual(steps.list, []);
  });
}

test('keys and deleted keys are compared with all that the backup holds', async () => {
  const client = answering({ 'GET /keys': keys('keys', 'a'), 'GET /deletedkeys': keys('keys', 'gone') });
  assert.deepEqual(await compareCounts(client, BACKUP), { names: ['a'], deleted: ['gone'] });
});
