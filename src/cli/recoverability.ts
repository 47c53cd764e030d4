// What `status` says of how well an instance could be recovered: how many custodians may be lost, and what was rehearsed.

import { optionWords, ownCommand } from '../formats/own-command.ts';
import type { OwnRecoverability } from '../formats/own-recoverability.ts';
import { printableLine } from '../formats/printable.ts';
import { readRegister } from '../tools/ceremony/hsm.ts';
import { type DepthPosture, needsRehearsal, readRehearsals, stepsOn } from './commands/rehearse/filed.ts';
import { AnswerError, type InstanceValues, openInstanceClient } from './instance-client.ts';
import { targetOptions } from './same-place.ts';

type OwnCustodians = OwnRecoverability['custodians'];
/** No margin: nobody has shares that the HSM knows of. `unproven`: how many have not shown that their share of the newest file opens. */
type ShownCustodians = Omit<OwnCustodians, 'seen'>;

/** `unknown`: why. */
type OrUnknown<T> = T | { readonly unknown: string };

export interface Recoverability {
  readonly custodians: OrUnknown<ShownCustodians>;
  readonly rehearsals: OrUnknown<readonly DepthPosture[]>;
  /** Why the API did not say so: then it is what the instance says of itself, and others have to do what is next. */
  readonly refused?: string;
  /** It was refused by network rules: to whoever asks from here. */
  readonly isShutOut?: boolean;
}

/**
 * Never rejects: `status` is for when something does not work.
 * @param own what the instance says of itself to whoever is at the machine, for those whom it answers nothing
 */
export async function recoverabilityOf(
  data: string,
  instance: string,
  own: OwnRecoverability | undefined,
): Promise<Recoverability> {
  try {
    const client = openInstanceClient({ data, 'hsm-name': instance });
    const register = await readRegister(client);
    const { posture } = await readRehearsals(client);
    return { custodians: shownCustodians(register.domain !== null, register), rehearsals: posture };
  } catch (error) {
    const refused = error instanceof Error ? error.message : String(error);
    const isShutOut = error instanceof AnswerError && error.innerCode === 'ForbiddenByFirewall';
    const why = { refused, isShutOut };
    if (own === undefined) return { custodians: { unknown: refused }, rehearsals: { unknown: refused }, ...why };
    const { custodians, rehearsals } = own;
    return { custodians: shownCustodians(custodians.seen, custodians), rehearsals, ...why };
  }
}

/** What is not known is not well. @param countsMargin an instance for trying things out has custodians that nobody has asked anything yet */
export function isWell({ custodians, rehearsals }: Recoverability, countsMargin: boolean): boolean {
  if ('unknown' in custodians || 'unknown' in rehearsals) return false;
  const { margin } = custodians;
  return !(countsMargin && (margin === undefined || margin < 0)) && !rehearsals.some(needsRehearsal);
}

/** Lines for people. */
export function recoverabilityText(
  { custodians, rehearsals, refused, isShutOut = false }: Recoverability,
  given: Partial<InstanceValues>,
): string {
  const values = refused === undefined || isShutOut ? given : { ...given, as: 'WHO' };
  const lines: string[] = [];
  if ('unknown' in custodians) lines.push('custodians: not known');
  else {
    const { margin, reachable, required, unproven, warnings } = custodians;
    const known = margin === undefined ? 'not known' : `margin ${margin} (${reachable} reachable, ${required} needed)`;
    lines.push(`custodians: ${known}`, ...warnings.map((warning) => `  ${warning}`));
    if (unproven !== undefined && unproven > 0) lines.push(...howToProve(targetOptions(values)));
  }
  if ('unknown' in rehearsals) lines.push('rehearsals: not known');
  else {
    const why = ownCommand(`rehearse status${targetOptions(values)}`);
    for (const each of rehearsals) lines.push(`rehearsed ${each.depth}: ${each.summary}${stepsOn(each, values, why)}`);
  }
  if (refused !== undefined) lines.push(...(isShutOut ? shutOut(refused, given) : whoAsks(refused, lines, values)));
  return lines.map((line) => `  ${printableLine(line)}\n`).join('');
}

/** Whom it does not answer is told what it says of itself; what is to be done is for somebody whom it answers. */
function whoAsks(refused: string, lines: readonly string[], values: Partial<InstanceValues>): readonly string[] {
  const isNamed = lines.some((line) => line.includes(' --as WHO'));
  return [
    `asked, it does not answer: ${refused}`,
    ...(isNamed ? [] : [`  one whom it answers asks: ${ownCommand(`custodian list${targetOptions(values)}`)}`]),
    '  WHO: az, whoever az is signed in as, an administrator of it; in development also alice or bob',
  ];
}

/** The management plane is under no network rules: what is named here works from this machine. */
function shutOut(refused: string, { 'hsm-name': name = 'NAME', data }: Partial<InstanceValues>): readonly string[] {
  const place = optionWords({ data });
  const isDisabled = refused.includes('Public network access is disabled');
  const rules = isDisabled ? '--public-access enabled' : '--allow RANGE';
  return [
    `asked, it does not answer: ${refused}`,
    `  network rules shut this machine out, whoever asks; if they are on trial: ${ownCommand(`network revert ${name}${place}`)}`,
    `  else, ${isDisabled ? '' : 'with an --allow for every range that is to be let in, old ones too: '}${ownCommand(`network apply ${name} ${rules}${place}`)}`,
    '  or, for good: az keyvault update-hsm',
  ];
}

/** After every activation it is so, until they have. */
function howToProve(place: string): readonly string[] {
  return [
    `  next: every custodian shows it, with the security-domain file: ${ownCommand('custodian acknowledge FILE --key KEY.pem')}`,
    `        and the packets that they make are handed in: ${ownCommand(`custodian submit PACKET...${place}`)}`,
  ];
}

function shownCustodians(seen: boolean, of: ShownCustodians): ShownCustodians {
  const { margin, reachable, required, warnings } = of;
  // A file that the HSM has not seen cannot be acknowledged; its warning says what to do first.
  const unproven = seen ? of.unproven : undefined;
  return {
    ...(margin === undefined ? {} : { margin }),
    ...(reachable === undefined ? {} : { reachable }),
    ...(required === undefined ? {} : { required }),
    ...(unproven === undefined ? {} : { unproven }),
    warnings,
  };
}
