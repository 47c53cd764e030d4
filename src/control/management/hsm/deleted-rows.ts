// Rows of deletedManagedHSMs: what was deleted and can be recovered until its retention ends, or purged before.
import { ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { readable } from '../access/authorize.ts';
import { KEY_VAULT, type MakeRow, type Management, SUBSCRIPTION } from '../arm-row.ts';
import { answerPage } from '../listing/page.ts';
import type { DeletedHsm, Resources } from '../resources.ts';
import { beginPurge } from './decisions.ts';
import { describeDeletedHsm, placeOf, purgeTime } from './describe-hsm.ts';
import { answerBegun } from './operations.ts';

const LIST = 'Microsoft.KeyVault/deletedManagedHsms/read';
const READ = 'Microsoft.KeyVault/locations/deletedManagedHsms/read';
const PURGE = 'Microsoft.KeyVault/locations/deletedManagedHsms/purge/action';

export function deletedHsmRows(management: Management, row: MakeRow): readonly ControlRow[] {
  const { book, now } = management;
  const list = `${SUBSCRIPTION}/${KEY_VAULT}/deletedManagedHSMs`;
  const one = `${SUBSCRIPTION}/${KEY_VAULT}/locations/:location/deletedManagedHSMs/:deleted`;
  const describe = (deleted: DeletedHsm) => describeDeletedHsm(book.current, deleted);
  return [
    row('GET', list, { action: LIST, at: 'anywhere' }, (request, caller) => {
      const visible = readable(book.current, caller, LIST, book.current.deletedHsms, ({ hsm }) => placeOf(hsm));
      return answerPage(request, visible, ({ hsm }) => hsm.name, describe);
    }),
    row('GET', one, { action: READ, at: 'anywhere' }, (request, caller) => {
      const named = requireDeleted(book.current, request);
      const [deleted] = readable(book.current, caller, READ, [named], ({ hsm }) => placeOf(hsm));
      if (deleted === undefined) throw notFound();
      return { json: describe(deleted) };
    }),
    // What is deleted is in no group any more: purging takes a role at the subscription, as in the public cloud.
    row('POST', `${one}/purge`, { action: PURGE, at: 'subscription' }, (request) =>
      answerBegun(management, request, 'purge', (resources) => {
        const deleted = requireDeleted(resources, request);
        checkPurgeable(deleted, now());
        return beginPurge(resources, deleted.hsm.name);
      }),
    ),
  ];
}

/** The host judges it again, by what it has written down itself. @throws ControlError 403 */
function checkPurgeable(deleted: DeletedHsm, now: number): void {
  const { spelledName, purgeProtection } = deleted.hsm;
  const until = purgeTime(deleted);
  if (!purgeProtection || until <= now) return;
  throw new ControlError(
    403,
    'Forbidden',
    `The managed HSM '${spelledName}' has purge protection and cannot be purged before ${new Date(until).toISOString()}.`,
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
