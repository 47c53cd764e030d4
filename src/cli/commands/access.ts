// `strongroom access …`: who may do what, and why a call was refused.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { places } from '../../deployment/data-layout.ts';
import { readRunningState } from '../../deployment/running-state.ts';
import { type EndedGrants, endedBefore } from '../../features/access/ended-grants.ts';
import { findCall } from '../../features/access/find-entry.ts';
import { type AccessReport, causeOf, reportOnCall } from '../../features/access/report.ts';
import type { LoggedCall } from '../../features/audit/logged-call.ts';
import { builtInRoles } from '../../features/roles/built-in-roles.ts';
import { dataActions, findDataAction, isAdministrative } from '../../features/roles/data-actions.ts';
import { isGuid } from '../../formats/guid.ts';
import { optionWords, ownCommand } from '../../formats/own-command.ts';
import { type Command, CommandError, command, jsonOption, UsageError } from '../command.ts';
import { checkObjectId, knownDirectory, principalNames } from '../directory.ts';
import {
  AnswerError,
  type InstanceClient,
  type InstanceValues,
  instanceOptions,
  openInstanceClient,
  readAnswer,
  rootOf,
} from '../instance-client.ts';
import { nearest } from '../nearest.ts';
import { accessText } from './access/access-text.ts';
import { whoAnswer, whoText } from './access/who-text.ts';
import { logFolder } from './audit/log-folder.ts';

export const commands: readonly Command[] = [
  command({
    name: 'access explain',
    summary: 'say why a call was refused, and which role would do',
    operands: 'TRACE',
    wants: 'name one trace (a GUID)',
    details: `
TRACE is the id that the refusal carries as x-strongroom-trace, as x-ms-request-id and in its text as Activity ID. The
call is found in the log; the grants are judged by the roles as they are now. Whoever asks must hold
settings/read or roleAssignments/write at '/'.

At the machine itself entries of any age are found. With --log, or where nothing runs, only the log is read: it tells who
called, where from and what refused it, but not what the roles say, which are sealed.`,
    options: {
      ...instanceOptions,
      'log FOLDER': "only read this log's folder, and ask no instance",
      ...jsonOption,
    },
    examples: [
      'strongroom access explain 5c1cf3a2-9be3-4f5c-a1a0-4d5d7e1f8f2b',
      'strongroom access explain 5c1cf3a2-9be3-4f5c-a1a0-4d5d7e1f8f2b --url https://fin-prod-mhsm.example.com --json',
    ],
    async run(values, [trace], terminal) {
      if (!isGuid(trace)) throw new UsageError('name one trace (a GUID)');
      const { log } = values;
      if (log !== undefined && values.as !== undefined) {
        throw new UsageError('--log asks no instance: it takes no --as');
      }
      const root = log === undefined ? rootOf(values) : undefined;
      const report = await explain(values, trace, root, (what) => terminal.err(`${what}.\n`));
      return { json: report, text: accessText(report, await principalNames(root)) };
    },
  }),
  command({
    name: 'access check',
    summary: 'say whether a principal may do something, by which grant, or which role would do',
    details: `
Judged by the roles as they are now, without a call of that principal. Of groups only those named with --groups count, as
only those in its token would. Network rules, the key's own rules and activation are not looked at. Whoever asks must
hold roleAssignments/read at the scope, and is shown the grants that it could list. The exit code is 0 when it is allowed,
1 when it is not.`,
    options: {
      'who OID': 'object id of the principal',
      'groups OID...': 'a group in its token; may be repeated',
      'type app|user': 'what it is: applications may have less',
      'action ACTION': 'data action, or an operation as audit show names it',
      'scope SCOPE (/)': '/, /keys or /keys/NAME',
      ...instanceOptions,
      ...jsonOption,
    },
    needs: { who: '--who and --action are needed', action: '--who and --action are needed' },
    examples: [
      'strongroom access check --who 5c1cf3a2-9be3-4f5c-a1a0-4d5d7e1f8f2b --action KeyUnwrap --scope /keys/tde-root-key',
      'strongroom access check --who 5c1cf3a2-9be3-4f5c-a1a0-4d5d7e1f8f2b --action keys/unwrap/action --scope /keys/tde-root-key',
    ],
    async run(values) {
      const { who, groups, type, action, scope } = values;
      if (!isScope(scope)) {
        const meant = isScope(`/${scope}`) ? `, not '${scope}': did you mean /${scope}?` : '';
        throw new UsageError(`--scope is /, /keys or /keys/NAME${meant}`);
      }
      const root = rootOf(values);
      await checkObjectId('--who', who, root);
      for (const group of groups) await checkObjectId('--groups', group, root);
      checkDataAction(action);
      const asked = { principalId: who, groups, dataAction: action, ...(type === undefined ? {} : { type }) };
      const report = await check(openInstanceClient(values), scope, asked).catch((error: unknown) => {
        const isUnknown = error instanceof AnswerError && error.message.includes("Property 'dataAction'");
        throw isUnknown ? noSuchAction(action) : error;
      });
      const exit = report.explanation?.decision === 'allow' ? 0 : 1;
      return { json: report, text: accessText(report, await principalNames(root)), exit };
    },
  }),
  command({
    name: 'access who',
    summary: 'list who could use a key: by which role, since and until when, when last, and what is more than was used',
    details: `
Every assignment in force that covers the key, that of groups included. Whoever asks must hold roleAssignments/read at the
key, or the role Strongroom Auditor; when it was used is shown to who may read the log. A grant is unused where nobody was let in by it in the days
looked at, and broader than used where a narrower role, or scope, would have done for all that it was used for anywhere.`,
    options: {
      'key NAME': 'the key',
      'days N (90)': 'how far back use is looked for',
      all: 'also who can read, change or delete the key, and not use it',
      ...instanceOptions,
      ...jsonOption,
    },
    needs: { key: '--key is needed: the name of a key' },
    examples: [
      'strongroom access who --key tde-root-key',
      'strongroom access who --key tde-root-key --days 365 --json',
    ],
    async run(values) {
      const { key, days, all } = values;
      if (!/^[0-9a-zA-Z-]{1,127}$/.test(key)) throw new UsageError('--key is the name of a key');
      if (!/^[1-9]\d{0,3}$/.test(days)) throw new UsageError('--days is a whole number above 0');
      const root = rootOf(values);
      const client = openInstanceClient(values);
      const path = `/access/who/keys/${key}?api-version=7.6&days=${days}`;
      const json = readAnswer(await client.ask('GET', path), client.who, 'list of who could use a key', whoAnswer);
      return { json, text: whoText(json, await principalNames(root), await membersIn(root), all) };
    },
  }),
];

