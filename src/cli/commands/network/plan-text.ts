// Whom proposed network rules would cut off, as a table.
import type { planFor } from '../../../features/access/callers.ts';
import { printableLine } from '../../../formats/printable.ts';
import { counted } from '../../counted.ts';
import type { NameOf } from '../../directory.ts';

export type Plan = Awaited<ReturnType<typeof planFor>> & {
  /** Absent: the log alone was read, so nothing is known of who asks. */
  readonly you?: { readonly address: string; readonly isCutOff: boolean };
};

const REASONS = {
  AddressNotAllowed: 'no rule names the address',
  PublicNetworkAccessDisabled: 'public access is disabled',
  ConnectionNotApproved: 'the private endpoint connection is not approved',
} as const;

export function planText(
  { since, entries, complete, you, cutOff, admitted }: Plan,
  days: number,
  nameOf: NameOf,
): string {
  const lines = [
    `${counted(entries, 'entry', 'entries')} of the last ${counted(days, 'day')} (since ${since})${complete ? '' : '; OLDER ONES OF THAT TIME WERE NOT LOOKED AT'}`,
    `${counted(admitted + cutOff.length, 'place')} called: ${counted(admitted, 'stays', 'stay')}, ${cutOff.length} would be cut off`,
    ...cutOff.flatMap(({ address, networkPath, calls, lastSeen, principals, refusal }) => [
      '',
      `CUT OFF  ${address === '' ? '(no address)' : address}  ${networkPath === 'public' ? '' : `${networkPath}  `}${counted(calls, 'call')}, last ${lastSeen}: ${REASONS[refusal]}`,
      ...principals.map(({ objectId, userName, applicationId }) => {
        const known = nameOf(objectId);
        const more =
          known === objectId ? (userName ?? (applicationId === undefined ? '' : `application ${applicationId}`)) : '';
        return `         ${known}${more === '' ? '' : `  ${more}`}`;
      }),
    ]),
    ...(you === undefined
      ? []
      : [
          '',
          `You, from ${you.address === '' ? '(no address)' : you.address}: ${you.isCutOff ? 'WOULD BE CUT OFF' : 'would stay'}`,
        ]),
  ];
  return `${lines.map(printableLine).join('\n')}\n`;
}
