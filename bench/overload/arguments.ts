// The command lines of `npm run bench -- overload` and `-- fairness`, read strictly.
import { numberOf, readWords, wholeNumberOf } from '../arguments.ts';

export interface FairnessArguments {
  readonly seconds: number;
  readonly json: string | undefined;
}

export interface OverloadArguments extends FairnessArguments {
  readonly connections: number;
}

const COMMON = { seconds: { type: 'string', default: '6' }, json: { type: 'string' } } as const;

/** @param words those after the name @throws UsageError */
export function readOverloadArguments(words: readonly string[]): OverloadArguments {
  const { values } = readWords(words, { ...COMMON, connections: { type: 'string', default: '5000' } });
  return {
    connections: wholeNumberOf('connections', values.connections, 64, 7_500),
    seconds: numberOf('seconds', values.seconds, 1, 600),
    json: values.json,
  };
}

/** It has 64 connections. @param words those after the name @throws UsageError */
export function readFairnessArguments(words: readonly string[]): FairnessArguments {
  const { seconds, json } = readWords(words, COMMON).values;
  return { seconds: numberOf('seconds', seconds, 1, 600), json };
}