/** Of groups of the development directory, where it is here: elsewhere the issuer alone knows. */
async function membersIn(root: string | undefined): Promise<(group: string) => readonly string[]> {
  const { groups = [] } = (await knownDirectory(root)) ?? {};
  const known = new Map(groups.map(({ oid, members }) => [oid, members]));
  return (group) => known.get(group) ?? [];
}

async function check(client: InstanceClient, scope: string, asked: object): Promise<AccessReport> {
  const below = scope === '/' ? '' : scope;
  return (await client.ask('POST', `/access/check${below}?api-version=7.6`, asked)) as AccessReport;
}

function isScope(text: string): boolean {
  return /^\/(keys(\/[0-9a-zA-Z-]{1,127})?)?$/.test(text);
}

const PREFIX = 'Microsoft.KeyVault/managedHsm/';

/**
 * As people write them: with or without what all of them begin with, or by an operation's name as the log has it.
 * @throws UsageError
 */
function checkDataAction(given: string): void {
  if ((findDataAction(given) ?? findDataAction(PREFIX + given)) !== undefined) return;
  // `KeyDecrypt`: which there are, the instance knows.
  if (/^[A-Z][A-Za-z]+$/.test(given)) return;
  throw noSuchAction(given);
}

function noSuchAction(given: string): UsageError {
  const short = (action: string): string => (action.startsWith(PREFIX) ? action.slice(PREFIX.length) : action);
  // Operations with keys go by their action: `KeyUnwrap` needs `keys/unwrap/action`.
  const operation = (action: string): string =>
    action.replace(/^keys\/(\w)(\w+)\/action$/, (_, first: string, rest: string) => `Key${first.toUpperCase()}${rest}`);
  const actions = dataActions.map(short);
  const spelled = new Map(actions.flatMap((each) => [operation(each), each].map((name) => [name, each] as const)));
  const meant = spelled.get(nearest(short(given), spelled.keys()) ?? '');
  return new UsageError(
    `--action: there is no data action and no operation '${given.slice(0, 100)}'` +
      (meant === undefined ? '' : ` (did you mean ${meant}?)`) +
      '; docs/guide/roles.md lists data actions, and audit show names operations',
  );
}

