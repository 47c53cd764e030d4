// `strongroom approval …`: what waits for a second administrator, and their word on it.
import { findDataAction, isAdministrative } from '../../features/roles/data-actions.ts';
import { isGuid } from '../../formats/guid.ts';
import { having } from '../../formats/having.ts';
import { printableJson, printableLine } from '../../formats/printable.ts';
import { list, text } from '../../formats/shape.ts';
import { type Answered, asking } from '../asking.ts';
import { type Command, command, UsageError } from '../command.ts';
import { everybodyIn, knownDirectory, type NameOf, principalNames } from '../directory.ts';
import { type InstanceValues, instanceAnswerOptions, rootOf } from '../instance-client.ts';

const party = having({ oid: text }, { upn: text });
const approval = having(
  {
    id: text,
    state: text,
    description: text,
    requester: party,
    requestedOn: text,
    expiresOn: text,
    request: having({}),
  },
  { reason: text, decision: having({ by: party, on: text, reason: text }) },
);
const approvals = having({ value: list(approval) });
type Party = ReturnType<typeof party>;
type Approval = ReturnType<typeof approval>;

const answered: Answered<Approval> = {
  what: 'approval',
  read: approval,
  shown: async (answer, values) => ({ text: textOf(answer, await principalNames(rootOf(values))) }),
};
const looked: Answered<Approval> = {
  ...answered,
  shown: async (answer, values) => ({
    ...(await answered.shown(answer, values)),
    note: await warningOn(answer.request, rootOf(values)),
  }),
};
const listed: Answered<ReturnType<typeof approvals>, InstanceValues & { readonly all: boolean }> = {
  what: 'list of approvals',
  read: approvals,
  async shown({ value }, values) {
    const shown = values.all ? value : value.filter(({ state }) => state === 'pending' || state === 'approved');
    const nameOf = await principalNames(rootOf(values));
    const lines = shown.map(
      ({ id, state, description, requester, expiresOn }) =>
        `${id}  ${state} until ${expiresOn}\n  ${named(description, nameOf)} Asked for by ${who(requester)}.\n`,
    );
    return { json: shown, text: lines.length === 0 ? 'nothing waits\n' : lines.join('') };
  },
};

const one = {
  operands: 'ID',
  wants: 'give the id of one approval, as the refusal and `approval list` name it',
  options: instanceAnswerOptions,
} as const;
const decision = {
  ...one,
  needs: { reason: "say why: --reason 'TEXT'" },
  options: { 'reason TEXT': 'why; it is kept and logged', ...instanceAnswerOptions },
} as const;

export const commands: readonly Command[] = [
  command({
    name: 'approval list',
    summary: 'list what waits for a second administrator',
    details:
      'Where duties are separated. What is over is listed for 30 days with --all; the audit log has it for ever.',
    options: { all: 'also what is over', ...instanceAnswerOptions },
    examples: ['strongroom approval list --as bob', 'strongroom approval list --all --json --as az'],
    run: asking(listed, () => ['GET', '/approvals']),
  }),
  command({
    name: 'approval show',
    summary: 'show what an approval would allow',
    ...one,
    examples: ['strongroom approval show 0f9b2c1e-5d0a-4a0e-9a53-6f0d8f2f2b11 --as bob'],
    run: asking(looked, (_, [id]) => ['GET', pathOf(id)]),
  }),
  command({
    name: 'approval approve',
    summary: 'agree to what another administrator wants to do with roles',
    ...decision,
    details:
      'The requester then repeats the same request, which succeeds once. Look at it first: `strongroom approval show`.',
    examples: ["strongroom approval approve 0f9b2c1e-5d0a-4a0e-9a53-6f0d8f2f2b11 --reason 'ticket 7' --as bob"],
    run: asking(answered, ({ reason }, [id]) => ['POST', `${pathOf(id)}/approve`, { reason }]),
  }),
  command({
    name: 'approval reject',
    summary: 'refuse what another administrator wants to do with roles',
    ...decision,
    examples: ["strongroom approval reject 0f9b2c1e-5d0a-4a0e-9a53-6f0d8f2f2b11 --reason 'ticket 7' --as bob"],
    run: asking(answered, ({ reason }, [id]) => ['POST', `${pathOf(id)}/reject`, { reason }]),
  }),
  command({
    name: 'approval withdraw',
    summary: 'take back what you asked an approval for',
    ...one,
    examples: ['strongroom approval withdraw 0f9b2c1e-5d0a-4a0e-9a53-6f0d8f2f2b11 --as alice'],
    run: asking(answered, (_, [id]) => ['POST', `${pathOf(id)}/withdraw`, {}]),
  }),
];

function pathOf(id: string): string {
  if (!isGuid(id)) throw new UsageError(one.wants);
  return `/approvals/${id}`;
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

function who({ oid, upn }: Party): string {
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
  const found = directory && everybodyIn(directory).find(({ oid }) => oid === principalId.toLowerCase());
  if (found?.kind !== 'application' && found?.kind !== 'managed identity') return undefined;
  const actions = (role?.permissions ?? []).flatMap(({ dataActions = [] }) => dataActions).map(findDataAction);
  if (!actions.some((action) => action !== undefined && isAdministrative(action))) return undefined;
  return (
    `${principalId} is no person but the ${found.kind} ${found.name}: where duties are separated it has none of the ` +
    "role's administrative rights, whoever approves.\n"
  );
}
