// What `strongroom start` was asked to do: command line and environment, turned into one complete value or a refusal
// that says what to set.
import { isAbsolute, join, resolve } from 'node:path';

export interface StartConfig {
  readonly profile: 'dev';
  readonly dataRoot: string;
  /** 0: any free port. */
  readonly port: number;
  readonly readyFile?: string;
  /** Make and show the instance `dev`. */
  readonly demo: boolean;
  /** Print what the processes print. */
  readonly verbose: boolean;
}

export interface StartFlags {
  readonly data?: string | undefined;
  readonly port?: string | undefined;
  readonly 'ready-file'?: string | undefined;
  readonly 'no-demo': boolean;
  readonly profile: string;
  readonly verbose: boolean;
}

export const DEFAULT_PORT = 8443;

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError */
export function readStartConfig(flags: StartFlags, environment: NodeJS.ProcessEnv, checkout: string): StartConfig {
  return {
    profile: readProfile(flags.profile),
    dataRoot: dataRoot(flags.data, environment, checkout),
    port: readPort(flags.port),
    ...(flags['ready-file'] === undefined ? {} : { readyFile: resolve(flags['ready-file']) }),
    demo: !flags['no-demo'],
    verbose: flags.verbose,
  };
}

/** The data directory that a command means. @throws ConfigError */
export function dataRoot(flag: string | undefined, environment: NodeJS.ProcessEnv, checkout: string): string {
  const chosen = flag ?? environment['STRONGROOM_DATA'];
  if (chosen === undefined) return join(checkout, 'data');
  if (chosen === '') throw new ConfigError('STRONGROOM_DATA is empty: set it to a folder, or unset it');
  if (/[\0\r\n]/.test(chosen)) throw new ConfigError('the data directory has a line break in its name');
  return isAbsolute(chosen) ? chosen : resolve(chosen);
}

function readPort(flag: string | undefined): number {
  if (flag === undefined) return DEFAULT_PORT;
  const port = Number(flag);
  if (!/^[0-9]{1,5}$/.test(flag) || port > 65535) {
    throw new ConfigError(`--port must be a number from 0 (any free port) to 65535, not '${flag}'`);
  }
  return port;
}

function readProfile(flag: string): 'dev' {
  if (flag === 'dev') return 'dev';
  if (flag === 'production') {
    throw new ConfigError(
      'the production profile needs an external token issuer and certificates of your own authority, which this ' +
        "release cannot be given yet; it has the profile 'dev' only, whose embedded issuer must not guard real keys",
    );
  }
  throw new ConfigError(`--profile must be 'dev', not '${flag}'`);
}
