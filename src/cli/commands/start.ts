// `strongroom start`: checks what was asked, then becomes the supervisor. Same process, own entry file.

import { DEFAULT_PORT, readStartConfig, type StartConfig } from '../../deployment/start-config.ts';
import { MAY_COLLECT } from '../../links/at-rest.ts';
import { entryOf } from '../../links/entry.ts';
import { CHECKOUT } from '../checkout.ts';
import { type Command, CommandError, command, dataOption, UsageError } from '../command.ts';
import { explained } from '../explained.ts';

export const commands: readonly Command[] = [
  command({
    name: 'start',
    summary: 'run the service in the foreground',
    details: `
Starts control and all instances of the data directory and keeps them running until Ctrl-C. The first start in the dev
profile makes the instance 'dev', activates it with three generated custodian certificates, and wraps and unwraps a data
key through the public API; later starts find everything as it was.
The production profile makes nothing up: it needs --config, and refuses to start with whatever must not guard real keys.`,
    options: {
      ...dataOption,
      'port N': `dev: loopback port of the public names and of the proxy (default: ${DEFAULT_PORT}); 0 for any free one`,
      'health-port N':
        'loopback port that says how it fares (/livez, /readyz, /metrics); 0 for any free one (default: none)',
      'ready-file FILE': 'written (JSON: uris, pids, paths) when requests are served, removed at the end',
      'no-demo': "no instance 'dev' and no ceremony, only what the data directory holds",
      'profile NAME (dev)': 'dev or production',
      'config FILE': 'production: names, certificates, issuers (JSON); dev: limits, TLS and private listeners to try',
      'verbose|v': 'show what the processes log, each line with its process',
    },
    examples: [
      'strongroom start',
      'strongroom start --data /tmp/second --port 9443',
      'strongroom start --no-demo --ready-file /run/strongroom/ready.json --health-port 0',
      'strongroom start --profile production --config /etc/strongroom/config.json --data /var/lib/strongroom',
    ],
    run(flags) {
      const read = (): StartConfig => readStartConfig(flags, process.env, CHECKOUT);
      const config = explained(read, { ConfigError: '' }, UsageError);
      const entry = entryOf('supervisor');
      return becomeProgram([...process.execArgv, MAY_COLLECT, entry, ...argumentsOf(config)]);
    },
  }),
];

function argumentsOf(config: StartConfig): string[] {
  return [
    ['--data', config.dataRoot, '--profile', config.profile],
    config.profile === 'dev' ? ['--port', String(config.port)] : [],
    config.configFile === undefined ? [] : ['--config', config.configFile],
    config.healthPort === undefined ? [] : ['--health-port', String(config.healthPort)],
    config.readyFile === undefined ? [] : ['--ready-file', config.readyFile],
    config.profile === 'dev' && !config.demo ? ['--no-demo'] : [],
    config.verbose ? ['--verbose'] : [],
  ].flat();
}

/** Replaces this process's program by Node with these arguments; pid, terminal and environment stay. Never returns. */
function becomeProgram(args: readonly string[]): Promise<number> {
  if (process.execve === undefined) throw new CommandError('this system cannot replace a process by another program');
  return process.execve(process.execPath, [process.execPath, ...args], process.env);
}
