// `strongroom network plan`: whom proposed network rules would cut off, told from who has called lately.

import { readInstanceConfig } from '../../../deployment/read-instance.ts';
import type { CutOff } from '../../../features/access/callers.ts';
import { callersSince, cutOffBy } from '../../../features/access/callers.ts';
import { type NetworkRules, OPEN_NETWORK, type ProposedRules, rulesAfter } from '../../../formats/network-rules.ts';
import { printableJson } from '../../../formats/printable.ts';
import { CommandError, command, dataOption, jsonOption, UsageError } from '../../command.ts';
import { hsmNameOf, hsmNameOption } from '../../hsm-name.ts';
import { caOption, instanceOf, openInstanceClient } from '../../instance-client.ts';
import { instanceFolder } from '../../instance-folder.ts';
import { dataRootOf } from '../../running.ts';
import { principalNames } from '../access/principal-names.ts';
import { planText } from './plan-text.ts';
import { ruleOptions, rulesOf } from './rule-options.ts';

interface Plan {
  readonly since: string;
  readonly entries: number;
  /** False: there are older entries of that time that were not looked at. */
  readonly complete: boolean;
  readonly rules: NetworkRules;
  /** Absent: the log alone was read, so nothing is known of who asks. */
  readonly you?: {
    readonly objectId: string;
    readonly address: string;
    readonly networkPath: string;
    readonly isCutOff: boolean;
  };
  readonly cutOff: readonly CutOff[];
  /** Places that called and would still be let in. */
  readonly admitted: number;
}

export const plan = command({
  name: 'network plan',
  summary: 'list who would be cut off by proposed network rules',
  operands: 'NAME',
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
  async run(values, operands, terminal) {
    const name = hsmNameOf(values['hsm-name'], operands);
    if (!/^[1-9]\d{0,3}$/.test(values.days) || Number(values.days) > 3_650) throw new UsageError('--days is 1 to 3650');
    const days = Number(values.days);
    const rules = rulesOf(values);
    const { data, url, ca } = values;
    const made =
      url === undefined
        ? await fromLog(data, name, rules, days)
        : await ask(instanceOf({ ...values, 'hsm-name': name, as: undefined }));
    if (ca !== undefined && url === undefined) throw new UsageError('--ca goes with --url');
    const cutsOff = made.cutOff.length > 0 || made.you?.isCutOff === true;
    if (values.json) terminal.out(printableJson(made));
    else {
      terminal.out(planText(made, days, await principalNames(url === undefined ? dataRootOf(data) : undefined)));
    }
    return cutsOff ? 1 : 0;

    async function ask(instance: Parameters<typeof openInstanceClient>[0]): Promise<Plan> {
      const body = { days, rules };
      return (await openInstanceClient(instance).ask('POST', '/access/network-plan?api-version=7.6', body)) as Plan;
    }
  },
});

export type { Plan };

async function fromLog(data: string | undefined, name: string, proposed: ProposedRules, days: number): Promise<Plan> {
  const { at } = instanceFolder(data, name);
  let now: NetworkRules;
  try {
    now = readInstanceConfig(at.config).network ?? OPEN_NETWORK;
  } catch (cause) {
    throw new CommandError(`${at.config} cannot be read`, { cause });
  }
  const rules = rulesAfter(now, proposed);
  const since = new Date(Date.now() - days * 86_400_000).toISOString();
  const { callers, entries, gaveUp } = await callersSince(at.audit, since);
  const cutOff = cutOffBy(rules, callers);
  return { since, entries, complete: !gaveUp, rules, cutOff, admitted: callers.length - cutOff.length };
}