/** @param root the data directory with the logs of all instances, where there is one here */
async function explain(
  values: InstanceValues & { readonly log: string | undefined },
  trace: string,
  root: string | undefined,
  say: (what: string) => void,
): Promise<AccessReport> {
  if (values.log !== undefined || (root !== undefined && readRunningState(root) === undefined)) {
    const folder = logFolder(values);
    say(`Only the log in ${folder} is read; the roles are not asked`);
    return fromLog(folder, trace, values, root);
  }
  const client = openInstanceClient(values);
  try {
    return (await client.ask('GET', `/access/explanations/${trace}?api-version=7.6`)) as AccessReport;
  } catch (error) {
    if (!(error instanceof AnswerError) || root === undefined) throw error;
    const isKeptOut = error.innerCode === 'ForbiddenByFirewall';
    // The log has, too, what is too old for the instance to look at.
    if (error.status !== 404 && !isKeptOut) throw error;
    const { audit } = places(root).instance(values['hsm-name']);
    if (isKeptOut) say(`Network rules keep this machine out, so only the log in ${audit} is read`);
    return fromLog(audit, trace, values, root, isKeptOut ? undefined : client);
  }
}

/** @param client asked what the roles say */
async function fromLog(
  folder: string,
  trace: string,
  { data, 'hsm-name': instance }: InstanceValues,
  root: string | undefined,
  client?: InstanceClient,
): Promise<AccessReport> {
  const { call, searched } = await findCall(folder, trace);
  if (call === undefined) {
    const option = root === undefined ? undefined : await optionForTrace(root, trace, instance);
    if (option !== undefined) {
      const own = ownCommand(`access explain ${trace} ${option}${optionWords({ data })}`);
      throw new CommandError(`the trace ${trace} is not of '${instance}' but of another instance: ${own}`);
    }
    throw new CommandError(
      `no call with the trace ${trace} is among the ${searched} entries of the log; calls to an HSM that is locked, and ` +
        "to the management plane, are not in it (the latter are in the control process's own log)",
    );
  }
  const { caller, dataAction, scope } = call;
  const ended = causeOf(call) === 'NoRole' ? { ended: await endedIn(folder, call) } : {};
  if (client === undefined || caller === undefined || scope === undefined || causeOf(call) !== 'NoRole') {
    return reportOnCall(call, { instance, ...ended });
  }
  const { objectId, groups, groupsLeftOut, type } = caller;
  const asked = { principalId: objectId, groups, groupsLeftOut, dataAction, ...(type === undefined ? {} : { type }) };
  const { explanation } = await check(client, scope, asked);
  return reportOnCall(call, { instance, ...ended, ...(explanation === undefined ? {} : { explanation }) });
}

/** Custom roles are sealed: of the built-in ones alone it is known here what they allow. */
async function endedIn(folder: string, call: LoggedCall): Promise<EndedGrants> {
  return endedBefore(folder, call, findDataAction(call.dataAction ?? ''), {
    definition: (name) => builtInRoles.find((role) => role.name === name),
    // Whether duties are separated is not known here: better too little is said.
    isWithheld: ({ idType }, action) => idType === 'app' && isAdministrative(action),
  });
}

/**
 * A trace says nothing of the instance that it is of: where it is not in one log, the others of the data directory are looked at.
 * @returns the option that names the log that has the call; undefined: none has it
 */
async function optionForTrace(root: string, trace: string, except: string): Promise<string | undefined> {
  const at = places(root);
  const logs = [
    ...namesIn(at.instances).map((name) => ({ folder: at.instance(name).audit, option: `--hsm-name ${name}` })),
    ...namesIn(at.purged).map((id) => ({
      folder: join(at.purged, id),
      option: optionWords({ log: join(at.purged, id) }).trim(),
    })),
  ].filter(({ folder, option }) => option !== `--hsm-name ${except}` && existsSync(join(folder, 'journal')));
  for (const { folder, option } of logs) {
    // A log that does not read is another command's to report.
    const found = await findCall(folder, trace).catch(() => undefined);
    if (found?.call !== undefined) return option;
  }
  return undefined;
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
