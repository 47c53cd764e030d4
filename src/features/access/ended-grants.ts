// Grants that the caller of a refused call had held, and that had ended shortly before: what the roles as they are now say nothing of.
// They are looked for in the log, which is ours, but whose files may have been edited: what does not read is left out.

import { type LoggedCall, type LoggedCaller, readLoggedCall } from '../audit/logged-call.ts';
import { openEntries } from '../audit/read-entries.ts';
import type { DataAction } from '../roles/data-actions.ts';
import type { Roles } from '../roles/evaluate.ts';
import { effectiveActions } from '../roles/grants.ts';
import type { RoleDefinition } from '../roles/role-records.ts';
import { covers, parseScope, type Scope } from '../roles/scope.ts';

interface EndedGrant extends Omit<End, 'definition'> {
  /** Its name, where the definition is there still. */
  readonly role: string;
  /** It would have allowed the call; absent: not known. */
  readonly wouldAllow?: boolean | undefined;
}

export interface EndedGrants {
  /** Latest first, `MOST_SHOWN` at most. */
  readonly grants: readonly EndedGrant[];
  /** How many entries were looked at. */
  readonly searched: number;
  /** There are older entries, or more grants than are shown. */
  readonly gaveUp: boolean;
}

/** Entries before the call. A worker has other things to do, and what ended longer ago is a matter for whoever reads the log. */
const MOST_BEFORE = 100 * 256;
/** An end that nobody asked for is put on record soon after it, and other entries come in between. */
const MOST_AFTER = 10 * 256;
const MOST_SHOWN = 10;

/** @param action that was refused to the call at its scope @param most entries before it to look at */
export async function endedBefore(
  folder: string,
  call: LoggedCall,
  action: DataAction | undefined,
  roles: Pick<Roles, 'definition' | 'isWithheld'>,
  most: number = MOST_BEFORE,
): Promise<EndedGrants> {
  const { caller, index } = call;
  const held = new Set(caller === undefined ? [] : [caller.objectId, ...caller.groups]);
  const grants: EndedGrant[] = [];
  let searched = 0;
  for await (const entries of openEntries(folder).backwards(index + MOST_AFTER)) {
    for (const entry of entries) {
      if (entry.index < index - most || grants.length >= MOST_SHOWN) return { grants, searched, gaveUp: true };
      searched += 1;
      if (!MARKS.some((mark) => entry.bytes.includes(mark))) continue;
      const end = endIn(entry.index, entry.bytes);
      if (end === undefined || !held.has(end.through) || end.at > call.time) continue;
      const { definition, ...grant } = end;
      const role = roles.definition(definition);
      grants.push({ ...grant, role: role?.roleName ?? definition, wouldAllow: wouldAllow(role, grant.scope) });
    }
  }
  return { grants, searched, gaveUp: false };

  function wouldAllow(role: RoleDefinition | undefined, scope: string): boolean | undefined {
    const [at, of] = [scopeIn(scope), scopeIn(call.scope)];
    if (role === undefined || action === undefined || at === undefined || of === undefined) return undefined;
    const isWithheld = roles.isWithheld({ idType: caller?.type }, action);
    return effectiveActions(role).includes(action) && covers(at, of) && !isWithheld;
  }
}

// In JSON, quotes within a text have a backslash before them: these are the members and nothing that a caller sent.
const MARKS = ['RoleAssignmentDelete', 'RoleAssignmentExpire'].map((name) => Buffer.from(`"operationName":"${name}"`));

/** The sentence in which both operations name what ended; the instance writes all of it. */
const SENTENCE =
  /^Assignment ([0-9a-f-]{36}) of the role ([0-9a-f-]{36}) to ([0-9a-f-]{36}) at (\/\S*) (?:ended (\S+), as was said when it was made|was deleted)\.$/;

interface End {
  readonly assignment: string;
  readonly definition: string;
  readonly scope: string;
  /** The caller itself, or the group that it held the role through. */
  readonly through: string;
  readonly how: 'deleted' | 'expired';
  readonly at: string;
  /** Who took it away; absent: it ended by itself. */
  readonly by?: Pick<LoggedCaller, 'objectId' | 'userName'>;
}

function endIn(index: number, bytes: Buffer): End | undefined {
  const call = readLoggedCall(index, bytes);
  if (call?.code !== 'OK') return undefined;
  const [, assignment, definition, through, scope, ended] = SENTENCE.exec(call.message) ?? [];
  if (assignment === undefined || definition === undefined || through === undefined || scope === undefined) return;
  const named = { assignment, definition, through, scope };
  if (call.operation === 'RoleAssignmentExpire') {
    // Said by the clock of the instance, while calls have the time of the system: of one that was moved, it ended when that was.
    const at = call.isClockMoved ? call.time : (ended ?? '');
    return Number.isNaN(Date.parse(at)) ? undefined : { ...named, how: 'expired', at };
  }
  if (call.operation !== 'RoleAssignmentDelete' || ended !== undefined || call.caller === undefined) return undefined;
  const { objectId, userName } = call.caller;
  return { ...named, how: 'deleted', at: call.time, by: { objectId, userName } };
}

function scopeIn(path: string | undefined): Scope | undefined {
  try {
    return path === undefined ? undefined : parseScope(path);
  } catch {
    // Nothing that this HSM has written.
    return undefined;
  }
}
