// What `status` says of how well an instance could be recovered: how many custodians may be lost, and what was rehearsed.
import { readRegister } from './commands/custodian/read-register.ts';
import { type DepthPosture, needsRehearsal, readRehearsals, stepsOn } from './commands/rehearse/filed.ts';
import { type InstanceClient, type InstanceValues, openInstanceClient } from './instance-client.ts';
import { printableLine } from './printable.ts';

export interface ShownCustodians {
  /** Absent: nobody has shares that the HSM knows of. */
  readonly margin?: number;
  readonly reachable?: number;
  readonly required?: number;
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
    const { margin, reachable, required, warnings } = custodians;
    const known = margin === undefined ? 'not known' : `margin ${margin} (${reachable} reachable, ${required} needed)`;
    lines.push(`custodians: ${known}`, ...warnings.map((warning) => `  ${warning}`));
  }
  if ('unknown' in rehearsals) lines.push(`rehearsals: not known: ${rehearsals.unknown}`);
  else for (const each of rehearsals) lines.push(`rehearsed ${each.depth}: ${each.summary}${stepsOn(each, values)}`);
  return lines.map((line) => `  ${printableLine(line)}\n`).join('');
}

function shownCustodians({ margin, reachable, required, warnings }: ShownCustodians): ShownCustodians {
  return {
    ...(margin === undefined ? {} : { margin }),
    ...(reachable === undefined ? {} : { reachable }),
    ...(required === undefined ? {} : { required }),
    warnings,
  };
}
