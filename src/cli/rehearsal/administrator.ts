// Whose rights a rehearsed recovery has once the roles of the backup are back.

import { readDevClients } from '../../deployment/dev-clients.ts';
import { isGuid } from '../../formats/guid.ts';
import { CommandError, UsageError } from '../command.ts';
import type { AskingClient } from '../instance-client.ts';
import { dataRootOf } from '../running.ts';

export interface AdministratorValues {
  readonly administrator: string | undefined;
  readonly data: string | undefined;
}

/**
 * Object id; by default of whoever asks, who administers the instance: only they are let file a rehearsal. Where nobody is asked,
 * the dev administrator of the data directory.
 * @throws UsageError, CommandError when it cannot be known
 */
export async function administratorOf(
  { administrator, data }: AdministratorValues,
  client?: AskingClient,
): Promise<string> {
  if (administrator !== undefined) {
    if (!isGuid(administrator)) throw new UsageError('--administrator must be an object id (a GUID)');
    return administrator.toLowerCase();
  }
  const wanted = 'name an administrator of the backed-up instance with --administrator';
  if (client !== undefined) {
    return client.asker().catch((cause: unknown) => {
      throw new CommandError(`${cause instanceof Error ? cause.message : String(cause)}; ${wanted}`, { cause });
    });
  }
  try {
    return readDevClients(dataRootOf(data)).applications.admin.oid;
  } catch {
    throw new UsageError(wanted);
  }
}
