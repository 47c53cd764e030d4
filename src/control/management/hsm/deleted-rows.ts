// Rows of deletedManagedHSMs: what was deleted and can be recovered until its retention ends, or purged before.
import { ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { mayAt } from '../access/authorize.ts';
import { scopeOf } from '../access/scope.ts';
import { KEY_VAULT, type MakeRow, SUBSCRIPTION } from '../arm-row.ts';
import type { DeletedHsm, Resources } from '../resources.ts';
import type { ResourceStore } from '../resources-file.ts';
import { describeDeletedHsm, purgeTime } from './describe-hsm.ts';
import { beginPurge, type HsmLifecycle } from './hsm-lifecycle.ts';
import { accepted } from './operations.ts';
import { readPage } from './page.ts';

export interface DeletedHsmOptions {
  readonly book: ResourceStore;
  readonly row: MakeRow;
  readonly lifecycle: HsmLifecycle;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const LIST = 'Microsoft.KeyVault/deletedManagedHsms/read';
const READ = 'Microsoft.KeyVault/locations/deletedManagedHsms/read';
const PURGE = 'Microsoft.KeyVault/locations/deletedManagedHsms/purge/action';

export function deletedHsmRows({ book, row, lifecycle, now }: DeletedHsmOptions): readonly ControlRow[] {
  const one = `${SUBSCRIPTION}/${KEY_VAULT}/locations/:location/deletedManagedHSMs/:deleted`;
  const scopeOfDeleted = ({ hsm }: DeletedHsm) => scopeOf(book.current, { group: hsm.resourceGroup, hsm: hsm.name });
  return [
    row(
      'GET',
      `${SUBSCRIPTION}/${KEY_VAULT}/deletedManagedHSMs`,
      { action: LIST, at: 'anywhere' },
      (request, caller) => {
        const visible = book.current.deletedHsms.filter((each) =>
          mayAt(book.current, caller, LIST, scopeOfDeleted(each)),
        );
        const { items, nextLink } = readPage(request, visible, ({ hsm }) => hsm.name);
        const value = items.map((each) => describeDeletedHsm(book.current, each));
        return { status: 200, json: { value, ...(nextLink === undefined ? {} : { nextLink }) } };
      },
    ),
    row('GET', one, { action: READ, at: 'anywhere' }, (request, caller) => {
      const deleted = requireDeleted(book.current, request);
      if (!mayAt(book.current, caller, READ, scopeOfDeleted(deleted))) throw notFound();
      return { status: 200, json: describeDeletedHsm(book.current, deleted) };
    }),
    // What is deleted is in no group any more: purging takes a role at the subscription, as in the public cloud.
    row('POST', `${one}/purge`, { action: PURGE, at: 'subscription' }, async (request) => {
      const operation = await lifecycle.begin(request, 'purge', (resources) => {
        const deleted = requireDeleted(resources, request);
        checkPurgeable(deleted, now());
        return beginPurge(resources, deleted.hsm.name);
      });
      return accepted(book.current, request, operation);
    }),
  ];
}

/** The host judges it again, by what it has written down itself. @throws ControlError 403 */
function checkPurgeable(deleted: DeletedHsm, now: number): void {
  const { spelledName, purgeProtection } = deleted.hsm;
  if (!purgeProtection || purgeTime(deleted) <= now) return;
  throw new ControlError(
    403,
    'Forbidden',
    `The managed HSM '${spelledName}' has purge protection and cannot be purged before ${new Date(purgeTime(deleted)).toISOString()}.`,
  );
}

function requireDeleted({ deletedHsms }: Resources, { params }: ControlRequest): DeletedHsm {
  const [name, location] = [params.deleted?.toLowerCase(), params.location?.toLowerCase()];
  const deleted = deletedHsms.find(({ hsm }) => hsm.name === name && hsm.location === location);
  if (deleted === undefined) throw notFound();
  return deleted;
}

function notFound(): ControlError {
  return new ControlError(404, 'DeletedHsmNotFound', 'There is no deleted managed HSM of that name and location.');
}
