// The command line of `npm run bench -- overload` and `-- fairness`, read strictly.
import { parseArgs } from 'node:util';
import { numberOf, UsageError, wholeNumberOf } from '../arguments.ts';

export interface OverloadArguments {
  readonly connections: number;
  readonly seconds: number;
  readonly json: string | undefined;
}

/** @param words those after the name @throws UsageError */
export function readOverloadArguments(words: readonly string[]): OverloadArguments {
  const { connections = '5000', seconds = '6', json } = parse(words);
  return {
    connections: wholeNumberOf('connections', connections, 64, 7_500),
    seconds: numberOf('seconds', seconds, 1, 600),
    json,
  };
}

function parse(words: readonly string[]) {
  try {
    const options = { connections: { type: 'string' }, seconds: { type: 'string' }, json: { type: 'string' } } as const;
    return parseArgs({ args: [...words], options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
