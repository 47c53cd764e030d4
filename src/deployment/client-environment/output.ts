// The variables in the form that whoever sets them reads. What a person, or the runner of a job, is told besides goes the
// other way.
import { javaToolOptions } from './java-options.ts';
import { dotenvLines, githubLines, githubMasks, type Variables } from './variable-files.ts';
import { type ClientEnvironment, SECRET_VARIABLES } from './variables.ts';
import { NO_DEV_INSTANCE, shellTextOf } from './write.ts';

export const OUTPUT_FORMATS = ['sh', 'github', 'dotenv', 'json', 'java'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export interface Output {
  readonly out: string;
  readonly err: string;
}

/** @param now of the process that asks. @throws RangeError when the form cannot hold a value */
export function outputOf(
  format: OutputFormat,
  of: ClientEnvironment,
  variables: Variables,
  now: NodeJS.ProcessEnv,
): Output {
  const missing = of.hasDevInstance ? '' : `${NO_DEV_INSTANCE}\n`;
  switch (format) {
    case 'sh':
      return { out: shellTextOf(of, variables), err: '' };
    case 'java': {
      const options = javaToolOptions(of, now['JAVA_TOOL_OPTIONS']);
      return { out: shellTextOf(of, { ...variables, JAVA_TOOL_OPTIONS: options }), err: '' };
    }
    case 'json':
      return {
        out: `${JSON.stringify(variables, (_, value: unknown) => value ?? null, 2)}\n`,
        err: '',
      };
    case 'dotenv':
      return { out: dotenvLines(variables), err: missing };
    case 'github': {
      const secrets = Object.entries(variables).flatMap(([name, value]) =>
        SECRET_VARIABLES.has(name) && value !== undefined ? [value] : [],
      );
      return { out: githubLines(variables, now), err: `${githubMasks([...new Set(secrets)])}${missing}` };
    }
  }
}
