// `strongroom network …`: network rules, planned, set on trial, and kept or taken back.
import { readInstanceConfig } from '../../deployment/instance.ts';
import { planFor } from '../../features/access/callers.ts';
import { OPEN_NETWORK, type ProposedRules, rulesAfter } from '../../formats/network-rules.ts';
import { optionWords, ownCommand } from '../../formats/own-command.ts';
import { type Command, CommandError, command, dataOption, jsonOption, UsageError } from '../command.ts';
import { principalNames } from '../directory.ts';
import { readDuration } from '../duration.ts';
import { explained } from '../explained.ts';
import { aboutOne, hsmNameOption } from '../hsm-name.ts';
import { exchange } from '../https-exchange.ts';
import { caOption, openInstanceClient, rootOf } from '../instance-client.ts';
import { instanceFolder } from '../instance-folder.ts';
import { type ManagedHsmClient, managementOptions, openManagedHsm } from '../management-client.ts';
import { type Plan, planText } from './network/plan-text.ts';
import { ruleOptions, rulesOf } from './network/rule-options.ts';

export const commands: readonly Command[] = [
  command({
    name: 'network plan',
    summary: 'list who would be cut off by proposed network rules',
    ...aboutOne,
    details: `
Every place that somebody called from in the last days, with a token that held, is judged by the proposed rules as the
data plane would judge it. The log of the data directory is read, whether the service runs or not; with --url the
instance reads its own (its newest 102,400 entries) and judges the address you call from, too. Nothing is changed.
The exit code is 1 when somebody would be cut off. Who has not called in that time is not listed.`,
    options: {
      ...hsmNameOption,
      'days N (30)': 'how far back callers are looked for',
      ...ruleOptions,
      ...dataOption,
      'url URL': 'instead of --data: https://HOST of the instance; $AZURE_CLIENT_ID … say who asks, else az',
      ...caOption,
      ...jsonOption,
    },
    examples: [
      'strongroom network plan dev --allow 10.20.0.0/16 --allow 2001:db8::/32 --default deny',
      'strongroom network plan fin-prod-mhsm --days 90 --rules rules.json --json',
    ],
    async run(values) {
      if (!/^[1-9]\d{0,3}$/.test(values.days) || Number(values.days) > 3_650) {
        throw new UsageError('--days is 1 to 3650');
      }
      const days = Number(values.days);
      const rules = rulesOf(values);
      const { 'hsm-name': name, data, url, ca } = values;
      if (ca !== undefined && url === undefined) throw new UsageError('--ca goes with --url');
      const ask = (): Promise<unknown> =>
        openInstanceClient(values).ask('POST', '/access/network-plan?api-version=7.6', { days, rules });
      const plan = url === undefined ? await planFromLog(data, name, rules, days) : ((await ask()) as Plan);
      const exit = plan.cutOff.length > 0 || plan.you?.isCutOff === true ? 1 : 0;
      return { json: plan, text: planText(plan, days, await principalNames(rootOf(values))), exit };
    },
  }),
  command({
    name: 'network apply',
    summary: 'set network rules on trial: they go back unless they are confirmed in time',
    ...aboutOne,
    details: `
The rules are in force when the command ends. The service itself takes them back at the deadline, whatever becomes of this
shell or of its own processes, unless 'strongroom network confirm' is given before. Try them with 'strongroom network plan'
first; what the rules leave out stays as it is. Without a deadline, at once and for good: az keyvault update-hsm.`,
    options: {
      ...hsmNameOption,
      ...ruleOptions,
      'confirm-within TIME (10m)': 'how long there is to confirm: 10s to 24h',
      ...managementOptions,
      ...jsonOption,
    },
    examples: ['strongroom network apply dev --allow 10.20.0.0/16 --default deny --confirm-within 10m'],
    async run(values) {
      const { 'hsm-name': name, data, arm, ca } = values;
      const confirmWithinSeconds = readDuration(values['confirm-within']);
      if (confirmWithinSeconds < 10 || confirmWithinSeconds > 86_400) {
        throw new UsageError('--confirm-within is 10s to 24h');
      }
      const rules = rulesOf(values);
      const hsm = await openManagedHsm(values, name);
      const trial = (await hsm.ask('PUT', '/networkTrial', { rules, confirmWithinSeconds })) as {
        readonly id: string;
        readonly until: string;
      };
      const confirm = ownCommand(`network confirm ${name}${optionWords({ data, arm, ca })}`);
      const text = `The rules are in force. They go back at ${trial.until} unless you confirm them:\n  ${confirm}\n`;
      return { json: trial, text };
    },
  }),
  command({
    name: 'network confirm',
    summary: 'keep the network rules that are on trial',
    ...aboutOne,
    details: `
Before it confirms, the command calls the data plane from here: when the rules on trial turn that call away, nothing is
confirmed. --from-elsewhere leaves that out, for the administrator whose machine is not meant to be let in. It is for those
who may change the HSM in the management plane; no role inside the HSM is needed.`,
    options: {
      ...hsmNameOption,
      'from-elsewhere': 'do not try whether this machine is let in',
      ...managementOptions,
    },
    examples: ['strongroom network confirm dev'],
    async run(values) {
      const hsm = await openManagedHsm(values, values['hsm-name']);
      if (!values['from-elsewhere']) await checkLetIn(hsm);
      await hsm.ask('POST', '/networkTrial/confirm');
      return 'The network rules are confirmed; they stay.\n';
    },
  }),
  command({
    name: 'network revert',
    summary: 'take back the network rules that are on trial, before their deadline',
    ...aboutOne,
    options: { ...hsmNameOption, ...managementOptions },
    examples: ['strongroom network revert dev'],
    async run(values) {
      await (await openManagedHsm(values, values['hsm-name'])).ask('DELETE', '/networkTrial');
      return 'The network rules of before are back.\n';
    },
  }),
];

function planFromLog(data: string | undefined, name: string, proposed: ProposedRules, days: number): Promise<Plan> {
  const { at } = instanceFolder(data, name);
  const { network = OPEN_NETWORK } = explained(() => readInstanceConfig(at.config), { Error: '', system: '' });
  return planFor(at.audit, rulesAfter(network, proposed), days, Date.now());
}

/**
 * Confirmed from where the rules let nobody through, it would be worth nothing. A request without a token: rules are judged
 * before it, so nobody's rights matter. No answer is no proof either.
 */
async function checkLetIn({ hsmUri, route }: ManagedHsmClient): Promise<void> {
  const unconfirmed = 'nothing was confirmed. --from-elsewhere confirms all the same.';
  const url = `${new URL(hsmUri).origin}/keys?api-version=7.6`;
  const { status, text } = await exchange(route, { url }).catch((error: unknown) => {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(`${error.message}; ${unconfirmed}`, { cause: error });
  });
  if (status === 401) return;
  throw new CommandError(
    status === 403
      ? `the rules on trial do not let this machine in; ${unconfirmed} ${text.slice(0, 300)}`
      : `the data plane answered ${status}; ${unconfirmed}`,
  );
}
