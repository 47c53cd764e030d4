// Whose rights a rehearsed recovery has once the roles of the backup are back.
import { isGuid } from '../../formats/guid.ts';
import { readDevClients } from '../../main/config/dev-clients.ts';
import { UsageError } from '../command.ts';
import { dataRootOf } from '../running.ts';

export interface AdministratorValues {
  readonly administrator: string | undefined;
  readonly data: string | undefined;
  readonly url?: string | undefined;
}

/** Object id; by default the dev administrator of the data directory. @throws UsageError when it cannot be known */
export function administratorOf({ administrator, data, url }: AdministratorValues): string {
  if (administrator !== undefined) {
    if (!isGuid(administrator)) throw new UsageError('--administrator must be an object id (a GUID)');
    return administrator.toLowerCase();
  }
  if (url !== undefined) throw new UsageError('with --url, name an administrator of the instance with --administrator');
  try {
    return readDevClients(dataRootOf(data)).applications.admin.oid;
  } catch {
    throw new UsageError('name an administrator of the backed-up instance with --administrator');
  }
}
