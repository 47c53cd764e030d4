// A route row: everything about one operation in one place. What has no row does not exist. Handlers get typed input
// and return a value; they never see headers, sockets or status codes of the transport.
import type { OperationName } from '../formats/operation-names.ts';
import type { Commit, Head } from '../store/sealed/records.ts';
import type { Detail } from './entry-detail.ts';
import type { Principal } from './principal.ts';

/** Where the data action must be held: `/`, `/keys`, or `/keys/{name}` of the path parameter `name`. */
export type RowScope = 'root' | 'keys' | 'key';

/**
 * An instance answers under names of a managed HSM and, where that is switched on, under those of a vault, and under one for
 * requests that the resource manager hands on.
 */
export type HostKind = 'hsm' | 'vault' | 'arm';

export interface RowRequest<Body> {
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: ReadonlyMap<string, string>;
  readonly apiVersion: string;
  readonly body: Body;
  /** `https://{authority}` under which the client reached us; what identifiers in the answer begin with. */
  readonly origin: string;
  /** The same, spelled as the client did: a poll address in another spelling makes clients send their first request again. */
  readonly spelledOrigin: string;
  /** Which kind of name that is: under a vault's, keys look as a vault shows them. */
  readonly names: HostKind;
  /** The absolute URL as sent, for messages. */
  readonly url: string;
  readonly principal: Principal;
  /** Where the connection comes from, as network rules see it: for what is about exactly that. */
  readonly peer: { readonly address: string; readonly way: 'public' | 'direct' | { readonly private: string } };
  /** Id of the role assignment that lets the caller do this. */
  readonly grant: string;
  /**
   * The one way to change anything. Judges the caller's right again on the very state that the plan is made on, before it
   * is, so that whoever was revoked meanwhile changes nothing.
   */
  readonly commit: Commit;
  /** Read when it is asked for. @throws ServiceError BadParameter when it does not read */
  readonly grantHeaders: () => GrantHeaders;
}

/** What a caller says about a request beside its body; who uses it checks it. */
export interface GrantHeaders {
  /** Why it is made. */
  readonly reason?: string;
  /** Until when what it makes shall hold. */
  readonly expires?: string;
}

export interface Answer {
  readonly status: number;
  /** Serialised as JSON; a string is JSON text already. Absent: no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the record: what the operator should know of an operation that was carried out. */
  readonly note?: string;
  /** For the record: what came of it, where that is more than what was asked for. */
  readonly detail?: Detail;
  /** For the record: the key version used. */
  readonly key?: string;
  /** For the record: the store head after a commit. */
  readonly head?: Head;
}

/** Weight of what keeps a partition busy for long: nobody has two of those at work while others ask. */
export const HEAVIEST = 8;

export interface Row<Body = never> {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** find-my-way syntax; matched without regard to case. */
  readonly path: string;
  readonly since?: string;
  readonly until?: string;
  readonly operationName: OperationName;
  readonly dataAction: string;
  readonly scope: RowScope;
  /** Of callers without a role for it: why this one may all the same. The text is put on record as the grant. */
  readonly alsoAllows?: (
    params: Readonly<Record<string, string | undefined>>,
    principal: Principal,
  ) => string | undefined;
  /** `any`: also before activation. */
  readonly activation: 'any' | 'active';
  /** Answered while a full restore replaces everything; all other rows are not. */
  readonly duringRestore?: true;
  /** Reads the parsed JSON body, or absent: the operation takes none and what is sent is not looked at. */
  readonly readBody?: (body: JsonObject) => Body;
  readonly bodyLimit?: number;
  /**
   * For the record: what is asked for, once the body was read. Refusals have it, and answers that say nothing of their own.
   * Throws for nothing that `readBody` lets pass.
   */
  readonly asked?: (request: Pick<RowRequest<Body>, 'params' | 'body'>) => Detail;
  /**
   * How long it keeps the module from everything else, in RSA-2048 signatures, and no more than `HEAVIEST`: callers take turns with it. Absent, or 0: not worth
   * a turn. Throws for nothing: what cannot be told is refused by `handle`.
   */
  readonly weight?: (request: Pick<RowRequest<Body>, 'params' | 'body'>) => number;
  /** May be carried out twice without harm. */
  readonly repeatable: boolean;
  readonly handle: (request: RowRequest<Body>) => Answer | Promise<Answer>;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** A row with its body type forgotten, as the router keeps it. */
export type AnyRow = Row<unknown>;

/** What a row need not say: nothing is served before activation, and whatever reads may be repeated. */
type Unsaid = 'activation' | 'repeatable';

/** Writes a row; the body type follows from `readBody`. */
export function row<Body = undefined>(definition: Omit<Row<Body>, Unsaid> & Partial<Pick<Row<Body>, Unsaid>>): AnyRow {
  return { activation: 'active', repeatable: definition.method === 'GET', ...definition } as unknown as AnyRow;
}
