// Ceremonies as people hold them: every step by the command line, as a process of its own, with three custodians who work
// offline with the custodian's tool; an activation, a recovery into another instance, a re-sharing, each cut off on the way.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Entry } from '../../src/tools/ceremony/journal.ts';
import { type Ended, runIn } from '../conformance/run-in.ts';
import { provisionInstance } from '../support/provision-instance.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { CHECKOUT, productEnvironment, type RunningProduct, startProduct } from '../support/running-product.ts';

const PROGRAM = join(CHECKOUT, 'src/cli/main.ts');
const DIES_ANSWERED = join(import.meta.dirname, 'dies-answered.fixture.ts');
const folder = mkdtempSync(join(tmpdir(), 'strongroom-ceremony-'));
const at = (...names: string[]): string => join(folder, ...names);
const activation = at('activation');
const recovery = at('recovery');
const resharing = at('resharing');
const domain = join(activation, 'security-domain.json');
/** Fingerprints of certificates, as each custodian reads them. */
const fingerprints = new Map<string, string>();
let product: RunningProduct;
let domainFingerprint: string;

before(async () => {
  product = await startProduct({ demo: false });
  await Promise.all(['one', 'two'].map((name) => provisionInstance(product, name)));
  writeFileSync(at('passphrase.txt'), 'correct horse battery staple\n', { mode: 0o600 });
  for (const name of ['anna', 'boris', 'clara', 'dora']) {
    const key = ['--out', folder, '--bits', '2048', '--passphrase-file', at('passphrase.txt')];
    await done(runStrongroom('custodian', 'keygen', '--name', name, ...key));
    const { stdout } = await done(runStrongroom('custodian', 'fingerprint', at(`${name}.cer`), '--json'));
    const text = JSON.stringify(JSON.parse(stdout)).replaceAll(' ', '');
    fingerprints.set(name, /[0-9a-f]{64}/.exec(text)?.[0] ?? assert.fail(stdout));
  }
});
after(async () => {
  await product[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

async function done(ending: Promise<Ended>): Promise<Ended> {
  const ended = await ending;
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  return ended;
}

function next(ceremony: string, ...words: string[]): Promise<Ended> {
  return runStrongroom('ceremony', 'next', '--folder', ceremony, '--by', 'Olga, operator', ...words);
}

async function refused(ending: Promise<Ended>, reason: RegExp): Promise<void> {
  const { code, stderr } = await ending;
  assert.equal(code, 1, stderr);
  assert.match(stderr, reason);
}

function journal(ceremony: string): readonly Entry[] {
  const text = readFileSync(join(ceremony, 'journal.jsonl'), 'utf8');
  return text
    .split('\n')
    .slice(0, text.endsWith('\n') ? -1 : undefined)
    .map((line) => JSON.parse(line) as Entry);
}

/** Steps that are done, each as often as the journal says so. */
function doneSteps(ceremony: string): readonly string[] {
  return journal(ceremony)
    .filter(({ what }) => what === 'done' || what === 'skipped')
    .map(({ step }) => step);
}

/** Kills the next step the hard way when its journal says that the work has begun, at the latest when that is answered. */
async function cutOff(ceremony: string, words: readonly string[], step: string): Promise<void> {
  const path = join(ceremony, 'journal.jsonl');
  const begun = `"step":"${step}","what":"begun"`;
  const isBegun = (): boolean => readFileSync(path, 'utf8').includes(begun);
  const child = spawn(
    process.execPath,
    ['--import', DIES_ANSWERED, PROGRAM, 'ceremony', ...words, '--folder', ceremony],
    {
      cwd: CHECKOUT,
      env: { ...productEnvironment(), CUT_OFF_JOURNAL: path, CUT_OFF_BEGUN: begun },
      stdio: 'ignore',
    },
  );
  const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  const watcher = watch(path, () => {
    if (isBegun()) child.kill('SIGKILL');
  });
  const signal = await ended;
  watcher.close();
  assert.ok(isBegun());
  assert.equal(signal, 'SIGKILL', 'it was over before it was killed');
}

async function packet(name: string, kind: string, ...words: string[]): Promise<string> {
  const out = at(`${name}-${kind}-${Math.random().toString(36).slice(2)}.json`);
  const key = ['--key', at(`${name}.pem`), '--passphrase-file', at('passphrase.txt')];
  await done(runStrongroom('custodian', kind, ...key, '--out', out, ...words));
  return out;
}

/**
 * Runs the custodian's command that a step names, as it is printed, in the ceremony's folder, which has all that custodians
 * are sent. At a terminal it would ask for what is added here.
 */
async function asPrinted(ceremony: string, name: string, ...typed: string[]): Promise<string> {
  const { stdout } = await done(next(ceremony));
  const printed = /'\.\/strongroom (custodian [^']+)'/.exec(stdout)?.[1] ?? assert.fail(stdout);
  const words = printed.split(' ').map((word) => (word === 'KEY.pem' ? at(`${name}.pem`) : word));
  const out = at(`${name}-${Math.random().toString(36).slice(2)}.json`);
  const more = ['--passphrase-file', at('passphrase.txt'), '--out', out, ...typed];
  await done(runIn({ cwd: ceremony, env: productEnvironment() }, process.execPath, PROGRAM, ...words, ...more));
  return out;
}

function readBack(...names: string[]): string[] {
  return names.flatMap((name) => ['--value', fingerprints.get(name) ?? '']);
}

test('an activation: certificates, fingerprints, the split, every share proven, a signed report', async () => {
  await done(
    runStrongroom(
      ...['ceremony', 'start', 'activation', '--custodians', '3', '--required', '2'],
      ...['--folder', activation, '--hsm-name', 'one', '--data', product.data],
    ),
  );
  assert.match((await done(next(activation))).stdout, /Missing: 3/);
  await done(next(activation, '--file', at('anna.cer'), '--file', at('boris.cer')));
  await done(next(activation, '--file', at('anna.cer')));
  await done(next(activation, '--file', at('clara.cer')));

  await refused(next(activation, '--value', fingerprints.get('dora') ?? ''), /no certificate of this ceremony has/);
  await done(next(activation, ...readBack('anna', 'clara')));
  assert.match((await done(next(activation))).stdout, /Missing: boris/);
  await done(next(activation, ...readBack('boris')));

  await cutOff(activation, ['next'], 'download');
  await done(next(activation));
  await done(runStrongroom('ceremony', 'note', 'Clara is late', '--folder', activation, '--by', 'Olga, operator'));
  const early = await runStrongroom('ceremony', 'report', '--folder', activation);
  assert.match(early.stderr, /not complete: next is 'Prove every share'/);

  await done(next(activation, '--file', await packet('anna', 'acknowledge', domain)));
  await refused(
    next(activation, '--file', await packet('boris', 'leave', domain)),
    /is a packet of purpose 'leave', not 'acknowledge'/,
  );
  await done(next(activation, '--file', await packet('boris', 'acknowledge', domain)));
  // Not complete before the last share was shown to open.
  const list = await runStrongroom('custodian', 'list', '--hsm-name', 'one', '--data', product.data);
  assert.equal(list.code, 1);
  assert.match(list.stderr, /1 of 3 custodians have not shown/);
  await done(next(activation, '--file', await packet('clara', 'acknowledge', domain)));
  await done(next(activation));
  await done(runStrongroom('custodian', 'list', '--hsm-name', 'one', '--data', product.data));
  assert.deepEqual(doneSteps(activation), ['certificates', 'read-back', 'download', 'acknowledge', 'complete']);

  await cutOff(activation, ['report'], 'report');
  await done(runStrongroom('ceremony', 'report', '--folder', activation));
  const markdown = readFileSync(join(activation, 'report.md'), 'utf8');
  for (const said of ['Olga, operator', 'Clara is late', 'mismatch', 'anna', 'boris', 'clara']) {
    assert.ok(markdown.includes(said), said);
  }
  await done(runStrongroom('ceremony', 'report', '--folder', activation));
  assert.equal(readFileSync(join(activation, 'report.md'), 'utf8'), markdown);
  await refused(runStrongroom('ceremony', 'note', 'too late', '--folder', activation), /closed by its report/);
});

test('a report verifies offline in both forms; edited, or with an edited folder, it does not', async () => {
  const check = (...words: string[]): Promise<Ended> => runStrongroom('ceremony', 'verify', ...words);
  const { stdout } = await done(check(join(activation, 'report.md'), '--json', '--folder', activation));
  const verified = JSON.parse(stdout) as { kind: string; complete: boolean; domainFingerprint: string };
  assert.deepEqual([verified.kind, verified.complete], ['activation', true]);
  domainFingerprint = verified.domainFingerprint;
  await done(check(join(activation, 'report.html'), '--fingerprint', domainFingerprint));
  await refused(check(join(activation, 'report.md'), '--fingerprint', '0'.repeat(64)), /another domain/);
  for (const [form, from, to] of [
    ['report.md', 'Clara is late', 'Clara is here'],
    ['report.html', '<td>Clara is late</td>', '<td>Clara is here</td>'],
  ] as const) {
    const edited = at(`edited-${form}`);
    const original = readFileSync(join(activation, form), 'utf8');
    writeFileSync(edited, original.replace(from, to));
    assert.notEqual(readFileSync(edited, 'utf8'), original);
    await refused(check(edited), /not as it was signed|shows something else/);
  }
  const kept = readFileSync(domain);
  writeFileSync(domain, Buffer.concat([kept, Buffer.from(' ')]));
  await refused(check(join(activation, 'report.md'), '--folder', activation), /is not as the ceremony kept it/);
  writeFileSync(domain, kept);
});

test('between ceremonies: custodians are named, challenged and heard, by the command line', async () => {
  const one = ['--hsm-name', 'one', '--data', product.data];
  const custodian = (...words: string[]): Promise<Ended> => runStrongroom('custodian', ...words, ...one);
  const anna = (fingerprints.get('anna') ?? '').slice(0, 12).toUpperCase();
  await done(custodian('name', anna, '--name', 'Anna Nováková', '--contact', 'safe 3'));
  await refused(custodian('name', 'nobody', '--name', 'x'), /the register has no custodian 'nobody'/);
  const made = await done(custodian('challenge', '--days', '2', '--json'));
  writeFileSync(at('challenge.json'), made.stdout);
  const answer = await packet('anna', 'answer', at('challenge.json'));
  assert.match((await done(custodian('submit', answer))).stdout, /challenge of Anna Nováková, now proven/);
  await refused(
    custodian('submit', answer, at('anna.cer')),
    /AlreadyAnswered|answered this challenge[^]*anna\.cer: packet/,
  );
  const { stdout } = await done(custodian('challenge', '--show'));
  assert.match(stdout, /Anna Nováková\n {2}no answer yet: boris, clara/);
  const list = await done(custodian('list'));
  assert.match(list.stdout, /^1 {6}Anna Nováková {2}proven {2}/m);
  assert.match(
    list.stdout,
    /margin {2}1 {2}\(3 reachable, 2 needed\)\ndomain file {9}SHA-256 ([0-9a-f]{4} ){15}[0-9a-f]{4}\n/,
  );
});

test('a recovery: another instance takes the domain over from two of three custodians', async () => {
  await done(
    runStrongroom(
      ...['ceremony', 'start', 'recovery', '--folder', recovery, '--hsm-name', 'two', '--data', product.data],
    ),
  );
  await done(next(recovery));
  const recipient = await transferFingerprint(recovery, 'two');
  await done(next(recovery, '--value', recipient));
  await done(next(recovery, '--file', domain));
  const share = (name: string): Promise<string> =>
    packet(
      ...([name, 'share', domain, '--purpose', 'recover', '--to', join(recovery, 'transfer-key.cer')] as const),
      ...['--recipient-fingerprint', recipient, '--yes'],
    );
  const anna = await share('anna');
  // The same share twice is one.
  await done(next(recovery, '--file', anna));
  assert.match((await done(next(recovery, '--file', anna))).stdout, /1 of 2 packets/);
  const agreed = ['--recipient-fingerprint', recipient, '--yes'];
  await done(next(recovery, '--file', await asPrinted(recovery, 'clara', ...agreed)));

  await cutOff(recovery, ['next'], 'upload');
  await done(next(recovery));
  const wrong = await next(recovery, '--value', '1'.repeat(64));
  assert.equal(wrong.code, 1);
  assert.match(
    wrong.stderr,
    /not the one that the HSM told \(failed try 1, which is in the record\): have it read again/,
  );
  const draft = await done(runStrongroom('ceremony', 'report', '--draft', '--folder', recovery));
  const status = await runStrongroom('ceremony', 'status', '--json', '--folder', recovery);
  const shown = [wrong.stdout, wrong.stderr, draft.stdout, status.stdout].join('').replaceAll(' ', '');
  assert.ok(!shown.includes(domainFingerprint.replaceAll(' ', '').slice(-8)), shown);
  await done(next(recovery, '--value', domainFingerprint.toUpperCase()));
  await done(next(recovery, '--skip', 'nothing was backed up yet'));
  for (const name of ['anna', 'boris', 'clara']) {
    await next(recovery, '--file', await asPrinted(recovery, name));
  }
  if (!doneSteps(recovery).includes('acknowledge')) {
    // The upload was cut off between the module and the register, which then has not seen the file.
    await done(next(recovery, '--skip', 'the HSM has not seen the file'));
  }
  await done(next(recovery));
  assert.deepEqual(doneSteps(recovery), [
    ...['transfer-key', 'transfer-read-back', 'domain-file', 'packets', 'upload', 'domain-read-back', 'restore'],
    ...['acknowledge', 'complete'],
  ]);
  await done(runStrongroom('ceremony', 'report', '--folder', recovery));
  assert.match(readFileSync(join(recovery, 'report.md'), 'utf8'), /\| done, after 1 failed try \|/);
  await done(runStrongroom('ceremony', 'verify', join(recovery, 'report.html'), '--fingerprint', domainFingerprint));
});

test('a re-sharing: a quorum settles successors, and only these are left in the register', async () => {
  await done(
    runStrongroom(
      ...['ceremony', 'start', 'resharing', '--folder', resharing, '--custodians', '3', '--required', '3'],
      ...['--hsm-name', 'one', '--data', product.data],
    ),
  );
  await done(next(resharing));
  const recipient = await transferFingerprint(resharing, 'one');
  await done(next(resharing, '--value', recipient));
  const successors = ['boris', 'clara', 'dora'];
  await done(next(resharing, ...successors.flatMap((name) => ['--file', at(`${name}.cer`)])));
  await done(next(resharing, ...readBack(...successors)));
  await done(next(resharing, '--file', domain));
  const share = (name: string, required: string): Promise<string> =>
    packet(
      ...([name, 'share', domain, '--purpose', 'reshare', '--to', join(resharing, 'transfer-key.cer')] as const),
      ...['--recipient-fingerprint', recipient, '--yes', '--required', required],
      ...successors.flatMap((each) => ['--successor', at(`${each}.cer`)]),
    );
  await refused(next(resharing, '--file', await share('anna', '2')), /consents to other successors/);
  const agreed = ['--recipient-fingerprint', recipient, '--yes'];
  await done(next(resharing, '--file', await share('anna', '3')));
  await done(next(resharing, '--file', await asPrinted(resharing, 'boris', ...agreed)));
  await cutOff(resharing, ['next'], 'replace');
  await done(next(resharing));
  await done(next(resharing));
  const fresh = join(resharing, 'security-domain.json');
  for (const name of successors) await done(next(resharing, '--file', await packet(name, 'acknowledge', fresh)));
  await done(next(resharing, '--value', 'three copies shredded before Anna and Dora'));
  await done(next(resharing));
  await done(runStrongroom('ceremony', 'report', '--folder', resharing));
  await done(runStrongroom('ceremony', 'verify', join(resharing, 'report.md'), '--fingerprint', domainFingerprint));
  const { stdout } = await runStrongroom('custodian', 'list', '--hsm-name', 'one', '--data', product.data, '--json');
  const { value } = JSON.parse(stdout) as { value: { subject: string; state: string }[] };
  assert.deepEqual(
    value.map(({ subject, state }) => [subject, state]),
    [
      ['boris', 'proven'],
      ['clara', 'proven'],
      ['dora', 'proven'],
      ['anna', 'left'],
    ],
  );
});

/** As a second person reads it, who asks the HSM; the ceremony's file has the same. */
async function transferFingerprint(ceremony: string, instance: string): Promise<string> {
  const words = ['--hsm-name', instance, '--data', product.data, '--json'];
  const read = async (...command: string[]): Promise<string> => {
    const { stdout } = await done(runStrongroom(...command));
    return (JSON.parse(stdout) as { fingerprint: string }).fingerprint.replaceAll(' ', '');
  };
  const asked = await read('ceremony', 'transfer-key', ...words);
  assert.match(asked, /^[0-9a-f]{64}$/);
  assert.equal(await read('custodian', 'fingerprint', join(ceremony, 'transfer-key.cer'), '--json'), asked);
  return asked;
}
