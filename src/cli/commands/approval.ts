// `strongroom approval …`: what waits for a second administrator, and their word on it.
import { findByObjectId } from '../../control/directory/find-principal.ts';
import { findDataAction, isAdministrative } from '../../features/roles/data-actions.ts';
import { isGuid } from '../../formats/guid.ts';
import { printableJson, printableLine } from '../../formats/printable.ts';
import { type Answer, type Command, CommandError, command, UsageError } from '../command.ts';
import { knownDirectory, type NameOf, namesFor } from '../directory.ts';
import { type InstanceValues, instanceAnswerOptions, openInstanceClient, rootOf } from '../instance-client.ts';

const wants = 'give the id of one approval, as the refusal and `approval list` name it';
const decision = {
  operands: 'ID',
  wants,
  needs: { reason: "say why: --reason 'TEXT'" },
  options: { 'reason TEXT': 'why; it is kept and logged (required)', ...instanceAnswerOptions },
} as const;

export const commands: readonly Command[] = [
  command({
    name: 'approval list',
    summary: 'list what waits for a second administrator',
    operands: '',
    details:
      'Where duties are separated. What is over is listed for 30 days with --all; the audit log has it for ever.',
    options: { all: 'also what is over', ...instanceAnswerOptions },
    examples: ['strongroom approval list --as bob', 'strongroom approval list --all --json --as az'],
    async run(values) {
      const instance = openInstanceClient(values);
      const { value } = ((await instance.ask('GET', '/approvals')) ?? {}) as { readonly value?: unknown };
      if (!Array.isArray(value) || !value.every(isApproval)) {
        throw new CommandError(`${instance.who} answered something that is no list of approvals`);
      }
      const shown = values.all ? value : value.filter(({ state }) => state === 'pending' || state === 'approved');
      const nameOf = await namesFor(values);
      const lines = shown.map(
        ({ id, state, description, requester, expiresOn }) =>
          `${id}  ${state} until ${expiresOn}\n  ${named(description, nameOf)} Asked for by ${who(requester)}.\n`,
      );
      return { json: shown, text: lines.length === 0 ? 'nothing waits\n' : lines.join('') };
    },
  }),
  command({
    name: 'approval show',
    summary: 'show what an approval would allow',
    operands: 'ID',
    wants,
    options: instanceAnswerOptions,
    examples: ['strongroom approval show 0f9b2c1e-5d0a-4a0e-9a53-6f0d8f2f2b11 --as bob'],
    run: async (values, [id]) => {
      const { approval, answer } = await ask(values, id);
      return { ...answer, note: await warningOn(approval.request, rootOf(values)) };
    },
  }),
  command({
    name: 'approval approve',
    summary: 'agree to what another administrator wants to do with roles',
    ...decision,
    details:
      'The requester then repeats the same request, which succeeds once. Look at it first: `strongroom approval show`.',
    examples: ["strongroom approval approve 0f9b2c1e-5d0a-4a0e-9a53-6f0d8f2f2b11 --reason 'ticket 7' --as bob"],
    run: async (values, [id]) => (await ask(values, id, 'approve', { reason: values.reason })).answer,
  }),
  command({
    name: 'approval reject',
    summary: 'refuse what another administrator wants to do with roles',
    ...decision,
    examples: ["strongroom approval reject 0f9b2c1e-5d0a-4a0e-9a53-6f0d8f2f2b11 --reason 'ticket 7' --as bob"],
    run: async (values, [id]) => (await ask(values, id, 'reject', { reason: values.reason })).answer,
  }),
  command({
    name: 'approval withdraw',
    summary: 'take back what you asked an approval for',
    operands: 'ID',
    wants,
    options: instanceAnswerOptions,
    examples: ['strongroom approval withdraw 0f9b2c1e-5d0a-4a0e-9a53-6f0d8f2f2b11 --as alice'],
    run: async (values, [id]) => (await ask(values, id, 'withdraw', {})).answer,
  }),
];

/** As the service answers it; only what is shown is looked at. */
interface Approval {
  readonly id: string;
  readonly state: string;
  readonly description: string;
  readonly request: object;
  readonly requester: { readonly oid: string; readonly upn?: string };
  readonly requestedOn: string;
  readonly expiresOn: string;
  readonly reason?: string;
  readonly decision?: { readonly by: Approval['requester']; readonly on: string; readonly reason: string };
}

function isApproval(value: unknown): value is Approval {
  const { id, state, description, requester, requestedOn, expiresOn } = (value ?? {}) as Partial<Approval>;
  const texts = [id, state, description, requester?.oid, requestedOn, expiresOn];
  return texts.every((text) => typeof text === 'string');
}

/** @param verb absent: only looks */
async function ask(
  values: InstanceValues,
  id: string,
  verb?: 'approve' | 'reject' | 'withdraw',
  body?: object,
): Promise<{ readonly approval: Approval; readonly answer: Answer }> {
  if (!isGuid(id)) throw new UsageError(wants);
  const instance = openInstanceClient(values);
  const path = `/approvals/${id}`;
  const approval =
    verb === undefined ? await instance.ask('GET', path) : await instance.ask('POST', `${path}/${verb}`, body);
  if (!isApproval(approval)) throw new CommandError(`${instance.who} answered something that is no approval`);
  return { approval, answer: { json: approval, text: textOf(approval, await namesFor(values)) } };
}

function textOf(
  { id, state, description, requester, requestedOn, expiresOn, reason, decision: made, request }: Approval,
  nameOf: NameOf,
): string {
  return [
    `${id}  ${state}\n  ${named(description, nameOf)}\n`,
    `  asked for by ${who(requester)} on ${requestedOn}, good until ${expiresOn}\n`,
    reason === undefined ? '' : `  because: ${printableLine(reason)}\n`,
    made === undefined ? '' : `  decided by ${who(made.by)} on ${made.on}: ${printableLine(made.reason)}\n`,
    printableJson(request).replaceAll(/^(?=.)/gm, '  '),
  ].join('');
}

/** Ids in a sentence have the names beside them that this machine knows. */
function named(description: string, nameOf: NameOf): string {
  return printableLine(description.replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, (id) => nameOf(id)));
}

function who({ oid, upn }: Approval['requester']): string {
  return upn === undefined ? oid : `${printableLine(upn)} (${oid})`;
}

/**
 * What the instance cannot know of a grant that waits: that it is to an application, when the client left out what the principal
 * is. The development directory knows.
 */
async function warningOn(request: object, root: string | undefined): Promise<string | undefined> {
  const { operation, principalId, role } = request as {
    readonly operation?: unknown;
    readonly principalId?: unknown;
    readonly role?: { readonly permissions?: readonly { readonly dataActions?: readonly string[] }[] };
  };
  if (operation !== 'putAssignment' || typeof principalId !== 'string') return undefined;
  const directory = await knownDirectory(root);
  const found = directory === undefined ? undefined : findByObjectId(directory, principalId);
  if (found?.kind !== 'application' && found?.kind !== 'managed identity') return undefined;
  const actions = (role?.permissions ?? []).flatMap(({ dataActions = [] }) => dataActions).map(findDataAction);
  if (!actions.some((action) => action !== undefined && isAdministrative(action))) return undefined;
  const { displayName } = found.kind === 'application' ? found.application : found.identity;
  return (
    `${principalId} is no person but the ${found.kind} ${displayName}: where duties are separated it has none of the ` +
    "role's administrative rights, whoever approves.\n"
  );
}
