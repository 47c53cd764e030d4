// What the log says of a change of network rules, and whether it opens something.
import type { NetworkRules } from '../formats/network-rules.ts';
import { changesOf, type Detail } from '../http/entry-detail.ts';

export function networkDetail(before: NetworkRules, after: NetworkRules): Detail {
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

export function networkInForce({ publicNetworkAccess, networkAcls }: NetworkRules): Detail {
  return { publicNetworkAccess, defaultAction: networkAcls.defaultAction };
}

/** Whether the public way lets in an address now that it did not name before. */
function opens(before: NetworkRules, after: NetworkRules, added: readonly string[]): boolean {
  if (after.publicNetworkAccess === 'Disabled') return false;
  if (before.publicNetworkAccess === 'Disabled') return after.networkAcls.defaultAction === 'Allow' || hasRanges(after);
  if (before.networkAcls.defaultAction === 'Allow') return false;
  return after.networkAcls.defaultAction === 'Allow' || added.length > 0;
}

function hasRanges({ networkAcls }: NetworkRules): boolean {
  return networkAcls.ipRules.length > 0;
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
