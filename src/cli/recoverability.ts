// What `status` says of how well an instance could be recovered: how many custodians may be lost, and what was rehearsed.

import { printableLine } from '../formats/printable.ts';
import { ownCommand } from '../wire/own-command.ts';
import { type RegisterAnswer, readRegister } from './commands/custodian/read-register.ts';
import { type DepthPosture, needsRehearsal, readRehearsals, stepsOn } from './commands/rehearse/filed.ts';
import { type InstanceClient, type InstanceValues, openInstanceClient } from './instance-client.ts';
import { placeOf } from './same-place.ts';

export interface ShownCustodians {
  /** Absent: nobody has shares that the HSM knows of. */
  readonly margin?: number;
  readonly reachable?: number;
  readonly required?: number;
  /** How many have not shown that their share of the newest file opens. */
  readonly unproven?: number;
  readonly warnings: readonly string[];
}

/** `unknown`: why. */
type OrUnknown<T> = T | { readonly unknown: string };

export interface Recoverability {
  readonly custodians: OrUnknown<ShownCustodians>;
  readonly rehearsals: OrUnknown<readonly DepthPosture[]>;
}

/** Never rejects: `status` is for when something does not work. */
export async function recoverabilityOf(data: string, instance: string): Promise<Recoverability> {
  let client: InstanceClient | undefined;
  const asked = <T>(ask: (client: InstanceClient) => Promise<T>): Promise<OrUnknown<T>> =>
    (async () => ask((client ??= openInstanceClient({ data, instance }))))().catch((error: unknown) => ({
      unknown: error instanceof Error ? error.message : String(error),
    }));
  return {
    custodians: await asked(async (of) => shownCustodians((await readRegister(of)).register)),
    rehearsals: await asked(async (of) => (await readRehearsals(of)).posture),
  };
}

/** @param countsMargin an instance for trying things out has custodians that nobody has asked anything yet */
export function isWell({ custodians, rehearsals }: Recoverability, countsMargin: boolean): boolean {
  const isShort = 'margin' in custodians && custodians.margin !== undefined && custodians.margin < 0;
  return !(isShort && countsMargin) && ('unknown' in rehearsals || !rehearsals.some(needsRehearsal));
}

/** Lines for people. */
export function recoverabilityText(
  { custodians, rehearsals }: Recoverability,
  values: Partial<InstanceValues>,
): string {
  const lines: string[] = [];
  if ('unknown' in custodians) lines.push(`custodians: not known: ${custodians.unknown}`);
  else {
    const { margin, reachable, required, unproven, warnings } = custodians;
    const known = margin === undefined ? 'not known' : `margin ${margin} (${reachable} reachable, ${required} needed)`;
    lines.push(`custodians: ${known}`, ...warnings.map((warning) => `  ${warning}`));
    if (unproven !== undefined && unproven > 0) lines.push(...howToProve(placeOf(values)));
  }
  if ('unknown' in rehearsals) lines.push(`rehearsals: not known: ${rehearsals.unknown}`);
  else {
    const why = ownCommand(`rehearse status${placeOf(values)}`);
    for (const each of rehearsals) lines.push(`rehearsed ${each.depth}: ${each.summary}${stepsOn(each, values, why)}`);
  }
  return lines.map((line) => `  ${printableLine(line)}\n`).join('');
}

/** After every activation it is so, until they have. */
function howToProve(place: string): readonly string[] {
  return [
    `  next: every custodian shows it, with the security-domain file: ${ownCommand('custodian acknowledge FILE --key KEY.pem')}`,
    `        and the packets that they make are handed in: ${ownCommand(`custodian submit PACKET...${place}`)}`,
  ];
}

function shownCustodians(register: RegisterAnswer): ShownCustodians {
  const { domain, margin, reachable, required, warnings } = register;
  // A file that the HSM has not seen cannot be acknowledged; its warning says what to do first.
  const unproven = domain === null ? undefined : register.unproven;
  return {
    ...(margin === undefined ? {} : { margin }),
    ...(reachable === undefined ? {} : { reachable }),
    ...(required === undefined ? {} : { required }),
    ...(unproven === undefined ? {} : { unproven }),
    warnings,
  };
}
