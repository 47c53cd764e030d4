// A control process in the hands of an attacker, started exactly as the real one: it tries every file, socket, process and
// message that it can think of. What it may do – stopping, starting and shaping the network of instances – is management's
// business; no key is used or read by it, no role given, no entry of the log changed.
//
// The token issuer is not in control's hands here, as with any issuer of one's own. In the dev profile it is: there a
// compromised control process issues itself a token for an administrator, and this test shows nothing against that.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { places } from '../../src/deployment/data-layout.ts';
import { issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { OPEN_NETWORK } from '../../src/formats/network-rules.ts';
import { parseVkey } from '../../src/formats/signed-note.ts';
import { entryOf } from '../../src/links/entry.ts';
import type { AuditLog } from '../../src/links/recorder/audit-log.ts';
import { acknowledged, welcome } from '../../src/links/recorder/messages.ts';
import { openManagementAudit } from '../../src/links/recorder/open-audit-log.ts';
import { controlArguments } from '../../src/supervisor/control-arguments.ts';
import { controlProcess } from '../../src/supervisor/control-process.ts';
import { Instances } from '../../src/supervisor/instances.ts';
import { type ManagementRecorder, managementRecorder } from '../../src/supervisor/management-recorder.ts';
import { recordHostAct } from '../../src/supervisor/record-host-act.ts';
import { verifyLog } from '../../src/tools/audit/verify/verify-log.ts';
import { makeCertificates } from '../support/custodian-certificates.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { type HostileTargets, withAttempts } from './hostile-targets.ts';

const HOST = 'dev.managedhsm.azure.net';
const HANDED_ON = 'dev.resource-manager.internal';
const ARM_AUDIENCE = 'https://management.azure.com';

describe('a control process in the hands of an attacker', () => {
  const root = mkdtempSync(join(tmpdir(), 'strongroom-hostile-'));
  const at = places(root);
  const dev = at.instance('dev');
  const administrator = randomUUID();
  const attacker = randomUUID();
  let issuer: TokenIssuer;
  let ca: string;
  let instances: Instances;
  let report: Readonly<Record<string, string>>;
  let keyBefore: unknown;
  let rolesBefore: unknown;
  let entriesBefore: readonly string[];
  let checkpointBefore: string;
  let filesBefore: Readonly<Record<string, string>>;
  let recorder: ManagementRecorder;
  let managementLog: AuditLog;
  let managementBefore: string;

  const ask = async (method: string, path: string, body?: unknown, oid = administrator) => {
    const token = await issuer.token(oid);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const port = instances.statuses.get('dev')?.port ?? 0;
    const headers = {
      host: HOST,
      authorization: `Bearer ${token}`,
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return new Promise<{ readonly status: number; readonly json: Readonly<Record<string, unknown>> }>(
      (resolve, reject) => {
        const options = { host: '127.0.0.1', port, servername: HOST, ca, agent: false, method, path, headers } as const;
        const asked = httpsRequest(options, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const json = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') as Readonly<
              Record<string, unknown>
            >;
            resolve({ status: response.statusCode ?? 0, json });
          });
        });
        asked.on('error', reject);
        asked.end(text);
      },
    );
  };
  const managementCheckpoint = (): string => readFileSync(join(at.management.audit, 'checkpoint'), 'utf8');
  const managementEntries = () =>
    [...openEntries(at.management.audit).from(0)].map(
      ({ text }) => JSON.parse(text) as Readonly<Record<string, unknown>>,
    );
  /** Resolves once a checkpoint of at least so many entries is signed. */
  const checkpointOf = (least: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        const [, size] = existsSync(join(at.management.audit, 'checkpoint')) ? managementCheckpoint().split('\n') : [];
        if (Number(size ?? 0) < least) return;
        watcher.close();
        resolve();
      };
      const watcher = watch(at.management.audit, look);
      look();
    });
  const entries = (): readonly string[] => [...openEntries(dev.audit).from(0)].map(({ text }) => text);
  const roles = async () =>
    (await ask('GET', '/providers/Microsoft.Authorization/roleAssignments?api-version=7.4')).json;
  /** What must not change: everything but what serving itself writes. */
  const files = (): Readonly<Record<string, string>> =>
    Object.fromEntries(
      [
        dev.config,
        dev.tlsKey,
        dev.tlsCertificate,
        join(dev.module, 'state.sealed'),
        join(dev.module, 'seal.key'),
        join(root, 'ca', 'ca.pem'),
      ].map((path) => [path, readFileSync(path, 'utf8')]),
    );

  before(async () => {
    const authority = issueAuthority(new Date());
    ca = authority.certificate;
    for (const folder of [at.ca, at.control]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(at.caCertificate, authority.certificate);
    writeFileSync(join(at.ca, 'ca-key.pem'), authority.key, { mode: 0o600 });
    const tenantId = randomUUID();
    issuer = await startTokenIssuer(tenantId, issueServer(authority, ['127.0.0.1'], new Date()));
    const authorization = `https://login.microsoftonline.com/${tenantId}`;
    instances = new Instances({
      places: at,
      plan: {
        frontToken: new Uint8Array(32),
        logs: join(root, 'logs'),
        workers: 1,
        partitions: 1,
        entries: { service: entryOf('service'), recorder: entryOf('recorder') },
        indexWanted: () => undefined,
        report: () => {},
      },
      aliases: { of: () => [], owner: () => undefined },
      record: () => Promise.resolve(),
      profile: {
        tenantId,
        made: () => ({ profile: 'dev' }),
        surroundings: () => ({
          hostNames: [
            { authority: HOST, authorization, resource: 'https://managedhsm.azure.net' },
            { authority: HANDED_ON, authorization, resource: ARM_AUDIENCE, kind: 'arm' },
          ],
          issuers: [
            {
              issuers: [issuer.issuer],
              audiences: [issuer.audience],
              armAudiences: [ARM_AUDIENCE],
              jwksUri: issuer.jwksUri,
              caFile: at.caCertificate,
            },
          ],
        }),
        identity: () => ({}),
        ensureCertificate: async (_name, own) => {
          if (existsSync(own.tlsKey)) return;
          const leaf = issueServer(authority, [HOST, '127.0.0.1'], new Date());
          mkdirSync(join(own.root, 'tls'), { mode: 0o700 });
          writeFileSync(own.tlsKey, leaf.key, { mode: 0o600 });
          writeFileSync(own.tlsCertificate, leaf.certificate);
        },
        refusal: () => undefined,
        prepare: () => Promise.resolve(),
      },
      changed: () => {},
    });
    const request = {
      name: 'dev',
      tenantId,
      resourceId: `/subscriptions/${tenantId}/resourceGroups/rg/providers/Microsoft.KeyVault/managedHSMs/dev`,
      region: 'local',
      initialAdministrators: [administrator],
      softDeleteRetentionInDays: 90,
      purgeProtection: true,
      network: OPEN_NETWORK,
    };
    await instances.provision(request);
    const certificates = (await makeCertificates(3)).map((der) => ({ kty: 'RSA', x5c: [der] }));
    const taken = await ask('POST', '/securitydomain/download?api-version=7.5', { certificates, required: 2 });
    assert.equal(taken.status, 202);
    const cryptoUser =
      'Microsoft.KeyVault/providers/Microsoft.Authorization/roleDefinitions/21dbd100-6940-42c2-9190-5d6cb909625b';
    const given = await ask(
      'PUT',
      `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=7.4`,
      {
        properties: { roleDefinitionId: cryptoUser, principalId: administrator },
      },
    );
    assert.equal(given.status, 201);
    await ask('PATCH', '/settings/AllowKeyManagementOperationsThroughARM?api-version=7.4', { value: 'true' });
    assert.equal((await ask('POST', '/keys/k/create?api-version=7.6', { kty: 'RSA-HSM' })).status, 200);
    // An orderly stop leaves a checkpoint of all that there is.
    await instances.stop('dev');
    checkpointBefore = readFileSync(join(dev.audit, 'checkpoint'), 'utf8');
    await instances.start('dev');
    keyBefore = (await ask('GET', '/keys/k?api-version=7.6')).json;
    rolesBefore = await roles();
    entriesBefore = entries();
    filesBefore = files();

    const logs = join(root, 'logs');
    recorder = await managementRecorder(at.management, entryOf('recorder'), logs, { report: () => {} });
    recorder.process.start();
    await recorder.process.whenReady();
    managementLog = openManagementAudit(recorder.socketPath);
    const act = { what: 'stop', instance: 'before' } as const;
    await recordHostAct(managementLog, act);
    await checkpointOf(1);
    managementBefore = managementCheckpoint();

    const { recorder: devRecorder, service, module } = instances.pids['dev'] ?? {};
    const now = Math.floor(Date.now() / 1000);
    const targets: HostileTargets = {
      root,
      files: [
        ...Object.keys(filesBefore),
        ...[dev.store, dev.audit, dev.module, at.management.audit, at.management.module].flatMap((folder) => [
          folder,
          ...readdirSync(folder).map((name) => join(folder, name)),
        ]),
        ...[
          at.instances,
          dev.root,
          join(dev.root, 'run'),
          at.management.root,
          at.management.verifierKey,
          join(at.management.root, 'run'),
          join(at.ca, 'ca-key.pem'),
          join(root, 'logs'),
          '/etc/passwd',
          '/tmp',
        ],
      ],
      log: recorder.socketPath,
      socketFolders: [join(dev.root, 'run')],
      pids: [devRecorder, recorder.process.pid, ...(service ?? []), ...(module ?? [])].filter(
        (pid) => typeof pid === 'number',
      ),
      name: 'dev',
      request,
      attacker,
      claims: {
        iss: issuer.issuer,
        aud: issuer.audience,
        tid: tenantId,
        oid: administrator,
        sub: administrator,
        nbf: now,
        iat: now,
        exp: now + 3600,
      },
      hosts: [HOST, HANDED_ON, 'localhost', 'attacker.example'],
      operations: [
        ['GET', '/keys/k?api-version=7.6'],
        ['POST', '/keys/k/sign?api-version=7.6'],
        ['POST', '/keys/k/backup?api-version=7.6'],
        ['PUT', '/arm/keys/k2?api-version=7.6'],
        ['GET', '/arm/keys?api-version=7.6'],
        ['PUT', `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=7.4`],
        ['POST', '/securitydomain/download?api-version=7.5'],
        ['PATCH', '/settings/x?api-version=7.4'],
      ],
    };
    writeFileSync(join(at.control, 'targets.json'), JSON.stringify(targets));
    const reportFile = join(at.control, 'report.json');
    await using control = controlProcess({
      program: () =>
        withAttempts(
          controlArguments({
            entry: fileURLToPath(new URL('hostile-control.fixture.ts', import.meta.url)),
            folder: at.control,
            port: 1,
            log: recorder.socketPath,
            ca: at.caCertificate,
          }),
        ),
      folder: at.control,
      record: (asked) => recordHostAct(managementLog, asked),
      frontToken: Promise.resolve(new Uint8Array(32)),
      logs: join(root, 'logs'),
      report: () => {},
      instances,
      changed: () => {},
    });
    const reported = new Promise<void>((resolve, reject) => {
      const watcher = watch(at.control, () => {
        if (existsSync(reportFile)) done(resolve);
      });
      const timer = setTimeout(
        () =>
          done(() =>
            reject(new Error(`no report: ${readFileSync(join(root, 'logs', 'control.log'), 'utf8').slice(-4000)}`)),
          ),
        300_000,
      );
      function done(settle: () => void): void {
        watcher.close();
        clearTimeout(timer);
        settle();
      }
    });
    control.start();
    await reported;
    report = JSON.parse(readFileSync(reportFile, 'utf8')) as Readonly<Record<string, string>>;
    // The nonsense that it ended with costs it its life, and the supervisor goes on.
    await control.whenReady();
    await instances.start('dev');
  });
  after(async () => {
    await managementLog[Symbol.asyncDispose]();
    await recorder[Symbol.asyncDispose]();
    await instances[Symbol.asyncDispose]();
    await issuer[Symbol.asyncDispose]();
    rmSync(root, { recursive: true });
  });

  test('gets at no file, process, thread, native code or debugger', () => {
    // The certificate of the authority is anybody's to read.
    const own = Object.entries(report).filter(
      ([what]) =>
        !/^(stop|start|provision|update|purge|log |[A-Z]+ \/)/.test(what) &&
        !(/^(read|copy|dots|as bytes|open) /.test(what) && what.endsWith('/ca.pem')),
    );
    assert.ok(own.length > 200);
    assert.deepEqual(
      own.filter(([, result]) => result === 'done'),
      [],
    );
    assert.equal(existsSync(join(root, 'owned')), false);
    // What it could copy is that certificate, and nothing else.
    assert.equal(readFileSync(join(at.control, 'stolen'), 'utf8'), ca);
  });

  test('is refused everything on its link but what management is for', () => {
    const asked = Object.entries(report).filter(([what]) => /^(stop|start|provision|update|purge)/.test(what));
    assert.deepEqual(
      asked.filter(([, result]) => result === 'done').map(([what]) => what),
      ['stop', 'start'],
    );
    assert.equal(report['purge it stopped'], 'PurgeProtected');
  });

  test('is answered nothing but the challenge, whatever token it makes and whatever name it uses', () => {
    const asked = Object.entries(report).filter(([what]) => /^[A-Z]+ \//.test(what));
    assert.ok(asked.length >= 90);
    assert.deepEqual(
      asked.filter(([, status]) => status !== '401' && status !== '421'),
      [],
    );
  });

  test('changes no key, no role and no file of the instance', async () => {
    assert.deepEqual(files(), filesBefore);
    assert.deepEqual((await ask('GET', '/keys/k?api-version=7.6')).json, keyBefore);
    assert.deepEqual(await roles(), rolesBefore);
    assert.equal((await ask('GET', '/keys/k?api-version=7.6', undefined, attacker)).status, 403);
    assert.equal((await ask('GET', '/keys/k2?api-version=7.6')).status, 404);
    const signed = await ask('POST', '/keys/k/sign?api-version=7.6', {
      alg: 'RS256',
      value: Buffer.alloc(32).toString('base64url'),
    });
    assert.equal(signed.status, 200);
  });

  test('adds to the management plane’s log and does nothing else to it: no entry goes, no tree but the recorder’s is signed', async () => {
    // A welcome, and acknowledgements of entries; what breaks the protocol may be cut off before its welcome is read.
    const said = Object.entries(report).filter(([what]) => what.startsWith('log '));
    assert.equal(said.length, 8);
    const allowed = ['', `${welcome.kind}`, `${welcome.kind} ${acknowledged.kind}`];
    assert.deepEqual(
      said.filter(([, answered]) => !allowed.includes(answered)),
      [],
    );
    const now = managementEntries();
    await checkpointOf(now.length);
    const key = readFileSync(at.management.verifierKey, 'utf8').trim();
    const { damage, checkpoints } = verifyLog({
      folder: at.management.audit,
      saved: [{ name: 'before', text: managementBefore }],
      verifier: parseVkey(key),
    });
    assert.deepEqual(damage, []);
    assert.ok(checkpoints.every(({ holds, signature }) => holds && signature === 'verified'));
    const names = now.map(({ operationName }) => operationName);
    assert.deepEqual(
      [names[0], names.filter((name) => name === 'first' || name === 'second')],
      ['Strongroom/instances/stop/action', ['first']],
    );
  });

  test('has what it asked of the supervisor on record by the supervisor, whatever it writes itself', () => {
    const asked = managementEntries().filter(({ clientInfo }) => clientInfo === 'strongroom supervisor');
    const of = (what: string) =>
      asked
        .filter(
          ({ operationName, scope }) =>
            operationName === `Strongroom/instances/${what}/action` && scope === '/instances/dev',
        )
        .map(({ resultSignature }) => resultSignature);
    assert.deepEqual(of('stop'), ['Accepted']);
    assert.deepEqual(of('start'), ['Accepted']);
    // As it ran, and once it was stopped.
    assert.deepEqual(of('purge'), ['Accepted', 'OperationFailed', 'Accepted', 'OperationFailed']);
    assert.equal(of('update').length, 20);
    assert.ok(asked.some(({ properties }) => JSON.stringify(properties).includes(attacker)));
  });

  test('changes no entry of the log unseen: what was there is there, and what it asked is on record as refused', () => {
    const now = entries();
    assert.deepEqual(now.slice(0, entriesBefore.length), entriesBefore);
    const { damageCount, checkpoints } = verifyLog({
      folder: dev.audit,
      saved: [{ name: 'before', text: checkpointBefore }],
    });
    assert.equal(damageCount, 0);
    assert.ok(checkpoints.every(({ holds }) => holds));
    const added = now
      .slice(entriesBefore.length)
      .map((text) => JSON.parse(text) as { httpStatusCode: number; identity: string; operationName: string });
    const strangers = added.filter(({ httpStatusCode }) => httpStatusCode === 401 || httpStatusCode === 421);
    assert.ok(strangers.length >= 90);
    for (const { identity, operationName, httpStatusCode } of added) {
      if (httpStatusCode === 401 || httpStatusCode === 421 || httpStatusCode === 0) continue;
      assert.ok(identity.includes(administrator) || identity.includes(attacker), `${operationName} ${httpStatusCode}`);
    }
    assert.ok(statSync(dev.audit).isDirectory());
  });
});
