// How the approval commands show an approval, and what they have in common.
import { printableJson, printableLine } from '../../../formats/printable.ts';
import { CommandError, jsonOption, type Terminal, UsageError } from '../../command.ts';
import { type InstanceClient, instanceOptions } from '../../instance-client.ts';
import type { NameOf } from '../access/principal-names.ts';

export const approvalOptions = { ...instanceOptions, ...jsonOption } as const;

/** As the service answers it; only what is shown is looked at. */
export interface ShownApproval {
  readonly id: string;
  readonly state: string;
  readonly description: string;
  readonly request: object;
  readonly requester: { readonly oid: string; readonly upn?: string };
  readonly requestedOn: string;
  readonly expiresOn: string;
  readonly reason?: string;
  readonly decision?: { readonly by: ShownApproval['requester']; readonly on: string; readonly reason: string };
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @throws UsageError */
export function readId(operands: readonly string[]): string {
  const [id, ...more] = operands;
  if (id === undefined || more.length > 0 || !GUID.test(id)) {
    throw new UsageError('give the id of one approval, as the refusal and `approval list` name it');
  }
  return id;
}

export async function askApproval(
  instance: InstanceClient,
  id: string,
  verb?: 'approve' | 'reject' | 'withdraw',
  body: object = {},
): Promise<ShownApproval> {
  const shown =
    verb === undefined
      ? await instance.ask('GET', `/approvals/${id}`)
      : await instance.ask('POST', `/approvals/${id}/${verb}`, body);
  if (!isShown(shown)) throw new CommandError(`${instance.who} answered something that is no approval`);
  return shown;
}

export function isShown(value: unknown): value is ShownApproval {
  const { id, state, description, requester, requestedOn, expiresOn } = (value ?? {}) as Partial<ShownApproval>;
  const texts = [id, state, description, requester?.oid, requestedOn, expiresOn];
  return texts.every((text) => typeof text === 'string');
}

/** Ids in a sentence have the names beside them that this machine knows. */
export function named(description: string, nameOf: NameOf): string {
  return printableLine(description.replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, (id) => nameOf(id)));
}

export function printApproval(
  approval: ShownApproval,
  json: boolean,
  terminal: Terminal,
  nameOf: NameOf = (id) => id,
): void {
  if (json) {
    terminal.out(printableJson(approval));
    return;
  }
  const { id, state, description, requester, requestedOn, expiresOn, reason, decision, request } = approval;
  terminal.out(`${id}  ${state}\n  ${named(description, nameOf)}\n`);
  terminal.out(`  asked for by ${who(requester)} on ${requestedOn}, good until ${expiresOn}\n`);
  if (reason !== undefined) terminal.out(`  because: ${printableLine(reason)}\n`);
  if (decision !== undefined) {
    terminal.out(`  decided by ${who(decision.by)} on ${decision.on}: ${printableLine(decision.reason)}\n`);
  }
  terminal.out(printableJson(request).replaceAll(/^(?=.)/gm, '  '));
}

export function who({ oid, upn }: ShownApproval['requester']): string {
  return upn === undefined ? oid : `${printableLine(upn)} (${oid})`;
}
