// What the people of a production deployment have to do some day, done by them: under an issuer that is not ours in any way
// (Glewlwyd), with separated duties and with the shipped commands. A second administrator's approval, custodians and their
// register, both seals, both rehearsals.
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { derivedObjectId } from '../../src/features/auth/claim-mapping.ts';
import { runIn } from '../conformance/run-in.ts';
import { makeCustodians, type TestCustodian } from '../support/custodians.ts';
import { type Glewlwyd, startGlewlwyd } from '../support/glewlwyd.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import type { Reply } from '../support/running-instance.ts';
import { CHECKOUT, cleanEnvironment } from '../support/running-product.ts';
import { ask, makeSite, type Running, type Site } from '../support/running-production.ts';
import { skipUnless } from '../system-programs.ts';

const NAME = 'fin';
/** Names that lead to this machine for the commands, too. */
const DOMAIN = 'hsm.localhost';
const ARM = 'arm.localhost';
const VERSION = 'api-version=7.6';
const ARM_VERSION = 'api-version=2024-11-01';
const DEFINITIONS = 'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions';
const ADMINISTRATOR = 'a290e904-7015-4bba-90c8-60543313cdb4';
const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
const WHY = { 'x-strongroom-reason': 'as agreed' };

describe('the people of a production deployment', { skip: skipUnless('glewlwyd') }, () => {
  let site: Site;
  let glewlwyd: Glewlwyd;
  let running: Running;
  let custodians: readonly TestCustodian[];
  let domainFile = '';
  let wrapped = '';

  before(async () => {
    site = await makeSite();
    glewlwyd = await startGlewlwyd(site.authority, ['ana', 'ben', 'cem', 'dan']);
    custodians = await makeCustodians('anna', 'boris', 'clara');
    for (const { name, certificatePem, privateKeyPem } of custodians) {
      await site.file(`${name}.cer`, certificatePem);
      await site.file(`${name}.pem`, privateKeyPem);
    }
    await mkdir(join(site.folder, 'backups'), { mode: 0o700 });
    const pair = async (name: string, names: readonly string[]) => {
      const { key, certificate } = await site.authority.issue(names);
      return {
        certificate: await site.file(`${name}.pem`, certificate, 0o644),
        key: await site.file(`${name}.key`, key),
      };
    };
    await site.write({
      ...site.config,
      names: {
        instances: DOMAIN,
        resourceManager: ARM,
        authorization: `https://login.example.org/${String(site.config['tenantId'])}`,
      },
      tls: {
        ...(site.config['tls'] as object),
        instances: await pair('local-instances', [`*.${DOMAIN}`]),
        resourceManager: await pair('local-arm', [ARM]),
      },
      issuers: [
        {
          issuers: [glewlwyd.issuer],
          audiences: [...glewlwyd.audiences, `https://${DOMAIN}:${site.port}`],
          armAudiences: ['arm'],
          discovery: glewlwyd.discovery,
          caFile: join(site.folder, 'authority.pem'),
          claims: {
            objectId: 'sub',
            tenant: null,
            application: 'client_id',
            userName: 'email',
            groupsSeparator: ',',
            ids: 'derived',
            personMark: { claim: 'kind', value: 'person' },
          },
        },
      ],
      subscription: { ...(site.config['subscription'] as object), owners: [{ id: await idOf('cem'), type: 'User' }] },
      backupTargets: [{ uri: `file://${site.folder}/backups`, keepsAll: true }],
      principals: { users: [], groups: [], applications: [] },
    });
    running = await site.start();
  });
  after(async () => {
    await running?.[Symbol.asyncDispose]();
    await glewlwyd?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  /** Of whom Glewlwyd's tokens say that it is; its subjects are made up. */
  async function idOf(name: string): Promise<string> {
    const [, claims = ''] = (await glewlwyd.tokenOf(name, 'hsm')).split('.');
    const { sub } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { readonly sub: string };
    return derivedObjectId(glewlwyd.issuer, 'principal', sub);
  }
  const program = (): string => derivedObjectId(glewlwyd.issuer, 'principal', glewlwyd.client.id);
  const arm = async (method: string, path: string, body?: unknown): Promise<Reply> => {
    const { id } = site.config['subscription'] as { readonly id: string };
    const url = `https://${ARM}/subscriptions/${id}/resourceGroups/keys${path}?${path === '' ? 'api-version=2021-04-01' : ARM_VERSION}`;
    return ask(site, method, url, { token: await glewlwyd.tokenOf('cem', 'arm'), body });
  };
  const hsm = async (
    who: string | undefined,
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> => {
    const token = await (who === undefined ? glewlwyd.clientToken() : glewlwyd.tokenOf(who, 'hsm'));
    const host = `${NAME}.${DOMAIN}:${site.port}`;
    return ask(site, method, `https://${NAME}.${DOMAIN}${path}?${VERSION}`, { token, body, headers, host });
  };
  /** Glewlwyd's audiences are words, and speak for no host. */
  const shownTo = () => ({
    STRONGROOM_TOKEN_HOST: `${NAME}.${DOMAIN}:${site.port}`,
    STRONGROOM_ARM_TOKEN_HOST: `${ARM}:${site.port}`,
  });
  /** A command of somebody who has no `az` that could sign in: their tokens are in files. */
  const commanded = async (who: string, ...words: readonly string[]) => {
    const env = {
      ...cleanEnvironment(),
      ...shownTo(),
      STRONGROOM_DATA: site.data,
      STRONGROOM_TOKEN_FILE: await site.file(`${who}.token`, await glewlwyd.tokenOf(who, 'hsm')),
      STRONGROOM_ARM_TOKEN_FILE: await site.file(`${who}.arm-token`, await glewlwyd.tokenOf(who, 'arm')),
    };
    return runIn({ cwd: CHECKOUT, env }, join(CHECKOUT, 'strongroom'), ...words);
  };
  const done = async (who: string, ...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await commanded(who, ...words);
    assert.equal(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const there = (name = NAME): readonly string[] => [
    ...['--url', `https://${name}.${DOMAIN}:${site.port}`],
    ...['--ca', join(site.folder, 'authority.pem')],
  ];
  const path = (name: string): string => join(site.folder, name);
  const unwraps = async (): Promise<void> => {
    const { status, text, json } = await hsm(undefined, 'POST', '/keys/kek/unwrapkey', {
      alg: 'RSA-OAEP-256',
      value: wrapped,
    });
    assert.equal(status, 200, text);
    assert.equal((json as { readonly value: string }).value, DATA_KEY);
  };

  test('make an HSM and let themselves in', async () => {
    assert.equal((await arm('PUT', '', { location: 'westeurope' })).status, 201);
    const made = await arm('PUT', `/providers/Microsoft.KeyVault/managedHSMs/${NAME}`, {
      location: 'westeurope',
      sku: { family: 'B', name: 'Standard_B1' },
      properties: { tenantId: site.config['tenantId'], initialAdminObjectIds: [await idOf('ana'), await idOf('ben')] },
    });
    assert.equal(made.status, 202, made.text);
    for (let state = ''; state !== 'Succeeded'; await delay(50)) {
      const { json, text } = await arm('GET', `/providers/Microsoft.KeyVault/managedHSMs/${NAME}`);
      state = (json as { readonly properties: { readonly provisioningState: string } }).properties.provisioningState;
      assert.notEqual(state, 'Failed', text);
    }
    const refused = await commanded('ana', 'separation', 'show', ...there());
    assert.match(refused.stderr, /network rules in force at fin\.hsm\.localhost.* turn this machine away/);
    await done('cem', 'network', 'apply', NAME, '--allow', '127.0.0.0/8', '--confirm-within', '10m');
    await done('cem', 'network', 'confirm', NAME);
  });

  test('split its domain, and every custodian is proven in the register', async () => {
    const certificates = custodians.map(({ certificate }) => ({ kty: 'RSA', x5c: [certificate] }));
    const split = await hsm('ana', 'POST', '/securitydomain/download', { certificates, required: 2 });
    assert.equal(split.status, 202, split.text);
    domainFile = (split.json as { readonly value: string }).value;
    await site.file('sd.json', domainFile);
    const before = await commanded('ana', 'custodian', 'list', ...there());
    assert.equal(before.code, 1, 'nobody can be counted on yet');
    const packets = await Promise.all(
      custodians.map((each) => site.file(`${each.name}-acknowledge.json`, each.acknowledges(domainFile))),
    );
    await done('ana', 'custodian', 'submit', ...packets, ...there());
    assert.match(await done('ben', 'custodian', 'list', ...there()), /margin +1 {2}\(3 reachable, 2 needed\)/);
  });

  test('give a third one the administration, which takes two of them', async () => {
    const grant = async (to: string, role: string, scope: string) =>
      hsm(
        'ana',
        'PUT',
        `${scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`,
        { properties: { roleDefinitionId: `${DEFINITIONS}/${role}`, principalId: to } },
        WHY,
      );
    const dan = await idOf('dan');
    const asked = await grant(dan, ADMINISTRATOR, '');
    assert.equal(asked.status, 403);
    const [, id = ''] = /waits as approval ([0-9a-f-]{36})/.exec(asked.text) ?? [];
    const own = await commanded('ana', 'approval', 'approve', id, '--reason', 'myself', ...there());
    assert.match(own.stderr, /Who asked for an approval cannot give it/);
    // As the refusal says it, with an authority of one's own; the token stands for a sign-in of az.
    const [, words = ''] = /runs: \.\/strongroom (approval approve .*?)\. Then/.exec(asked.text) ?? [];
    assert.equal(words, `approval approve ${id} --reason 'why' --url https://${NAME}.${DOMAIN}:${site.port} --as az`);
    const [, authority = ''] = there().slice(2);
    await done('ben', ...words.replaceAll("'", '').split(' '), '--ca', authority);
    assert.equal((await grant(dan, ADMINISTRATOR, '')).status, 201);
    assert.match(await done('dan', 'separation', 'show', ...there()), /^strict +\(3 with Administrator at/);
    assert.equal((await grant(program(), CRYPTO_USER, '/keys')).status, 201);
    assert.equal((await hsm('ana', 'GET', '/keys')).status, 403, 'an administrator is no user of keys');
  });

  test('have a key, samples of it, and a backup', async () => {
    const made = await hsm(undefined, 'POST', '/keys/kek/create', { kty: 'RSA-HSM', key_size: 2048 });
    assert.equal(made.status, 200, made.text);
    const { json, text } = await hsm(undefined, 'POST', '/keys/kek/wrapkey', { alg: 'RSA-OAEP-256', value: DATA_KEY });
    wrapped = (json as { readonly value?: string }).value ?? assert.fail(text);
    await unwraps();
    const env = {
      ...cleanEnvironment(),
      STRONGROOM_TOKEN_FILE: await site.file('program.token', await glewlwyd.clientToken()),
    };
    const words = ['rehearse', 'prepare', '--out', path('samples.json'), ...there()];
    const prepared = async (more: NodeJS.ProcessEnv) =>
      runIn({ cwd: CHECKOUT, env: { ...env, ...more } }, join(CHECKOUT, 'strongroom'), ...words);
    const host = `${NAME}.${DOMAIN}:${site.port}`;
    const unsaid = await prepared({});
    assert.ok(
      unsaid.stderr.includes(
        ` is for https://managedhsm.azure.net and not for https://${DOMAIN}:${site.port}: if ${host} may see it, set STRONGROOM_TOKEN_HOST=${host}`,
      ),
      unsaid.stderr,
    );
    const { code, stderr } = await prepared(shownTo());
    assert.equal(code, 0, stderr);
    assert.match(await done('ben', 'backup', 'start', `file://${path('backups')}`, ...there()), /status +Succeeded\n/);
  });

  test('rehearse in both depths, and try the backup', async () => {
    const status = async () => commanded('ben', 'rehearse', 'status', ...there());
    assert.match((await status()).stdout, /reachability +never passed.*\nfull +never passed/);
    const begun = await commanded(
      'ben',
      'rehearse',
      '--depth',
      'reachability',
      '--out',
      path('challenge.json'),
      ...there(),
    );
    assert.equal(begun.code, 1, begun.stderr);
    const answers = custodians.flatMap(({ name }) => ['--answer', path(`${name}-answer.json`)]);
    for (const { name } of custodians) {
      const words = ['custodian', 'answer', path('challenge.json'), '--key', path(`${name}.pem`)];
      await done(name === 'anna' ? 'ana' : 'ben', ...words, '--out', path(`${name}-answer.json`));
    }
    const reached = await done('ben', 'rehearse', '--depth', 'reachability', ...answers, ...there());
    assert.match(reached, /^reachability rehearsal of 'fin': PASSED/);
    const quorum = ['anna', 'clara'].map((name) => path(`${name}.pem`));
    // This issuer's tokens do not say the object id that the HSM derives.
    const whose = ['--administrator', await idOf('ana')];
    const inputs = ['--domain', path('sd.json'), '--samples', path('samples.json'), ...whose];
    const full = await done(
      'ana',
      ...['rehearse', '--depth', 'full', '--backup', path('backups'), ...inputs],
      ...quorum.flatMap((key) => ['--key', key]),
      ...['--record', path('record.json'), ...there()],
    );
    assert.match(full, /^full rehearsal of 'fin': PASSED\n/);
    assert.match(full, /samples +1 of 1 key answered as known/);
    assert.match(await done('ana', 'rehearse', 'verify', path('record.json')), /^full rehearsal of 'fin': PASSED\n/);
    assert.match((await status()).stdout, /reachability +passed .*\nfull +passed /);
    const trial = await done(
      'ana',
      ...['backup', 'verify', path('backups'), '--trial', ...inputs],
      ...quorum.flatMap((key) => ['--custodian', key]),
    );
    assert.match(trial, /The trial passed: 1 key came back in a throw-away instance, 1 of them answered as known/);
  });

  test('see at the machine, with no role and no token, how well it could be recovered', async () => {
    for (const end = performance.now() + 120_000; ; await delay(200)) {
      const { code, stdout } = await runStrongroom('status', '--data', site.data);
      const isKnown =
        /\n {2}custodians: margin 1 \(3 reachable, 2 needed\)\n/.test(stdout) && /full: passed /.test(stdout);
      if (!isKnown && performance.now() < end) continue; // another worker may have heard of it first
      assert.ok(isKnown, stdout);
      assert.match(stdout, /\n {2}asked, it does not answer: .*\n {4}one whom it answers asks: .* --as WHO\n/);
      assert.equal(code, 0, stdout);
      return;
    }
  });

  /** What custodians hand in to open a seal: one packet each, for this start alone. */
  const packetsFor = async (certificate: string, shares: string): Promise<readonly string[]> => {
    const fingerprint = (await done('ana', 'custodian', 'fingerprint', certificate)).replace(
      /^.*?((?:[0-9a-f]{4} ){15}[0-9a-f]{4}).*$/s,
      '$1',
    );
    const made: string[] = [];
    for (const name of ['boris', 'clara']) {
      const out = path(`${name}-unlock-${made.length}-${Date.now()}.json`);
      await done(
        'ana',
        ...['custodian', 'share', shares, '--key', path(`${name}.pem`), '--purpose', 'unlock', '--to', certificate],
        ...['--out', out, '--recipient-fingerprint', fingerprint, '--yes'],
      );
      made.push(out);
    }
    return made;
  };
  const isActive = async (): Promise<void> => {
    while (running.state.instances[NAME]?.activation !== 'Active') await delay(50);
  };

  test('seal it by a quorum; it is locked after every start until they unlock it', async () => {
    await done('ana', 'instance', 'stop', NAME);
    const certificates = custodians.flatMap(({ name }) => ['--custodian', path(`${name}.cer`)]);
    await done(
      'ana',
      ...['seal', 'change', NAME, '--to', 'quorum', '--required', '2', ...certificates],
      ...['--passphrase-file', path('passphrase')],
    );
    assert.match(await done('ana', 'seal', 'show', NAME), /a quorum of custodians.*\nquorum +2 of 3/);
    await done('ana', 'instance', 'start', NAME);
    await running.stop();
    running = await site.start();
    while (running.state.instances[NAME]?.activation !== 'Locked') await delay(50);
    const locked = await hsm(undefined, 'GET', '/keys');
    assert.equal(locked.status, 503);
    assert.match(locked.text, /"Locked"/);
    const [certificate, shares] = [path('unlock.cer'), path('shares.json')];
    await done('ana', 'unlock', NAME, '--certificate', certificate, '--shares', shares);
    const packets = await packetsFor(certificate, shares);
    const few = await commanded('ana', 'unlock', NAME, '--packets', ...packets.slice(1));
    assert.match(few.stderr, /it stays locked: 2 of the 3 custodians are needed, packets of 1 are here/);
    assert.match(await done('ana', 'unlock', NAME, '--packets', ...packets), /unlocked by 2 custodians/);
    await isActive();
    await unwraps();
  });

  test('go back to the passphrase of the configuration, and no start needs anybody', async () => {
    await done('ana', 'instance', 'stop', NAME);
    const [certificate, shares] = [path('change.cer'), path('change-shares.json')];
    const [first, second] = [path('first-change.json'), path('second-change.json')];
    const changed = done(
      'ana',
      ...['seal', 'change', NAME, '--to', 'passphrase', '--memory', '64', '--new-passphrase-file', path('passphrase')],
      ...['--certificate', certificate, '--shares', shares, '--packets', first, '--packets', second],
    );
    while (
      (await readFile(shares, 'utf8').catch(() => '')) === '' ||
      (await readFile(certificate, 'utf8').catch(() => '')) === ''
    )
      await Promise.race([delay(50), changed.then(() => assert.fail('it did not wait for the custodians'))]);
    const packets = await packetsFor(certificate, shares);
    for (const [at, file] of [first, second].entries()) {
      await writeFile(file, await readFile(packets[at] ?? ''));
      await chmod(file, 0o600);
    }
    await changed;
    await done('ana', 'instance', 'start', NAME);
    await running.stop();
    running = await site.start();
    await isActive();
    await unwraps();
    assert.match(await done('ana', 'custodian', 'list', ...there()), /margin +1 /, 'the register is as it was');
    assert.match(await done('ana', 'audit', 'verify', '--hsm-name', NAME), /The log is whole\./);
  });
});

const DATA_KEY = Buffer.alloc(32, 7).toString('base64url');
