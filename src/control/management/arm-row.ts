// What the rows of the resource manager stand on, and how each is written: api-version, token and role are checked before its
// handler runs.
import { ShapeError } from '../../formats/shape.ts';
import {
  type Authenticate,
  type ControlAnswer,
  type ControlCaller,
  ControlError,
  type ControlMethod,
  type ControlRequest,
  type ControlRow,
} from '../../http/control-row.ts';
import type { InstanceHost } from '../../links/instance-host.ts';
import { ANY_ACTION, authorize, type Demand } from './access/authorize.ts';
import type { HsmLifecycle } from './hsm/hsm-lifecycle.ts';
import type { NewHsmRules } from './hsm/hsm-rules.ts';
import type { RoleAssignment } from './resources.ts';
import type { ResourceStore } from './resources-file.ts';

export interface Management {
  readonly book: ResourceStore;
  readonly lifecycle: HsmLifecycle;
  readonly host: InstanceHost;
  readonly authenticate: Authenticate;
  /** Looks an object id up in the directory. */
  readonly findPrincipal: (
    oid: string,
  ) => { readonly type: RoleAssignment['principalType']; readonly groups: readonly string[] } | undefined;
  /** Who is not found there may exist all the same: then the request says what it is. */
  readonly isDirectoryElsewhere: boolean;
  readonly newHsms: NewHsmRules;
  readonly askInstance: AskInstance;
  /** Resource ids of the sinks that the configuration lists: what a diagnostic setting may name. */
  readonly destinations: readonly string[];
  /** The directory's domain, shown for the tenant. */
  readonly domain: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * How the management plane reaches keys: it does not. It hands the caller's own request and token to the instance, which judges both
 * by itself: its setting, the caller's local role, the token's signature. Undefined: the instance does not serve now.
 */
export type AskInstance = (question: {
  /** Lower-case name of the HSM. */
  readonly hsm: string;
  readonly method: 'GET' | 'PUT';
  /** Path and query. */
  readonly path: string;
  /** The caller's own header, handed on as it came. */
  readonly authorization: string;
  readonly body?: unknown;
}) => Promise<InstanceAnswer | undefined>;
export interface InstanceAnswer {
  readonly status: number;
  readonly json: unknown;
}

export type Handle = (request: ControlRequest, caller: ControlCaller) => ControlAnswer | Promise<ControlAnswer>;
export type MakeRow = (method: ControlMethod, path: string, demand: string | Demand, handle: Handle) => ControlRow;

export const SUBSCRIPTION = '/subscriptions/:subscription';
export const GROUP = `${SUBSCRIPTION}/resourceGroups/:group`;
export const KEY_VAULT = 'providers/Microsoft.KeyVault';
export const HSM = `${GROUP}/${KEY_VAULT}/managedHSMs/:name`;
/** Of an empty list, and of what is the same for all, everybody sees everything. */
export const ANYWHERE = { action: ANY_ACTION, at: 'anywhere' } as const;

/** @param demanded gets the action that each row asks a role for */
export function rowMaker({ book, authenticate }: Management, demanded: Set<string>): MakeRow {
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
