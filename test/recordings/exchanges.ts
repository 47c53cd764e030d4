// Recorded exchanges of the real service, distilled from test recordings that Microsoft publishes with its SDKs and its CLI
// (MIT licence, Copyright (c) Microsoft Corporation), as they lie beside the repository or where STRONGROOM_RECORDINGS
// says. A file is a feature, a line an exchange; the lines of a scenario are one recorded test, in order.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

export interface Exchange {
  readonly scenario: string;
  readonly step: number;
  readonly source: { readonly date: string };
  readonly method: string;
  /** `arm`, `hsm`, or the name of a pool that the scenario makes. */
  readonly to: string;
  readonly path: string;
  readonly query: string;
  /** False: sent without a token, and so with an emptied body. */
  readonly auth: boolean;
  readonly body: Json;
  readonly status: number;
  readonly headers: Readonly<Record<string, Json>>;
  readonly answer: Json;
}

export interface Scenario {
  readonly name: string;
  readonly exchanges: readonly Exchange[];
}

const folder = process.env['STRONGROOM_RECORDINGS'] ?? join(import.meta.dirname, '../../..', 'shared', 'recordings');

/** Why there is nothing to replay, or false. */
export const skip: string | false = existsSync(folder)
  ? false
  : `no recordings at ${folder} (set STRONGROOM_RECORDINGS)`;

export function featuresOfFolder(): readonly string[] {
  if (skip !== false) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => name.replace('.jsonl', ''))
    .sort();
}

export function scenariosOf(feature: string): readonly Scenario[] {
  const exchanges = readFileSync(join(folder, `${feature}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Exchange);
  return [...Map.groupBy(exchanges, ({ scenario }) => scenario)].map(([name, steps]) => ({ name, exchanges: steps }));
}
