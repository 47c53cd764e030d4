// What `strongroom start` was asked to do: command line and environment, turned into one complete value or a refusal
// that says what to set.
import { isAbsolute, join, resolve } from 'node:path';

export type StartConfig = {
  readonly dataRoot: string;
  readonly readyFile?: string;
  /** Print what the processes print. */
  readonly verbose: boolean;
  /** Where it says on loopback how it fares; 0: any. */
  readonly healthPort?: number;
} & (
  | {
      readonly profile: 'dev';
      /** 0: any free port. */
      readonly port: number;
      readonly configFile?: string;
      /** Make and show the instance `dev`. */
      readonly demo: boolean;
    }
  | { readonly profile: 'production'; readonly configFile: string; readonly demo: false }
);

export interface StartFlags {
  readonly data?: string | undefined;
  readonly port?: string | undefined;
  readonly 'ready-file'?: string | undefined;
  readonly 'health-port'?: string | undefined;
  readonly config?: string | undefined;
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
  const common = {
    dataRoot: dataRoot(flags.data, environment, checkout),
    ...(flags['ready-file'] === undefined ? {} : { readyFile: resolve(flags['ready-file']) }),
    verbose: flags.verbose,
    ...(flags['health-port'] === undefined ? {} : { healthPort: readPort(flags['health-port'], '--health-port') }),
  };
  const configFile = flags.config === undefined ? undefined : resolve(flags.config);
  switch (flags.profile) {
    case 'dev':
      return {
        ...common,
        profile: 'dev',
        port: flags.port === undefined ? DEFAULT_PORT : readPort(flags.port, '--port'),
        demo: !flags['no-demo'],
        ...(configFile === undefined ? {} : { configFile }),
      };
    case 'production':
      if (configFile === undefined) {
        throw new ConfigError(
          'the production profile needs --config FILE: names, certificates and token issuers of your own (docs/guide/production.md)',
        );
      }
      if (flags.port !== undefined) {
        throw new ConfigError('the production profile has its port in the configuration: set "listen.port" there');
      }
      if (flags['no-demo']) {
        throw new ConfigError('the production profile shows no demonstration: leave out --no-demo');
      }
      return { ...common, profile: 'production', configFile, demo: false };
    default:
      throw new ConfigError(`--profile must be 'dev' or 'production', not '${flags.profile}'`);
  }
}

/** The data directory that a command means. @throws ConfigError */
export function dataRoot(flag: string | undefined, environment: NodeJS.ProcessEnv, checkout: string): string {
  const chosen = flag ?? environment['STRONGROOM_DATA'];
  if (chosen === undefined) return join(checkout, 'data');
  if (chosen === '') throw new ConfigError('STRONGROOM_DATA is empty: set it to a folder, or unset it');
  if (/[\0\r\n]/.test(chosen)) throw new ConfigError('the data directory has a line break in its name');
  return isAbsolute(chosen) ? chosen : resolve(chosen);
}

function readPort(flag: string, named: string): number {
  const port = Number(flag);
  if (!/^[0-9]{1,5}$/.test(flag) || port > 65535) {
    throw new ConfigError(`${named} must be a number from 0 (any free port) to 65535, not '${flag}'`);
  }
  return port;
}
