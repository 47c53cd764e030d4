// Rehearsals as their users walk them: the product and its command line as processes, custodians with files of their own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openInstanceClient } from '../../src/cli/instance-client.ts';
import { places } from '../../src/deployment/data-layout.ts';
import { readDevClients } from '../../src/deployment/dev-clients.ts';
import { groupFingerprint } from '../../src/formats/fingerprint.ts';
import type { Rehearsal } from '../../src/formats/rehearsal-record.ts';
import { makeCustodians } from '../support/custodians.ts';
import { makeFullBackup } from '../support/full-backup.ts';
import { treeOf } from '../support/process-tree.ts';
import { provisionInstance } from '../support/provision-instance.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { CHECKOUT, cleanEnvironment, type RunningProduct, startProduct } from '../support/running-product.ts';
import { foldersOf, leftFolders } from '../support/throw-away-folders.ts';
import type { Ended } from './run-in.ts';

const ADMINISTRATOR_ROLE =
  'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/a290e904-7015-4bba-90c8-60543313cdb4';

describe('a rehearsal', () => {
  let folder: string;
  let product: RunningProduct;
  let backup: string;
  let fingerprint: string;
  const at = (name: string): string => join(folder, name);
  const own = (name: string): string => join(places(product.data).custodians, name);
  const domain = (): string => own('dev-security-domain.json');
  const key = (number: number): string => own(`custodian-${number}.pem`);
  const full = (changes: Readonly<Record<string, string>> = {}, ...more: readonly string[]): Promise<Ended> => {
    const options = { domain: domain(), backup, samples: at('samples.json'), ...changes };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    return runStrongroom('rehearse', '--depth', 'full', ...words, '--data', product.data, ...more);
  };
  const client = () => openInstanceClient({ data: product.data, 'hsm-name': 'dev' });
  /** The file of an HSM that has the same custodians. */
  const domainOfAnother = async (): Promise<string> => {
    await provisionInstance(product, 'other');
    const certificates = [1, 2, 3].map((number) => {
      const { raw } = new X509Certificate(readFileSync(own(`custodian-${number}.cer`)));
      return { kty: 'RSA', x5c: [raw.toString('base64')] };
    });
    const other = openInstanceClient({ data: product.data, 'hsm-name': 'other' });
    const made = await other.ask('POST', '/securitydomain/download?api-version=7.5', { certificates, required: 2 });
    writeFileSync(at('other-sd.json'), (made as { value: string }).value);
    return at('other-sd.json');
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strongroom-rehearsal-'));
    product = await startProduct();
    for (const [name, body] of [
      ['rsa', { kty: 'RSA-HSM', key_size: 2048 }],
      ['aes', { kty: 'oct-HSM', key_size: 256 }],
      ['aes-small', { kty: 'oct-HSM', key_size: 128 }],
      ['curve', { kty: 'EC-HSM', crv: 'P-384' }],
      ['bitcoin', { kty: 'EC-HSM', crv: 'P-256K' }],
      ['signer', { kty: 'RSA-HSM', key_size: 2048, key_ops: ['sign', 'verify'] }],
    ] as const) {
      await client().ask('POST', `/keys/${name}/create?api-version=7.6`, body);
    }
    await client().ask('POST', '/keys/rsa/create?api-version=7.6', { kty: 'RSA-HSM', key_size: 2048 });
    await client().ask('POST', '/keys/gone/create?api-version=7.6', { kty: 'oct-HSM', key_size: 256 });
    await client().ask('DELETE', '/keys/gone?api-version=7.6');
    const prepared = await runStrongroom('rehearse', 'prepare', '--out', at('samples.json'), '--data', product.data);
    assert.equal(prepared.code, 0, prepared.stderr);
    assert.match(prepared.stdout, /: 7 of 7 keys/);
    for (const [name, why] of [
      ['gone', /has no key 'gone': it is deleted\./],
      ['never', /has no key 'never'$/m],
    ] as const) {
      const missing = await runStrongroom(
        'rehearse',
        'prepare',
        '--key',
        name,
        '--out',
        at('none'),
        '--data',
        product.data,
      );
      assert.equal(missing.code, 1);
      assert.match(missing.stderr, why);
    }
    backup = await makeFullBackup(product.data);
    ({ domainFingerprint: fingerprint } = (await client().ask('GET', '/securitydomain/custodians?api-version=7.5')) as {
      domainFingerprint: string;
    });
  });
  after(async () => {
    await product[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test('in full recovers domain and backup in an instance that is gone afterwards, and every kind of key answers', async () => {
    const ended = await full({ key: key(1) }, '--key', key(3), '--record', at('record.json'));
    assert.equal(ended.code, 0, ended.stderr + ended.stdout);
    assert.match(ended.stdout, /full rehearsal of 'dev': PASSED/);
    assert.match(ended.stdout, /samples {4}7 of 7 keys answered as known/);
    const filed =
      /\n {2}filed {6}with instance 'dev' as (\d{4}-\d\d-\d\d-[0-9a-f]{16})\n {2}kept {7}in .*record\.json\n$/;
    const id = filed.exec(ended.stdout)?.[1] ?? '';
    const said = ended.stdout + ended.stderr;
    for (const step of ['gather the shares', 'restore the backup', 'use keys on known ciphertexts']) {
      assert.equal(said.split(step).length, 2, `${step} is shown once`);
    }
    await untilNoneIsLeft();
    const status = await runStrongroom('rehearse', 'status', '--data', product.data);
    assert.equal(status.code, 0, status.stderr);
    assert.match(status.stdout, /full {10}passed .*, due /);
    assert.match(status.stdout, new RegExp(`^${id}  full passed .*, recovered in \\d+\\.\\d s`, 'm'));
  });

  test('leaves a record that is checked offline, with the fingerprint that people wrote down', async () => {
    const verify = (...words: string[]) => runStrongroom('rehearse', 'verify', ...words);
    const good = await verify(at('record.json'), '--domain-fingerprint', fingerprint, '--json');
    assert.equal(good.code, 0, good.stderr);
    const { steps, custodians, recoveryMilliseconds, backup: of } = JSON.parse(good.stdout) as Rehearsal;
    assert.deepEqual([custodians.length, of?.keys], [2, 8]);
    const compared = steps.find(({ name }) => name === 'compare the keys with the manifest');
    assert.match(compared?.detail ?? '', /^7 keys and 1 deleted key, names /);
    assert.ok((recoveryMilliseconds ?? 0) > 0);
    assert.deepEqual(
      steps.map(({ name }) => name),
      [
        'read domain file and manifest',
        'make the throw-away instance',
        'fetch the exchange key',
        'gather the shares',
        'recover the security domain',
        'restore the backup',
        'give the rehearsal the right to use keys',
        'compare the keys with the manifest',
        'use keys on known ciphertexts',
      ],
    );
    const other = await verify(at('record.json'), '--domain-fingerprint', '0'.repeat(64));
    assert.equal(other.code, 1);
    assert.match(other.stderr, /is stated by the security domain .*, not by the one that you named/);
    writeFileSync(at('edited.json'), readFileSync(at('record.json'), 'utf8').replace('custodian-3', 'custodian-2'));
    const edited = await verify(at('edited.json'));
    assert.equal(edited.code, 1);
    assert.match(edited.stderr, /edited/);
    const again = await runStrongroom('rehearse', 'file', at('record.json'), '--data', product.data);
    assert.match(again.stderr, /filed already/);
  });

  test('in full goes without private keys on this machine: it waits for packets of a quorum', async () => {
    const packets = at('packets');
    const child = spawn(
      join(CHECKOUT, 'strongroom'),
      [
        ...['rehearse', '--depth', 'full', '--domain', domain(), '--backup', backup, '--samples', at('samples.json')],
        ...['--packets', packets, '--data', product.data],
      ],
      { env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    const code = new Promise((resolve) => child.once('exit', resolve));
    const recipient = join(packets, 'recipient.cer');
    await until(
      () => said.includes('Waiting for their packets'),
      () => said,
    );
    const told = /fingerprint to them:\n {2}([0-9a-f ]+)\n/.exec(said)?.[1] ?? '';
    writeFileSync(join(packets, 'stray.json'), '{}');
    for (const number of [2, 3]) {
      const made = await runStrongroom(
        ...['custodian', 'share', domain(), '--purpose', 'recover', '--to', recipient, '--key', key(number)],
        ...['--yes', '--recipient-fingerprint', told, '--out', join(packets, `${number}.json`)],
      );
      assert.equal(made.code, 0, made.stderr);
    }
    assert.equal(await code, 0, said);
    assert.match(said, /stray\.json: packet/);
    assert.match(said, /3\.json: taken, 2 of 2/);
    assert.match(said, /PASSED/);
    await untilNoneIsLeft();
    // The same packets for another throw-away instance: they are for the one that is gone.
    const stale = spawn(
      join(CHECKOUT, 'strongroom'),
      [
        ...['rehearse', '--depth', 'full', '--domain', domain(), '--backup', backup, '--samples', at('samples.json')],
        ...['--packets', packets, '--data', product.data],
      ],
      { env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] },
    );
    said = '';
    for (const stream of [stale.stdout, stale.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    await until(
      () => /2\.json: is for another instance/.test(said),
      () => said,
    );
    const own = foldersOf(treeOf(stale.pid ?? 0));
    assert.equal(own.length, 1);
    stale.kill('SIGINT');
    await until(
      () => !own.some((path) => existsSync(path)),
      () => own.join(),
    );
  });

  test('is what the trial of a backup is, with or without known answers', async () => {
    const verify = (...words: string[]) =>
      runStrongroom('backup', 'verify', backup, '--data', product.data, '--domain', domain(), ...words);
    const custodians = ['--custodian', key(2), '--custodian', key(3)];
    const bare = await verify('--trial', ...custodians);
    assert.equal(bare.code, 0, bare.stderr);
    assert.match(bare.stdout, /The trial passed: 7 keys and 1 deleted key came back in a throw-away instance\n$/);
    const known = await verify('--trial', ...custodians, '--samples', at('samples.json'), '--json');
    assert.equal(known.code, 0, known.stderr);
    const { trial, whole } = JSON.parse(known.stdout) as { whole: boolean; trial: object };
    assert.deepEqual([whole, trial], [true, { passed: true, keys: 7, deletedKeys: 1, used: 7 }]);
    const latest = await runStrongroom(
      ...['backup', 'verify', '--data', product.data, '--domain', domain(), '--trial', ...custodians],
    );
    assert.equal(latest.code, 0, latest.stderr);
    assert.match(latest.stderr, new RegExp(`^the latest backup there is ${basename(backup)}\n`));
    assert.match(latest.stdout, /The trial passed: 7 keys/);
    const twice = await verify('--trial', '--custodian', key(2), '--custodian', key(2));
    assert.equal(twice.code, 1);
    assert.match(
      twice.stderr,
      /^strongroom backup verify: .*custodian-2\.pem is the key of a custodian who is counted already\n$/m,
    );
    assert.equal(twice.stdout, '');
    for (const [words, message] of [
      [[], /--domain goes with --trial/],
      [['--trial'], /either --custodian, once for each, or --packets/],
    ] as const) {
      const ended = await verify(...words);
      assert.equal(ended.code, 2);
      assert.match(ended.stderr, message);
    }
    await untilNoneIsLeft();
  });

  test('whose call is wrong is refused before anything is made, and files nothing', async () => {
    const filed = async () =>
      (await client().ask('GET', '/securitydomain/rehearsals?api-version=7.5')) as { value: readonly unknown[] };
    const before = await filed();
    const keys = ['--key', key(1), '--key', key(3)];
    writeFileSync(at('lone.pem'), readFileSync(key(1)));
    const strangers = await makeCustodians('Xenia', 'Yuri');
    const theirs = JSON.parse(readFileSync(domain(), 'utf8')) as { SharedKeys: { enc_shares: { x5t_256: string }[] } };
    theirs.SharedKeys.enc_shares.splice(2);
    for (const [index, each] of theirs.SharedKeys.enc_shares.entries())
      each.x5t_256 = strangers[index]?.thumbprint ?? '';
    writeFileSync(at('strangers-sd.json'), JSON.stringify(theirs));
    const other = await domainOfAnother();
    const cases: [Record<string, string>, readonly string[], number, RegExp][] = [
      [{}, ['--key', key(1), '--key', at('no.pem')], 1, /no\.pem cannot be read: it is not there\n$/],
      [
        {},
        ['--key', key(3), '--key', at('lone.pem')],
        1,
        /the certificate of .*lone\.pem is not beside it: there is no .*lone\.cer, no /,
      ],
      [{}, ['--key', key(1)], 2, /: 2 custodians are needed, 1 is here: name another --key\n/],
      [
        {},
        ['--key', key(1), '--key', key(1)],
        1,
        /custodian-1\.pem is the key of a custodian who is counted already\n$/,
      ],
      [{}, [...keys, '--passphrase-file', at('no-words')], 1, /no-words cannot be read: it is not there\n$/],
      [
        { domain: other },
        keys,
        1,
        /other-sd\.json is the security-domain file of 'other', not of instance 'dev': add --hsm-name other/,
      ],
      [
        { domain: at('strangers-sd.json') },
        keys,
        1,
        /strangers-sd\.json is not the security-domain file of instance 'dev'/,
      ],
      [
        {},
        [...keys, '--hsm-name', 'other'],
        1,
        /is a backup of 'dev' with the security domain .*, and instance 'other' has /,
      ],
    ];
    for (const [changes, more, code, message] of cases) {
      const ended = await full(changes, ...more);
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, message);
      assert.doesNotMatch(ended.stderr, /throw-away instance: \d|at fault/);
    }
    assert.deepEqual(await filed(), before);
    // Once that HSM does not serve, nobody can tell before the file is open.
    await runStrongroom('instance', 'stop', 'other', '--data', product.data);
  });

  test('that fails names the key, share or file at fault, and leaves nothing', async () => {
    const sd = readFileSync(domain(), 'utf8');
    writeFileSync(at('short-sd.json'), sd.slice(0, -40));
    const document = JSON.parse(sd) as { SharedKeys: { enc_shares: { enc_key: string }[] } };
    const share = document.SharedKeys.enc_shares[0];
    if (share !== undefined) share.enc_key = `${share.enc_key.slice(0, -3)}AAA`;
    writeFileSync(at('bad-share.json'), JSON.stringify(document));
    writeFileSync(at('bad-key.pem'), readFileSync(key(1), 'utf8').slice(0, 900));
    writeFileSync(at('bad-key.cer'), readFileSync(own('custodian-1.cer')));
    const edited = join(folder, 'edited', backup.split('/').at(-1) ?? '');
    await cp(backup, edited, { recursive: true });
    const part = join(edited, readdirSync(edited).find((name) => name.startsWith('keys-')) ?? '');
    const bytes = readFileSync(part);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(part, bytes);
    const unsigned = join(folder, 'unsigned', backup.split('/').at(-1) ?? '');
    await cp(backup, unsigned, { recursive: true });
    const manifest = join(unsigned, 'manifest.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"keys": 8', '"keys": 6'));
    const samples = readFileSync(at('samples.json'), 'utf8');
    writeFileSync(
      at('later.json'),
      samples.replaceAll(
        /"name": "rsa",(\s+)"version": "[0-9a-f]{32}"/g,
        `"name": "rsa",$1"version": "${'0'.repeat(32)}"`,
      ),
    );
    writeFileSync(at('gone.json'), samples.replace('"name": "rsa"', '"name": "gone"'));
    const locked = createPrivateKey(readFileSync(key(1)));
    writeFileSync(
      at('locked.pem'),
      locked.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'right' }),
    );
    writeFileSync(at('locked.cer'), readFileSync(own('custodian-1.cer')));
    writeFileSync(at('wrong-words'), 'wrong\n', { mode: 0o600 });
    const filed = async (): Promise<number> =>
      ((await client().ask('GET', '/securitydomain/rehearsals?api-version=7.5')) as { value: readonly unknown[] }).value
        .length;
    writeFileSync(at('bad-samples.json'), samples.replace(/"hash": "./, '"hash": "_'));
    const keys = ['--key', key(1), '--key', key(3)];
    // Whether a record is filed that says FAILED: only of what a recovery would suffer from, where the files are known to be its own.
    const cases: [Record<string, string>, readonly string[], RegExp, 'filed' | 'nothing filed'][] = [
      [{ domain: at('short-sd.json') }, keys, /at fault: file .*short-sd\.json: .*ends early/, 'nothing filed'],
      [{ domain: at('bad-share.json') }, keys, /at fault: share .*custodian-1\.pem: .*does not open/, 'filed'],
      [{}, ['--key', at('bad-key.pem'), '--key', key(3)], /at fault: custodian .*bad-key\.pem: .*ends early/, 'filed'],
      [{ backup: edited }, keys, /at fault: file .*edited.*: .*keys-0000\d is not what was written/, 'filed'],
      [
        { backup: unsigned },
        keys,
        /at fault: file .*unsigned.*: manifest\.json .*(edited|another document)/,
        'nothing filed',
      ],
      [
        { samples: at('bad-samples.json') },
        keys,
        /at fault: file [a-z-]+\/[0-9a-f]{32}: unwraps to another value/,
        'filed',
      ],
      [
        { domain: at('no-sd.json') },
        keys,
        /there is no file .*no-sd\.json.*; next: get the files again/,
        'nothing filed',
      ],
      [
        { domain: at('other-sd.json') },
        keys,
        new RegExp(
          `other-sd\\.json is of the security domain .*, and .* is of ${groupFingerprint(fingerprint)}; ` +
            "next: give the security-domain file of 'dev'",
        ),
        'nothing filed',
      ],
      [
        {},
        ['--key', at('locked.pem'), '--passphrase-file', at('wrong-words'), '--key', key(3)],
        /locked\.pem does not read: wrong passphrase\?/,
        'nothing filed',
      ],
      [
        { samples: at('later.json') },
        keys,
        /rsa\/0{32}, of .*later\.json: .*404.*it was made after the backup/,
        'nothing filed',
      ],
      [{ samples: at('gone.json') }, keys, /gone\/.*404.*or disabled, deleted or purged before it/, 'nothing filed'],
      [
        { administrator: '11111111-2222-4333-8444-555555555555' },
        keys,
        /give the rehearsal the right.*: .*403.*; next: name one who was an administrator .* with --administrator/,
        'nothing filed',
      ],
    ];
    for (const [changes, more, message, outcome] of cases) {
      const before = await filed();
      const ended = await full(changes, ...more);
      assert.equal(ended.code, 1, ended.stdout + ended.stderr);
      assert.match(ended.stderr, message);
      assert.match(ended.stderr, /\bnext: +\S/);
      assert.equal((await filed()) - before, outcome === 'filed' ? 1 : 0, ended.stdout + ended.stderr);
      assert.equal(/nothing is filed|no record was filed/.test(ended.stderr), outcome !== 'filed', ended.stderr);
      await untilNoneIsLeft();
    }
    const noted = await full({ domain: at('bad-share.json') }, ...keys, '--json');
    assert.equal(noted.stderr.split('at fault').length, 2, 'what is at fault is shown once');
    assert.match(noted.stderr, /\n {2}gather the shares: FAILED after /);
    assert.match((JSON.parse(noted.stdout) as { id: string }).id, /^\d{4}-\d\d-\d\d-[0-9a-f]{16}$/);
    const nothing = await full({ backup: at('nothing') }, ...keys);
    assert.equal(nothing.code, 1);
    assert.match(nothing.stderr, /there is no folder \/.*\/nothing/);
    const status = await runStrongroom('rehearse', 'status', '--data', product.data);
    assert.match(status.stdout, /full failed [\s\S]*unwraps to another value/, 'failures are filed too');
    const why = String.raw`why: .*custodian-1\.pem: .*does not open.*; next: \./strongroom rehearse --depth full `;
    assert.match(
      status.stdout,
      new RegExp(`full {10}passed .*, FAILED .*, due .*; ${why}`),
      'until another one passes',
    );
    assert.doesNotMatch(status.stdout, /why: \.\/strongroom rehearse status/);
    assert.equal(status.code, 1);
  });

  test('asked for as a person is theirs, as its next command says', async () => {
    const { users } = readDevClients(product.data);
    await client().ask('PUT', `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=7.6`, {
      properties: { roleDefinitionId: ADMINISTRATOR_ROLE, principalId: users.alice.oid },
    });
    const later = await makeFullBackup(product.data);
    const ended = await full({ backup: later }, '--key', key(1), '--key', key(3), '--as', 'alice');
    assert.equal(ended.code, 0, ended.stderr);
    // Not an administrator yet when that was backed up: a word on the call, none on the backup.
    const early = await full({}, '--key', key(1), '--key', key(3), '--as', 'alice');
    assert.equal(early.code, 1);
    assert.match(early.stderr, /name one who was an administrator .* with --administrator.*nothing is filed/);
    const status = await runStrongroom('rehearse', 'status', '--data', product.data, '--as', 'alice');
    assert.equal(status.code, 0, status.stdout);
  });

  test('of reachability is begun, goes on over several calls, and ends when everyone has answered', async () => {
    const reach = (...words: string[]) =>
      runStrongroom('rehearse', '--depth', 'reachability', '--data', product.data, ...words);
    const begun = await reach('--out', at('challenge.json'));
    assert.equal(begun.code, 1);
    assert.match(begun.stdout, /MISSING {3}custodian-1[\s\S]*3 of 3 are missing/);
    for (const number of [1, 2, 3]) {
      const answered = await runStrongroom(
        ...['custodian', 'answer', at('challenge.json'), '--key', key(number), '--out', at(`answer-${number}.json`)],
      );
      assert.equal(answered.code, 0, answered.stderr);
    }
    const waiting = await reach('--answer', at('answer-1.json'), '--answer', at('answer-2.json'), '--json');
    assert.equal(waiting.code, 1);
    const { verdict, custodians } = JSON.parse(waiting.stdout) as {
      verdict: string;
      custodians: { name: string; answered: string | null }[];
    };
    assert.equal(verdict, 'waiting');
    assert.deepEqual(
      custodians.filter(({ answered }) => answered === null).map(({ name }) => name),
      ['custodian-3'],
    );
    const ended = await reach(
      '--answer',
      at('answer-1.json'),
      '--answer',
      at('answer-3.json'),
      '--record',
      at('reach.json'),
    );
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /answer-1\.json: was handed in before/);
    assert.match(ended.stdout, /reachability rehearsal of 'dev': PASSED/);
    const verified = await runStrongroom('rehearse', 'verify', at('reach.json'), '--domain-fingerprint', fingerprint);
    assert.equal(verified.code, 0, verified.stderr);
  });

  test('that nobody answers can be ended, and names who did not', async () => {
    const ended = await runStrongroom('rehearse', '--depth', 'reachability', '--finish', '--data', product.data);
    assert.equal(ended.code, 1);
    assert.match(ended.stdout, /reachability rehearsal of 'dev': FAILED/);
    assert.equal(ended.stdout.match(/at fault {3}custodian/g)?.length, 3);
  });

  test('goes by the time of the instance that keeps the record', async () => {
    await client().ask('POST', '/strongroom/clock', { advanceSeconds: 400 * 86_400 });
    try {
      const overdue = await runStrongroom('rehearse', 'status', '--data', product.data);
      assert.match(overdue.stdout, /full {10}passed .*, OVERDUE since /);
      const ended = await full({}, '--key', key(1), '--key', key(3));
      assert.equal(ended.code, 0, ended.stderr);
      const { posture, value } = (await client().ask('GET', '/securitydomain/rehearsals?api-version=7.5')) as {
        posture: { depth: string; overdue: boolean }[];
        value: { filedAt: string; startedAt: string; finishedAt: string }[];
      };
      assert.equal(posture.find(({ depth }) => depth === 'full')?.overdue, false);
      const [{ startedAt, finishedAt, filedAt }] = value as [(typeof value)[number]];
      for (const each of [startedAt, finishedAt]) {
        assert.ok(Math.abs(Date.parse(filedAt) - Date.parse(each)) < 600_000, `${each} ${filedAt}`);
      }
    } finally {
      await client().ask('POST', '/strongroom/clock', { reset: true });
    }
  });

  test('is called rightly or not at all', async () => {
    mkdirSync(at('empty'));
    for (const [words, message] of [
      [[], /--depth must be reachability or full/],
      [['--depth', 'full'], /--domain and --samples are needed/],
      [['--depth', 'reachability', '--sas-file', 'a'], /--sas-file does not go with --depth reachability/],
      [
        ['--depth', 'full', '--domain', 'a', '--backup', 'b', '--samples', 'c'],
        /either --key, once for each, or --packets/,
      ],
      [['--depth', 'reachability', '--key', 'a'], /--key does not go with --depth reachability/],
      [['--depth', 'reachability', '--days', '0'], /--days must be from 1 to 90/],
    ] as const) {
      const ended = await runStrongroom('rehearse', ...words, '--data', product.data);
      assert.equal(ended.code, 2, ended.stderr);
      assert.match(ended.stderr, message);
    }
  });
});

/** Those of other tests come and go. */
async function untilNoneIsLeft(): Promise<void> {
  await until(
    () => leftFolders().length === 0,
    () => leftFolders().join(),
  );
}

async function until(holds: () => boolean, what: () => string): Promise<void> {
  for (const end = performance.now() + 240_000; !holds(); await delay(20)) {
    assert.ok(performance.now() < end, what());
  }
}
