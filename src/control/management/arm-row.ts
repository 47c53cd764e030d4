// Writes a row of the resource manager: api-version, token and role are checked before its handler runs.

import { ShapeError } from '../../formats/shape.ts';
import type {
  Authenticate,
  ControlAnswer,
  ControlCaller,
  ControlMethod,
  ControlRequest,
  ControlRow,
} from '../../http/control-row.ts';
import { ControlError } from '../../http/control-row.ts';
import { ANY_ACTION, authorize, checkApiVersion, type Demand } from './access/authorize.ts';
import type { ResourceStore } from './resources-file.ts';

export type Handle = (request: ControlRequest, caller: ControlCaller) => ControlAnswer | Promise<ControlAnswer>;
export type MakeRow = (method: ControlMethod, path: string, demand: string | Demand, handle: Handle) => ControlRow;

export const SUBSCRIPTION = '/subscriptions/:subscription';
export const GROUP = `${SUBSCRIPTION}/resourceGroups/:group`;
export const KEY_VAULT = 'providers/Microsoft.KeyVault';
export const HSM = `${GROUP}/${KEY_VAULT}/managedHSMs/:name`;

/** @param demanded gets the action that each row asks a role for */
export function rowMaker(book: ResourceStore, authenticate: Authenticate, demanded: Set<string>): MakeRow {
  return (method, path, demand, handle) => {
    const wanted = typeof demand === 'string' ? { action: demand } : demand;
    demanded.add(wanted.action);
    // As in Azure's activity log: what only looks is on no record.
    const isRecorded = wanted.action !== ANY_ACTION && !wanted.action.endsWith('/read');
    return {
      host: 'arm',
      method,
      path,
      ...(isRecorded ? { operationName: wanted.action } : {}),
      body: method === 'PUT' || method === 'PATCH' || method === 'POST' ? 'json' : 'none',
      async handle(request) {
        checkApiVersion(request);
        const caller = await authorize(authenticate, () => book.current, request, wanted);
        try {
          return await handle(request, caller);
        } catch (cause) {
          // What a reader of bodies refuses names the member.
          if (!(cause instanceof ShapeError)) throw cause;
          throw new ControlError(400, 'BadRequest', cause.message, { cause });
        }
      },
    };
  };
}
