// Programs that keep their keys here, each in its newest release and as it is: they use their keys, the keys are rotated,
// and once their roles are gone they are refused. All stacks have one instance.
import { delimiter, join } from 'node:path';
import { after, before, describe } from 'node:test';
import { testChecks } from '../conformance/checks.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { PYTHON, type SystemProgram, skipUnless } from '../system-programs.ts';
import { clientsFolder } from './folder.ts';
import { CLIENTS, type Client } from './manifest.ts';
import { type Made, runClient } from './run-client.ts';

interface Stack {
  readonly title: string;
  readonly needs: SystemProgram;
  readonly command: (program: string) => readonly [string, ...string[]];
}

const folder = (name: string): string => join(clientsFolder(), name);
const classes = [folder('java/classes'), folder('java/lib/*')].join(delimiter);
const STACKS: Readonly<Record<Client['stack'], Stack>> = {
  'azure-cli': {
    title: 'az',
    needs: 'az',
    command: (program) => [process.execPath, join(import.meta.dirname, 'azure-cli', `${program}.ts`)],
  },
  'azure-python': {
    title: 'clients in Python',
    needs: 'python-azure',
    command: (program) => [PYTHON, '-B', join(import.meta.dirname, 'azure-python', `${program}.py`)],
  },
  go: { title: 'clients in Go', needs: 'clients in Go', command: (program) => [folder(`go/bin/${program}`)] },
  java: {
    title: 'clients in Java',
    needs: 'clients in Java',
    command: (program) => ['java', '-cp', classes, program],
  },
  javascript: {
    title: 'clients in JavaScript',
    needs: 'clients in JavaScript',
    command: (program) => [process.execPath, folder(`javascript/${program}.ts`)],
  },
  rust: { title: 'clients in Rust', needs: 'clients in Rust', command: (program) => [folder(`rust/bin/${program}`)] },
  sops: {
    title: 'the program of SOPS',
    needs: 'sops',
    command: (program) => [process.execPath, join(import.meta.dirname, 'sops', `${program}.ts`)],
  },
};

const REFUSED = 'is refused once its roles are gone';
const ROTATED = 'rotates, and an old version opens what it wrapped';
const AZKEYS = [
  'creates keys',
  'wraps and unwraps',
  'signs',
  'encrypts with AES',
  'updates and lists',
  'keeps a rotation policy',
  ROTATED,
  'gives random bytes',
  'backs up and restores',
  'deletes, recovers and purges',
  REFUSED,
];
/** By the client's name. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  'azure-cli': [
    'logs in',
    'creates keys',
    'encrypts and decrypts',
    'signs',
    'rotates, and an old version opens what it encrypted',
    REFUSED,
  ],
  'Python keys': ['creates keys', 'wraps and unwraps', 'signs and verifies', 'encrypts with AES', ROTATED, REFUSED],
  'Go keys': AZKEYS,
  'Go keys, preview': AZKEYS,
  'sigstore (cosign)': [
    'makes the key of cosign generate-key-pair',
    'signs and verifies',
    'verifies with the public key alone',
    'after rotation an old signature verifies under its version only',
    REFUSED,
  ],
  smallstep: [
    'creates an EC key',
    'creates an RSA key',
    'signs a root certificate',
    'signs with RSA',
    'after rotation the version in the name signs on for the old root',
    REFUSED,
  ],
  'HashiCorp go-kms-wrapping': [
    'finds its key',
    'seals and opens',
    'after rotation old envelopes open, new ones have the new version',
    REFUSED,
    'does not start without a role',
  ],
  'SOPS, library': [
    'finds the version of its key',
    'encrypts and decrypts a data key',
    'after rotation an old file opens, a new one has the new version',
    REFUSED,
  ],
  'SOPS, program': [
    'encrypts and opens a file',
    'after rotation an old file opens, a new one has the new version',
    'moves a file to another version',
    REFUSED,
  ],
  'Java keys': [
    'creates keys',
    'wraps and unwraps',
    'signs',
    'encrypts with AES',
    'imports a key and signs with it',
    'updates and lists',
    'keeps a rotation policy',
    ROTATED,
    'gives random bytes',
    'backs up and restores',
    'deletes, recovers and purges',
    REFUSED,
  ],
  'Java administration': [
    'lists the built-in roles',
    'makes a role',
    'assigns it and takes it back',
    'deletes the role',
    'reads and changes settings',
    REFUSED,
  ],
  'SQL Server Always Encrypted (mssql-jdbc)': [
    'wraps and unwraps a column key',
    'signs the metadata of a master key',
    'after rotation a path with a version opens old column keys, one without does not',
    REFUSED,
  ],
  'JavaScript keys': [
    'creates keys',
    'wraps and unwraps',
    'signs and verifies',
    'encrypts with AES',
    ROTATED,
    'backs up and restores',
    'deletes, recovers and purges',
    REFUSED,
  ],
  'Rust keys': [
    'creates keys',
    'wraps and unwraps',
    'signs and verifies',
    'encrypts with AES',
    'updates and lists',
    'keeps a rotation policy',
    ROTATED,
    'gives random bytes',
    'backs up and restores',
    'deletes, recovers and purges',
    REFUSED,
  ],
};

const skipped = Object.values(STACKS).map(({ needs }) => skipUnless(needs));
const nothing = skipped.every((reason) => reason !== false) && 'needs any of its clients: test/clients/install.sh';

describe('clients of today', { skip: nothing }, () => {
  let product: RunningProduct;
  before(async () => {
    product = await startProduct();
    // smallstep knows names of vaults only.
    using administrator = instanceClient(product, await dataPlaneToken(product, await product.environment()));
    const { status, text } = await administrator.ask('PATCH', '/settings/StrongroomVaultAlias', { value: 'true' });
    if (status !== 200) throw new Error(text);
  });
  after(() => product[Symbol.asyncDispose]());

  for (const client of CLIENTS) {
    const { needs, title, command } = STACKS[client.stack];
    describe(`${title}: ${client.name}`, { skip: skipUnless(needs) }, () => {
      let made: Made;
      before(async () => {
        made = await runClient(product, client, command(client.program));
      });
      testChecks(CHECKS[client.name] ?? [], () => made);
    });
  }
});
