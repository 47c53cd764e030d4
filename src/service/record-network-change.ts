// A change of who may reach the data plane, on the instance's own record: the management plane makes it, and it is told here
// whatever that plane says later.

import type { NetworkRules } from '../formats/network-rules.ts';
import { changesOf, type Detail } from '../http/entry-detail.ts';
import type { InstanceUpdate, NetworkTrialStep } from '../links/instance-update.ts';
import { type OwnLog, recordOwnAct } from './service-entries.ts';

/** @param before the rules that the worker went by until now */
export async function recordNetworkChange(
  log: OwnLog,
  before: NetworkRules,
  { network: after = before, networkTrial }: InstanceUpdate,
  clockOffset: number,
): Promise<void> {
  const isSame = JSON.stringify(before) === JSON.stringify(after);
  if (isSame && networkTrial === undefined) return;
  const rules = isSame ? `They stay: ${inWords(after)}.` : `Now: ${inWords(after)}. Before: ${inWords(before)}.`;
  await recordOwnAct(log, {
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
export async function recordNetworkInForce(log: OwnLog, rules: NetworkRules, clockOffset: number): Promise<void> {
  await recordOwnAct(log, {
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

function inWords(rules: NetworkRules): string {
  const { publicNetworkAccess, networkAcls } = rules;
  const { defaultAction, ipRules } = networkAcls;
  const endpoints = approved(rules);
  return [
    `public access ${publicNetworkAccess}`,
    `default ${defaultAction}`,
    `ranges let in: ${ipRules.length === 0 ? 'none' : ipRules.join(' ')}`,
    ...(endpoints.length === 0 ? [] : [`approved private endpoints: ${endpoints.join(' ')}`]),
  ].join(', ');
}

/** What changes, and whether it opens something. */
function networkDetail(before: NetworkRules, after: NetworkRules): Detail {
  const ranges = differenceOf(before.networkAcls.ipRules, after.networkAcls.ipRules);
  const endpoints = differenceOf(approved(before), approved(after));
  return {
    ...networkInForce(after),
    opens: opens(before, after, ranges.added) || endpoints.added.length > 0,
    rangesAdded: ranges.added,
    rangesRemoved: ranges.removed,
    endpointsAdded: endpoints.added,
    endpointsRemoved: endpoints.removed,
    changes: changesOf(words(before), words(after)),
  };
}

function networkInForce({ publicNetworkAccess, networkAcls }: NetworkRules): Detail {
  return { publicNetworkAccess, defaultAction: networkAcls.defaultAction };
}

/** Whether the public way lets in an address now that it did not name before. */
function opens(before: NetworkRules, after: NetworkRules, added: readonly string[]): boolean {
  if (after.publicNetworkAccess === 'Disabled') return false;
  const { defaultAction, ipRules } = after.networkAcls;
  if (before.publicNetworkAccess === 'Disabled') return defaultAction === 'Allow' || ipRules.length > 0;
  if (before.networkAcls.defaultAction === 'Allow') return false;
  return defaultAction === 'Allow' || added.length > 0;
}

function words({ publicNetworkAccess, networkAcls }: NetworkRules): Parameters<typeof changesOf>[0] {
  const { bypass, defaultAction } = networkAcls;
  return { publicNetworkAccess, defaultAction, bypass };
}

function approved({ privateEndpointConnections }: NetworkRules): readonly string[] {
  return privateEndpointConnections.filter(({ status }) => status === 'Approved').map(({ name }) => name);
}

function differenceOf(before: readonly string[], after: readonly string[]): { added: string[]; removed: string[] } {
  return {
    added: after.filter((each) => !before.includes(each)),
    removed: before.filter((each) => !after.includes(each)),
  };
}
