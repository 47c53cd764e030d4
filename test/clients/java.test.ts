// Programs in Java, each in its newest release and as it is: keys, administration, and column keys of SQL Server.
import { delimiter, join } from 'node:path';
import { after, before, describe } from 'node:test';
import { testChecks } from '../conformance/checks.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { skipUnless } from '../system-programs.ts';
import { clientsFolder } from './folder.ts';
import { clientsOf } from './manifest.ts';
import { type Made, runClient } from './run-client.ts';

const REFUSED = 'is refused once its roles are gone';
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  Keys: [
    'creates keys',
    'wraps and unwraps',
    'signs',
    'encrypts with AES',
    'imports a key and signs with it',
    'updates and lists',
    'keeps a rotation policy',
    'rotates, and an old version opens what it wrapped',
    'gives random bytes',
    'backs up and restores',
    'deletes, recovers and purges',
    REFUSED,
  ],
  Administration: [
    'lists the built-in roles',
    'makes a role',
    'assigns it and takes it back',
    'deletes the role',
    'reads and changes settings',
    REFUSED,
  ],
  AlwaysEncrypted: [
    'wraps and unwraps a column key',
    'signs the metadata of a master key',
    'after rotation a path with a version opens old column keys, one without does not',
    REFUSED,
  ],
};

describe('clients in Java', { skip: skipUnless('clients in Java') }, () => {
  const folder = join(clientsFolder(), 'java');
  const classes = [join(folder, 'classes'), join(folder, 'lib/*')].join(delimiter);
  let product: RunningProduct;
  before(async () => {
    product = await startProduct();
  });
  after(() => product[Symbol.asyncDispose]());

  for (const client of clientsOf('java')) {
    describe(client.name, () => {
      let made: Made;
      before(async () => {
        made = await runClient(product, client, ['java', '-cp', classes, client.program], 'java');
      });
      testChecks(CHECKS[client.program] ?? [], () => made);
    });
  }
});
