// `strongroom access explain`: why one call was refused, from its trace.

import { places } from '../../../deployment/data-layout.ts';
import { readRunningState } from '../../../deployment/running-state.ts';
import type { EndedGrants } from '../../../features/access/ended-grants.ts';
import { endedBefore } from '../../../features/access/ended-grants.ts';
import { findCall } from '../../../features/access/find-entry.ts';
import type { LoggedCall } from '../../../features/access/logged-call.ts';
import type { AccessReport } from '../../../features/access/report.ts';
import { causeOf, reportOnCall } from '../../../features/access/report.ts';
import { isAdministrative } from '../../../features/roles/administrative.ts';
import { builtInRoles } from '../../../features/roles/built-in-roles.ts';
import { findDataAction } from '../../../features/roles/data-actions.ts';
import { isGuid } from '../../../formats/guid.ts';
import { optionWords, ownCommand } from '../../../formats/own-command.ts';
import { printableJson } from '../../../formats/printable.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { AnswerError, type InstanceClient, instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { dataRootOf } from '../../running.ts';
import { logFolder } from '../audit/log-folder.ts';
import { accessText } from './access-text.ts';
import { optionForTrace } from './other-logs.ts';
import { principalNames } from './principal-names.ts';

export const explain = command({
  name: 'access explain',
  summary: 'say why a call was refused, and which role would do',
  operands: 'TRACE',
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
  async run(values, operands, terminal) {
    const [trace, spare] = operands;
    if (trace === undefined || spare !== undefined || !isGuid(trace)) throw new UsageError('name one trace (a GUID)');
    const local = values.url === undefined && values.log === undefined;
    const root = local ? dataRootOf(values.data) : undefined;
    const instance = values['hsm-name'];
    let report: AccessReport;
    if (values.log !== undefined && values.as !== undefined) {
      throw new UsageError('--log asks no instance: it takes no --as');
    }
    if (values.log !== undefined || (root !== undefined && readRunningState(root) === undefined)) {
      const folder = logFolder(values);
      terminal.err(`Only the log in ${folder} is read; the roles are not asked.\n`);
      report = await fromLog(folder, trace, instance, { root, data: values.data });
    } else {
      const client = openInstanceClient(values);
      report = await fromInstance(client, trace, async (roles) => {
        if (root === undefined) return undefined;
        const { audit } = places(root).instance(instance);
        if (roles === 'unreachable')
          terminal.err(`Network rules keep this machine out, so only the log in ${audit} is read.\n`);
        const beside = { root, data: values.data, ...(roles === 'unreachable' ? {} : { client }) };
        return fromLog(audit, trace, instance, beside);
      });
    }
    if (values.json) terminal.out(printableJson(report));
    else terminal.out(accessText(report, await principalNames(root)));
    return 0;
  },
});

/** @param byLog finds what is too old for the instance to look at, and what its network rules keep from this machine */
async function fromInstance(
  client: InstanceClient,
  trace: string,
  byLog: (roles: 'asked' | 'unreachable') => Promise<AccessReport | undefined>,
): Promise<AccessReport> {
  try {
    return (await client.ask('GET', `/access/explanations/${trace}?api-version=7.6`)) as AccessReport;
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
    const isKeptOut = error.innerCode === 'ForbiddenByFirewall';
    if (error.status !== 404 && !isKeptOut) throw error;
    const found = await byLog(isKeptOut ? 'unreachable' : 'asked');
    if (found === undefined) throw error;
    return found;
  }
}

interface Beside {
  /** Data directory with the logs of other instances. */
  readonly root: string | undefined;
  /** As it was named. */
  readonly data: string | undefined;
  /** Asked what the roles say. */
  readonly client?: InstanceClient;
}

/** @throws CommandError when the log has no such call */
async function fromLog(
  folder: string,
  trace: string,
  instance: string,
  { root, data, client }: Beside,
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
  const below = scope === '/' ? '' : scope;
  const { explanation } = (await client.ask('POST', `/access/check${below}?api-version=7.6`, asked)) as AccessReport;
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
