import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeCertificate } from '../../../../test/support/rsa-certificate.ts';
import { readAddedCertificates } from '../../../control/directory/added-certificates.ts';
import { createDevDirectory } from '../../../control/directory/create-dev-directory.ts';
import { writeDirectoryFile } from '../../../control/directory/directory-file.ts';
import { readCredentials } from '../../../control/directory/federation/federated-credentials.ts';
import { readBindings } from '../../../control/directory/local-identity/bindings.ts';
import { commandNamed, runCommand } from '../../command.fixture.ts';
import { type Command, CommandError, UsageError } from '../../command.ts';
import { commands as ofApplications } from '../application.ts';
import { commands as ofFederation } from '../federation.ts';
import { commands } from '../identity.ts';

const bind = commandNamed(commands, 'identity bind');
const list = commandNamed(commands, 'identity list');
const remove = commandNamed(commands, 'identity remove');
const addCertificate = commandNamed(ofApplications, 'application certificate add');
const listCertificates = commandNamed(ofApplications, 'application certificate list');
const removeCertificate = commandNamed(ofApplications, 'application certificate remove');
const add = commandNamed(ofFederation, 'federation add');
const listFederation = commandNamed(ofFederation, 'federation list');
const removeFederation = commandNamed(ofFederation, 'federation remove');

let data: string;
let control: string;
let identity: string;
before(async () => {
  data = await mkdtemp(join(tmpdir(), 'strongroom-identity-commands-'));
  control = join(data, 'control');
  await mkdir(control);
  const { directory } = await createDevDirectory(randomBytes);
  await writeDirectoryFile(control, directory);
  identity = directory.managedIdentities[0]?.oid ?? '';
});
after(() => rm(data, { recursive: true }));

async function run(command: Command, values: Readonly<Record<string, unknown>>, ...operands: readonly string[]) {
  let printed = '';
  const terminal = { out: (text: string) => (printed += text), err: () => undefined };
  assert.equal(await runCommand(command, { data, json: false, ...values }, operands, terminal), 0);
  return printed;
}
const fails = (kind: typeof CommandError | typeof UsageError, reason: RegExp, attempt: Promise<unknown>) =>
  assert.rejects(attempt, (error) => error instanceof kind && reason.test(error.message));

const linux = { skip: process.platform !== 'linux' && 'there is no endpoint to bind to elsewhere' };

test('a user and a program are bound once, listed, and taken away', linux, async () => {
  const link = join(data, 'link');
  await symlink(process.execPath, link);
  await run(bind, { user: '1000' }, 'strongroom-dev-identity');
  await run(bind, { user: 'root', executable: link }, identity.toUpperCase());
  assert.match(await run(bind, { user: '1000' }, identity), /already/);
  const [, program] = await readBindings(control);
  assert.deepEqual(await readBindings(control), [
    { identity, uid: 1000 },
    { identity, uid: 0, executable: program?.executable },
  ]);
  assert.notEqual(program?.executable, link);
  assert.match(await run(list, {}), /user 1000, every program\n {2}user 0, \//);
  await run(remove, { user: '0' }, identity);
  assert.deepEqual(await readBindings(control), [{ identity, uid: 1000 }]);
  await fails(CommandError, /not bound/, run(remove, { user: '0' }, identity));
});

test('what cannot be bound is refused with what there is', linux, async () => {
  await fails(CommandError, /there are: strongroom-dev-identity/, run(bind, { user: '1' }, 'nobody-of-this-name'));
  await fails(CommandError, /no user 'no-such-user-here'/, run(bind, { user: 'no-such-user-here' }, identity));
  await fails(UsageError, /no user name/, run(bind, { user: '-x; id' }, identity));
  await fails(UsageError, /no user number/, run(bind, { user: '4294967295' }, identity));
  await fails(UsageError, /--user/, run(bind, {}, identity));
  await fails(CommandError, /no program/, run(bind, { user: '1', executable: '/no/such/program' }, identity));
  await fails(CommandError, /not a file/, run(bind, { user: '1', executable: '/' }, identity));
});

test('a federated credential is added as asked, and removed', async () => {
  const options = { application: 'strongroom-dev-consumer', issuer: 'https://id.example/', subject: 'a:b' };
  await run(add, options, 'one');
  await run(add, { ...options, subject: undefined, 'subject-pattern': 'a:*' }, 'two');
  const [one, two] = await readCredentials(control);
  assert.equal(one?.discovery, 'https://id.example/.well-known/openid-configuration');
  assert.deepEqual([one?.match, two?.match], ['exact', 'pattern']);
  assert.match(await run(listFederation, {}), /one: strongroom-dev-consumer\n {2}issuer https:\/\/id\.example\/\n/);
  await fails(CommandError, /two credentials/, run(add, options, 'one'));
  await fails(
    CommandError,
    /must begin with a part/,
    run(add, { ...options, subject: undefined, 'subject-pattern': '*' }, 'x'),
  );
  await fails(CommandError, /https address/, run(add, { ...options, issuer: 'http://id.example' }, 'x'));
  await fails(CommandError, /different keys/, run(add, { ...options, jwks: 'https://id.example/keys' }, 'x'));
  await fails(CommandError, /not one application/, run(add, { ...options, application: 'x' }, 'x'));
  await fails(UsageError, /either --subject/, run(add, { ...options, 'subject-pattern': 'a:*' }, 'x'));
  await writeFile(join(data, 'ca.pem'), 'no certificate');
  await fails(CommandError, /PEM/, run(add, { ...options, 'ca-file': join(data, 'ca.pem') }, 'x'));
  await run(removeFederation, {}, 'one');
  await fails(CommandError, /no federated credential/, run(removeFederation, {}, 'one'));
  assert.deepEqual(
    (await readCredentials(control)).map(({ name }) => name),
    ['two'],
  );
  assert.ok(!(await readFile(join(control, 'federation.json'), 'utf8')).includes('"one"'));
});

test('a certificate is added to an application without its private key, listed, and removed by its fingerprint', async () => {
  const [{ key, pem }, expired] = await Promise.all([makeCertificate(), makeCertificate({ days: -1 })]);
  const both = join(data, 'both.pem');
  await writeFile(both, key + pem);
  await run(addCertificate, {}, 'strongroom-dev-consumer', both);
  await run(addCertificate, {}, 'strongroom-dev-consumer', both);
  const certificates = await readAddedCertificates(control);
  assert.equal(certificates.length, 1);
  assert.ok(!JSON.stringify(certificates).includes('PRIVATE'));
  const [, fingerprint = ''] =
    /^strongroom-dev-consumer {2}([0-9A-F]{64}) {2}\(command\)\n {2}CN=application, until/.exec(
      await run(listCertificates, {}),
    ) ?? [];
  await writeFile(join(data, 'expired.pem'), expired.pem);
  const refusing = (name: string, file: string) => run(addCertificate, {}, name, join(data, file));
  await fails(CommandError, /has expired/, refusing('strongroom-dev-consumer', 'expired.pem'));
  await fails(CommandError, /holds no certificate/, refusing('strongroom-dev-consumer', 'absent.pem'));
  await fails(CommandError, /not one application/, refusing('nobody', 'both.pem'));
  await fails(UsageError, /name an application/, run(addCertificate, {}, 'strongroom-dev-consumer'));
  await fails(CommandError, /no certificate with/, run(removeCertificate, {}, 'strongroom-dev-admin', fingerprint));
  await run(removeCertificate, {}, 'strongroom-dev-consumer', (fingerprint.match(/../g) ?? []).join(':').toLowerCase());
  assert.deepEqual(await readAddedCertificates(control), []);
});
