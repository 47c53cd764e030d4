// A change of who may reach the data plane, on the instance's own record: the management plane makes it, and it is told here
// whatever that plane says later.

import type { InstanceConfig } from '../deployment/instance.ts';
import type { NetworkRules } from '../formats/network-rules.ts';
import type { InstanceUpdate, NetworkTrialStep } from '../links/instance-update.ts';
import type { AuditLog } from '../links/recorder/audit-log.ts';
import { networkDetail, networkInForce } from './network-detail.ts';
import { recordOwnAct } from './service-entries.ts';

/** @param before the rules that the worker went by until now */
export async function recordNetworkChange(
  audit: AuditLog,
  config: InstanceConfig,
  before: NetworkRules,
  { network: after = before, networkTrial }: InstanceUpdate,
  clockOffset: number,
): Promise<void> {
  const isSame = JSON.stringify(before) === JSON.stringify(after);
  if (isSame && networkTrial === undefined) return;
  const rules = isSame ? `They stay: ${inWords(after)}.` : `Now: ${inWords(after)}. Before: ${inWords(before)}.`;
  await recordOwnAct(audit, config, {
    operationName: networkTrial === undefined ? 'NetworkRulesChanged' : OPERATIONS[networkTrial.step],
    description: `${networkTrial === undefined ? 'Network rules were changed.' : trialText(networkTrial)} ${rules}`,
    detail: { ...networkDetail(before, after), trial: networkTrial?.id, startedBy: networkTrial?.by },
    clockOffset,
  });
}

/**
 * At each start: they may have been changed while nothing ran that could have been told, by the management plane or by whoever
 * edits the file.
 */
export async function recordNetworkInForce(
  audit: AuditLog,
  config: InstanceConfig,
  rules: NetworkRules,
  clockOffset: number,
): Promise<void> {
  await recordOwnAct(audit, config, {
    operationName: 'NetworkRulesInForce',
    description: `Network rules at this start: ${inWords(rules)}.`,
    detail: networkInForce(rules),
    clockOffset,
  });
}

const OPERATIONS = {
  begun: 'NetworkTrialBegun',
  confirmed: 'NetworkTrialConfirmed',
  reverted: 'NetworkTrialReverted',
  ended: 'NetworkTrialEnded',
} as const satisfies Readonly<Record<NetworkTrialStep['step'], string>>;

function trialText({ step, id, until, by }: NetworkTrialStep): string {
  const who = by === undefined ? '' : ` by ${by}, as the management plane says`;
  switch (step) {
    case 'begun':
      return `Network rules are on trial${who} (${id}) and go back at ${until} unless they are confirmed.`;
    case 'confirmed':
      return `The network rules on trial until ${until} (${id}) were confirmed${who}.`;
    case 'reverted':
      return by === undefined
        ? `The network rules on trial until ${until} (${id}) were not confirmed in time and were taken back.`
        : `The network rules on trial until ${until} (${id}) were taken back${who}.`;
    case 'ended':
      return `Other network rules were set${who} while some were on trial until ${until} (${id}); that trial is over.`;
  }
}

function inWords({ publicNetworkAccess, networkAcls, privateEndpointConnections }: NetworkRules): string {
  const { defaultAction, ipRules } = networkAcls;
  const approved = privateEndpointConnections.filter(({ status }) => status === 'Approved').map(({ name }) => name);
  return [
    `public access ${publicNetworkAccess}`,
    `default ${defaultAction}`,
    `ranges let in: ${ipRules.length === 0 ? 'none' : ipRules.join(' ')}`,
    ...(approved.length === 0 ? [] : [`approved private endpoints: ${approved.join(' ')}`]),
  ].join(', ');
}
