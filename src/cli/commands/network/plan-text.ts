// Whom proposed network rules would cut off, as a table.
import type { NameOf } from '../access/principal-names.ts';
import type { Plan } from './plan.ts';

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
    `${entries} entries of the last ${days} days (since ${since})${complete ? '' : '; OLDER ONES OF THAT TIME WERE NOT LOOKED AT'}`,
    `${admitted + cutOff.length} places called: ${admitted} stay, ${cutOff.length} would be cut off`,
    ...cutOff.flatMap(({ address, networkPath, calls, lastSeen, principals, refusal }) => [
      '',
      `CUT OFF  ${address === '' ? '(no address)' : address}  ${networkPath === 'public' ? '' : `${networkPath}  `}${calls} calls, last ${lastSeen}: ${REASONS[refusal]}`,
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
  // What came from outside must not steer the terminal.
  return `${lines.map((line) => line.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '·')).join('\n')}\n`;
}
